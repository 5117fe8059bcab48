// A rotating token asked of another thread: while that one is busy, the last good token is sent again.
import { expect, it } from 'vitest';
import { AskedTokens, BUSY_AFTER_MS } from '../../../src/outbox/worker/asked-tokens.ts';
import { toWire, type TokenWanted } from '../../../src/outbox/worker/messages.ts';
import { FakeClock } from '../fake-system.ts';

function open() {
  const clock = new FakeClock();
  const asked: TokenWanted[] = [];
  const tokens = new AskedTokens({ clock, ask: (wanted) => asked.push(wanted) });
  const give = (token: string): void => tokens.receive({ kind: 'token', id: asked.at(-1)?.id ?? 0, token });
  const get = async (isRefused = false): Promise<string> => tokens.getToken({ isRefused });
  return { clock, asked, tokens, give, get };
}

it('asks for each token, and passes on that the last one was refused', async () => {
  const { asked, give, get } = open();
  const first = get();
  give('a');
  const second = get(true);
  give('b');
  expect([await first, await second]).toEqual(['a', 'b']);
  expect(asked.map(({ isRefused }) => isRefused)).toEqual([false, true]);
});

it('sends the last one again while nobody answers, without asking more', async () => {
  const { clock, asked, give, get } = open();
  const first = get();
  give('a');
  await first;
  const late = get();
  clock.advance(BUSY_AFTER_MS);
  expect(await late).toBe('a');
  expect(await get()).toBe('a');
  expect(asked).toHaveLength(2);
  give('b'); // the thread has time again
  const next = get();
  expect(asked).toHaveLength(3);
  give('c');
  expect(await next).toBe('c');
  expect(clock.timerCount).toBe(0);
});

it('sends no token again that was refused', async () => {
  const { clock, give, get } = open();
  const first = get();
  give('a');
  await first;
  const busy = get();
  clock.advance(BUSY_AFTER_MS);
  await busy;
  const afterRefusal = get(true);
  const another = get();
  clock.advance(BUSY_AFTER_MS * 10);
  give('b'); // the newest question
  expect(await another).toBe('b');
  expect(await Promise.race([afterRefusal, Promise.resolve('waits')])).toBe('waits');
});

it('says why there is none', async () => {
  const { asked, tokens, get } = open();
  const wanted = get();
  tokens.receive({ kind: 'token', id: asked[0]?.id ?? 0, error: toWire(new Error('the vault is sealed')) });
  await expect(wanted).rejects.toThrow('the vault is sealed');
});
