import { afterEach, describe, expect, it, vi } from 'vitest';
import { AlertsService } from '../../../src/services/alerts/alerts-service.ts';
import type { AlertsDependencies, AlertsOptions } from '../../../src/services/alerts/alerts-service.ts';
import type { DesktopNotification, Notifier } from '../../../src/services/alerts/notifier.ts';

/** A notifier that the test answers for. */
class FakeNotifier implements Notifier {
  readonly shown: DesktopNotification[] = [];
  readonly answers: ((error?: unknown) => void)[] = [];
  endedCount = 0;
  readonly #answer: (onDone: (error?: unknown) => void) => void;

  constructor(answer: (onDone: (error?: unknown) => void) => void = (onDone) => onDone()) {
    this.#answer = answer;
  }

  show(notification: DesktopNotification, onDone: (error?: unknown) => void): () => void {
    this.shown.push(notification);
    this.answers.push(onDone);
    this.#answer(onDone);
    return () => {
      this.endedCount += 1;
    };
  }
}

function never(): void {
  // It hangs.
}

async function startAlerts(
  options: AlertsOptions,
  dependencies: AlertsDependencies,
): Promise<{ readonly alerts: AlertsService; readonly lines: string[] }> {
  const lines: string[] = [];
  const alerts = new AlertsService(
    { appName: 'autogen_team', ...options },
    { write: (line) => lines.push(line), ...dependencies },
  );
  await alerts.start();
  return { alerts, lines };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('AlertsService', () => {
  it('A1: calls an enabled notifier once, and leaves stdout empty', async () => {
    const notifier = new FakeNotifier();
    const { alerts, lines } = await startAlerts({ timeout: 7 }, { notifier });
    alerts.notify('test', 'hello');
    await alerts.stop();
    expect(notifier.shown).toEqual([{ title: 'test', message: 'hello', appName: 'autogen_team', timeout: 7 }]);
    expect(lines).toEqual([]);
  });

  it('A2: disabled, does not call the notifier and writes exactly the line', async () => {
    const notifier = new FakeNotifier();
    const { alerts, lines } = await startAlerts({ enable: false }, { notifier });
    alerts.notify('test', 'hello');
    expect(notifier.shown).toEqual([]);
    expect(lines).toEqual(['[autogen_team] test: hello\n']);
  });

  it('A3: a notifier that is not implemented gives the line, once, and (on purpose, unlike the ancestor) no second line about support', async () => {
    const notifier = new FakeNotifier(() => {
      throw new Error('not implemented');
    });
    const { alerts, lines } = await startAlerts({}, { notifier });
    expect(() => alerts.notify('test', 'hello')).not.toThrow();
    expect(lines).toEqual(['[autogen_team] test: hello\n']);
  });

  it('A4: a notifier that throws any error is called once, and the message is written', async () => {
    const notifier = new FakeNotifier(() => {
      throw new TypeError('any');
    });
    const { alerts, lines } = await startAlerts({}, { notifier });
    alerts.notify('test', 'hello');
    expect(notifier.shown).toHaveLength(1);
    expect(lines).toEqual(['[autogen_team] test: hello\n']);
  });

  it('writes the line once where the notifier fails, however often it says so', async () => {
    const notifier = new FakeNotifier(never);
    const { alerts, lines } = await startAlerts({}, { notifier });
    alerts.notify('test', 'hello');
    notifier.answers[0]?.(new Error('no display'));
    notifier.answers[0]?.(new Error('no display'));
    notifier.answers[0]?.();
    await alerts.stop();
    expect(lines).toEqual(['[autogen_team] test: hello\n']);
  });

  it('takes a text as a failure and an empty one as success, as node-notifier means stderr', async () => {
    const notifier = new FakeNotifier(never);
    const { alerts, lines } = await startAlerts({}, { notifier });
    alerts.notify('a', 'shown');
    alerts.notify('b', 'not shown');
    alerts.notify('c', 'shown');
    notifier.answers[0]?.('');
    notifier.answers[1]?.('cannot open display');
    notifier.answers[2]?.(null);
    expect(lines).toEqual(['[autogen_team] b: not shown\n']);
    expect(notifier.endedCount).toBe(3);
  });

  it('writes the line once where the notifier hangs, at its deadline, and ends it', async () => {
    vi.useFakeTimers();
    const notifier = new FakeNotifier(never);
    const { alerts, lines } = await startAlerts({}, { notifier, deadlineMs: 5000 });
    alerts.notify('test', 'hello');
    vi.advanceTimersByTime(4999);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(lines).toEqual(['[autogen_team] test: hello\n']);
    expect(notifier.endedCount).toBe(1);
    notifier.answers[0]?.(new Error('late'));
    expect(lines).toHaveLength(1);
  });

  it('waits for the notifications under way when it stops, and writes those that are not shown in time', async () => {
    vi.useFakeTimers();
    const notifier = new FakeNotifier(never);
    const { alerts, lines } = await startAlerts({}, { notifier });
    alerts.notify('a', 'shown');
    alerts.notify('b', 'late');
    const stopped = alerts.stop({ timeoutMs: 100 });
    notifier.answers[0]?.();
    await vi.advanceTimersByTimeAsync(100);
    await stopped;
    expect(lines).toEqual(['[autogen_team] b: late\n']);
  });

  it('writes the line before start, after stop, and where there is no notifier', async () => {
    const lines: string[] = [];
    const notifier = new FakeNotifier();
    const alerts = new AlertsService({ appName: 'zz' }, { notifier, write: (line) => lines.push(line) });
    alerts.notify('before', 'start');
    const started = alerts.start();
    alerts.notify('in the tick of', 'start');
    await started;
    await alerts.stop();
    alerts.notify('after', 'stop');
    const bare = await startAlerts({ appName: 'zz' }, { notifier: null });
    bare.alerts.notify('no', 'notifier');
    expect(lines.concat(bare.lines)).toEqual(['[zz] before: start\n', '[zz] after: stop\n', '[zz] no: notifier\n']);
    expect(notifier.shown.map(({ title }) => title)).toEqual(['in the tick of']);
  });

  it('writes the line for an empty message, and takes an empty title', async () => {
    const notifier = new FakeNotifier();
    const { alerts, lines } = await startAlerts({ appName: 'zz' }, { notifier });
    alerts.notify('', '');
    alerts.notify('', 'text');
    expect(lines).toEqual(['[zz] : \n']);
    expect(notifier.shown).toMatchObject([{ title: '', message: 'text' }]);
  });

  it('starts at most 8 notifications at once; the others are lines', async () => {
    const notifier = new FakeNotifier(never);
    const { alerts, lines } = await startAlerts({}, { notifier });
    for (let index = 0; index < 1000; index += 1) alerts.notify('many', String(index));
    expect(notifier.shown).toHaveLength(8);
    expect(lines).toHaveLength(992);
    for (const answer of notifier.answers) answer();
    alerts.notify('many', 'again');
    expect(notifier.shown).toHaveLength(9);
  });

  it('masks secrets on the desktop and in the line', async () => {
    const notifier = new FakeNotifier(never);
    const { alerts, lines } = await startAlerts({ redactAdd: ['pin'] }, { notifier });
    alerts.notify('http://u:hunter2@h', 'token=hunter2 pin=1234');
    notifier.answers[0]?.(new Error('no'));
    expect(notifier.shown[0]).toMatchObject({
      title: 'http://u:[REDACTED]@h',
      message: 'token=[REDACTED] pin=[REDACTED]',
    });
    expect(lines).toEqual(['[autogen_team] http://u:[REDACTED]@h: token=[REDACTED] pin=[REDACTED]\n']);
  });

  it('never throws: texts that are none, a write that throws', async () => {
    const { alerts, lines } = await startAlerts({ enable: false }, {});
    const loose = alerts as unknown as { notify(...parts: readonly unknown[]): void }; // as plain JavaScript may call it
    loose.notify();
    loose.notify(Symbol('s'), { a: 1 });
    expect(lines).toEqual(['[autogen_team] : \n', '[autogen_team] Symbol(s): {"a":1}\n']);
    const failing = await startAlerts(
      { enable: false },
      {
        write: () => {
          throw new Error('closed');
        },
      },
    );
    expect(() => failing.alerts.notify('a', 'b')).not.toThrow();
  });

  it('shows its settings, and refuses ones it does not know', () => {
    const alerts = new AlertsService({ appName: 'churn', timeout: 3 });
    expect([alerts.enable, alerts.appName, alerts.timeout, alerts.status]).toEqual([true, 'churn', 3, 'stopped']);
    expect(() => new AlertsService({ app_name: 'x' } as AlertsOptions)).toThrow("Did you mean 'appName'?");
  });

  it('can be started and stopped again', async () => {
    const notifier = new FakeNotifier();
    const { alerts, lines } = await startAlerts({}, { notifier });
    await Promise.all([alerts.start(), alerts.stop(), alerts.start()]);
    alerts.notify('test', 'hello');
    expect([notifier.shown.length, lines.length, alerts.status]).toEqual([1, 0, 'started']);
    await alerts.stop();
  });
});
