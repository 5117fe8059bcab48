// The whole table of the ways out of a job with a Collector that takes it, refuses, hangs or answers 503, and its big bursts.
import { expect, test } from 'vitest';
import {
  AWAY,
  CODES,
  Folder,
  REFUSING,
  expectArrival,
  expectKept,
  expectSoon,
  names,
  numbered,
  run,
  runNext,
  runUntilSent,
} from './exit-jobs.ts';
import { startOtlpEndpoint } from './otlp-endpoint.ts';

const ways = Object.keys(CODES);

test.each(['logger', 'run'].flatMap((mode) => ways.map((way) => [way, mode] as const)))(
  '%s, %s: 1000 of 1000 spans and lines arrive, once, before the process is gone',
  expectArrival,
);

test.each(Object.keys(AWAY).flatMap((how) => ways.map((way) => [how, way] as const)))(
  'with a Collector that %s, %s: ends soon, says what is kept, and the next job sends it, once',
  expectKept,
);

test('a burst of 100,000 lines and exit: what was not sent in time is sent by the next job', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  const { code } = await run({ folder, endpoint: endpoint.url, args: ['exit-0', 'logger', '100000', '10'] });
  expect(code).toBe(0);
  await runUntilSent(folder, endpoint);
  const { spans, lines } = names(endpoint);
  expect(spans).toEqual(numbered('span', 10));
  expect([...new Set(lines)]).toEqual(numbered('line', 100_000));
  // At least once: a line that was on its way as the process ended, or whose answer came too late.
  expect(lines.length).toBeLessThanOrEqual(100_000 + 2 * 1_024);
}, 60_000);

test('a failing run does not wait for a Collector that hangs', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint('hang');
  const { exitMs } = await run({ folder, endpoint: endpoint.url, args: ['throw', 'run', '5000', '100'] });
  expectSoon(exitMs);
  endpoint.answer = 200;
  await runUntilSent(folder, endpoint);
  expect(new Set(names(endpoint).lines).size).toBe(5_000);
});

test('kill -9: what was spilled before is sent by the next job', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  const args = ['waits', 'logger', '40000', '0'];
  const killed = await run({ folder, endpoint: REFUSING, args }, (child) => child.kill('SIGKILL'));
  expect(killed.signal).toBe('SIGKILL');
  await runNext(folder, endpoint);
  const { lines } = names(endpoint);
  expect(lines.length).toBeGreaterThanOrEqual(40_000 - 32_768 - 8_192);
  expect(lines).toEqual(numbered('line', lines.length));
});
