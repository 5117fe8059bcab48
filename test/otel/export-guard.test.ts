// The guard around an exporter: counts, bounds, and what a dead Collector may cost.
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { settlesWithin } from '../../src/otel/deadline.ts';
import { ExportGuard } from '../../src/otel/export-guard.ts';
import type { ExportResult } from '../../src/otel/export-guard.ts';

class FakeExporter {
  readonly pending: ((result: ExportResult) => void)[] = [];
  isShutDown = false;
  export(_items: string[], onResult: (result: ExportResult) => void): void {
    this.pending.push(onResult);
  }
  async shutdown(): Promise<void> {
    this.isShutDown = true;
  }
}

function setUp(maxPending = 10): { exporter: FakeExporter; guard: ExportGuard<string>; clock: { nowMs: number } } {
  const exporter = new FakeExporter();
  const clock = { nowMs: 1_000 };
  const guard = new ExportGuard<string>({
    exporter,
    items: 'spans',
    maxPending,
    coolDownMs: 100,
    now: () => clock.nowMs,
  });
  return { exporter, guard, clock };
}

const codes = (list: ExportResult[]) => (result: ExportResult) => void list.push(result);

afterEach(() => {
  diag.disable();
});

test('counts what was sent, given up and dropped', () => {
  const { exporter, guard } = setUp(3);
  const results: ExportResult[] = [];
  const admitted = ['a', 'b', 'c', 'd'].filter(() => guard.admit());
  expect(admitted).toHaveLength(3);
  guard.export(['a', 'b'], codes(results));
  exporter.pending[0]?.({ code: 0 });
  guard.export(['c'], codes(results));
  exporter.pending[1]?.({ code: 1, error: new Error('503') });
  expect(guard.counts).toEqual({ sentCount: 2, lostCount: 1, droppedCount: 1, pendingCount: 0 });
  expect(results.map(({ code }) => code)).toEqual([0, 1]);
});

test('after a failure others fail at once until it has cooled down', () => {
  const { exporter, guard, clock } = setUp();
  const results: ExportResult[] = [];
  guard.export(['a'], codes(results));
  exporter.pending[0]?.({ code: 1 });
  guard.export(['b'], codes(results));
  expect(exporter.pending).toHaveLength(1);
  expect(results).toHaveLength(2);
  clock.nowMs += 101;
  guard.export(['c'], codes(results));
  exporter.pending[1]?.({ code: 0 });
  expect(results.map(({ code }) => code)).toEqual([1, 1, 0]);
});

test('a flush may try again at once, but not while an export is under way', () => {
  const { exporter, guard } = setUp();
  const results: ExportResult[] = [];
  guard.export(['a'], codes(results));
  guard.export(['b'], codes(results));
  exporter.pending[0]?.({ code: 1 });
  guard.allowTrial();
  guard.export(['c'], codes(results));
  expect(exporter.pending).toHaveLength(2);
});

test('remembers for a second that an export failed', () => {
  const { exporter, guard, clock } = setUp();
  expect(guard.hasJustFailed).toBe(false);
  guard.export(['a'], () => undefined);
  expect(guard.hasJustFailed).toBe(false);
  exporter.pending[0]?.({ code: 1 });
  expect(guard.hasJustFailed).toBe(true);
  clock.nowMs += 1_000;
  expect(guard.hasJustFailed).toBe(false);
});

test('whenIdle waits for the export that is under way', async () => {
  const { exporter, guard } = setUp();
  guard.export(['a'], () => undefined);
  const idle = guard.whenIdle();
  expect(await settlesWithin(idle, 1)).toBe(false);
  exporter.pending[0]?.({ code: 0 });
  expect(await settlesWithin(idle, 1_000)).toBe(true);
});

test('a rejection counts as settled, and no time means no waiting', async () => {
  expect(await settlesWithin(Promise.reject(new Error('x')), 1_000)).toBe(true);
  expect(await settlesWithin(Promise.resolve(), 0)).toBe(false);
});

test('says its first loss, once, with the reason', async () => {
  const said: string[] = [];
  const warn = (message: string): void => void said.push(message);
  diag.setLogger({ error: warn, warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
  const { exporter, guard } = setUp(0);
  guard.export(['a'], () => undefined);
  exporter.pending[0]?.({ code: 1, error: new Error('connect ECONNREFUSED') });
  guard.admit();
  expect(said).toEqual(['runspan: Cannot export spans: connect ECONNREFUSED']);
  await guard.forceFlush();
  await guard.shutdown();
  expect(exporter.isShutDown).toBe(true);
});
