import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SystemMonitor } from '../../../src/runs/system/monitor.ts';
import type { Fold, SystemProbe } from '../../../src/runs/system/probe.ts';
import { watchSystem } from '../../../src/runs/system/watch.ts';
import type { MetricWrite } from '../../../src/model/write.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Counts its readings: 1, 2, 3, … */
function countingProbe(fold: Fold, name = 'x'): SystemProbe {
  let count = 0;
  return { fold, read: () => ({ [name]: ++count }) };
}

function startMonitor(options: {
  readonly probes: readonly SystemProbe[];
  readonly samplesPerPoint?: number;
  readonly nodeId?: string;
  readonly firstStep?: number;
}): { readonly points: [Record<string, number>, number][]; readonly monitor: SystemMonitor } {
  const points: [Record<string, number>, number][] = [];
  const monitor = new SystemMonitor({
    samplesPerPoint: 1,
    ...options,
    intervalMs: 1000,
    log: (metrics, step) => points.push([{ ...metrics }, step]),
  });
  return { points, monitor };
}

describe('a monitor', () => {
  test('logs the first point at once, one an interval, and the partial window at the end', () => {
    const { points, monitor } = startMonitor({ probes: [countingProbe('last')] });
    expect(points).toEqual([[{ 'system/x': 1 }, 0]]);
    vi.advanceTimersByTime(2000);
    monitor.stop();
    expect(points.map(([, step]) => step)).toEqual([0, 1, 2, 3]);
    expect(points.at(-1)).toEqual([{ 'system/x': 4 }, 3]);
    vi.advanceTimersByTime(5000);
    monitor.stop();
    expect(points).toHaveLength(4);
  });

  test.each([
    ['mean', 3],
    ['last', 4],
    ['max', 4],
    ['sum', 9],
  ] as const)('makes one point of the samples of a window: their %s', (fold, expected) => {
    const { points, monitor } = startMonitor({ probes: [countingProbe(fold)], samplesPerPoint: 3 });
    vi.advanceTimersByTime(3000);
    expect(points).toEqual([
      [{ 'system/x': 1 }, 0],
      [{ 'system/x': expected }, 1],
    ]);
    vi.advanceTimersByTime(1000);
    monitor.stop();
    expect(points).toHaveLength(3);
  });

  test('rounds means to a tenth, as MLflow does', () => {
    const { points, monitor } = startMonitor({ probes: [{ fold: 'mean', read: () => ({ x: 1.26 }) }] });
    monitor.stop();
    expect(points[0]).toEqual([{ 'system/x': 1.3 }, 0]);
  });

  test('puts the name of the machine into the keys', () => {
    const { points, monitor } = startMonitor({ probes: [countingProbe('last')], nodeId: 'node-1' });
    monitor.stop();
    expect(points[0]).toEqual([{ 'system/node-1/x': 1 }, 0]);
  });

  test('goes without a probe that throws, for that sample', () => {
    let isBroken = true;
    const flaky: SystemProbe = {
      fold: 'last',
      read: () => {
        if (isBroken) throw new Error('gone');
        return { y: 1 };
      },
    };
    const { points, monitor } = startMonitor({ probes: [flaky, countingProbe('last')] });
    isBroken = false;
    monitor.stop();
    expect(points.map(([metrics]) => metrics)).toEqual([{ 'system/x': 1 }, { 'system/y': 1, 'system/x': 2 }]);
  });

  test('lets its probes go once', () => {
    const close = vi.fn<() => void>();
    const { monitor } = startMonitor({ probes: [{ ...countingProbe('last'), close }] });
    monitor.stop();
    monitor.stop();
    expect(close).toHaveBeenCalledOnce();
  });
});

describe('the watch of a run', () => {
  const watch = { intervalMs: 1000, samplesPerPoint: 1, timeoutMs: 500, makeProbes: () => [countingProbe('last')] };

  function watched(call: (method: string, args: readonly unknown[]) => Promise<unknown>): {
    readonly written: MetricWrite[];
    readonly stop: () => void;
  } {
    const written: MetricWrite[] = [];
    const stop = watchSystem(watch, {
      runKey: 'k',
      resumeRunId: 'r',
      // The one method that is called here.
      outbox: { call: call as never },
      append: (metric) => written.push(metric),
      now: () => 7,
    });
    return { written, stop };
  }

  test('goes on behind the last step of a resumed run, however many pages its history has', async () => {
    const page = (steps: readonly number[], nextPageToken?: string): unknown => ({
      items: steps.map((step) => ({ key: 'x', value: 1, timestampMs: 1, step })),
      nextPageToken,
    });
    const asked: unknown[] = [];
    const { written, stop } = watched((method, args) => {
      asked.push(method, ...args);
      return Promise.resolve(asked.length === 2 ? page([40, 41], 'more') : page([3]));
    });
    await vi.advanceTimersByTimeAsync(0);
    stop();
    const key = 'system/system_memory_usage_percentage';
    expect(asked).toEqual([
      'getMetricHistory',
      { runId: 'r', key },
      'getMetricHistory',
      { runId: 'r', key, pageToken: 'more' },
    ]);
    expect(written.map(({ step }) => step)).toEqual([42, 43]);
    expect(written[0]).toEqual({ kind: 'metric', runKey: 'k', key: 'system/x', value: 1, timestampMs: 7, step: 42 });
  });

  test('begins anew where the store does not answer', async () => {
    const { written, stop } = watched(() => Promise.reject(new Error('away')));
    await vi.advanceTimersByTimeAsync(0);
    stop();
    expect(written.map(({ step }) => step)).toEqual([0, 1]);
  });

  test('logs nothing of a run that ended before the store answered', async () => {
    const { written, stop } = watched(() => Promise.resolve({ items: [], nextPageToken: undefined }));
    stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(written).toEqual([]);
  });
});
