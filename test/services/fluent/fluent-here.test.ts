// The functions without an instance, in this process: what each does to the run it is called in, outside any, and across services.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as fluent from '../../../src/services/fluent/fluent.ts';
import { findActiveRun } from '../../../src/services/mlflow/run-registry.ts';
import { readJsonLines, readRuns } from '../../end-to-end/run-job.ts';
import type { StoredRun } from '../../end-to-end/run-job.ts';
import { makeFolder, startService } from '../mlflow/mlflow-fixture.ts';

const folder = makeFolder(afterAll);
const read = async (name: string, of = folder): Promise<StoredRun | undefined> => {
  expect(await fluent.flush({ timeoutMs: 10_000 })).toMatchObject({ isComplete: true, pending: 0 });
  return readRuns(of).find((run) => run.name === name);
};

beforeAll(() => {
  const env = {
    RUNSPAN_DIR: join(folder, '.runspan'),
    MLFLOW_TRACKING_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
    MLFLOW_EXPERIMENT_NAME: 'fluent',
    MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false',
    RUNSPAN_ALERTS_ENABLE: 'false',
    RUNSPAN_LOGGER_LEVEL: 'TRACE',
    RUNSPAN_LOGGER_SERIALIZE: 'true',
    RUNSPAN_LOGGER_SINK: join(folder, 'job.log'),
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});

test('outside any run a call is counted, said once a function, and nothing else', () => {
  expect(fluent.activeRun()).toBeUndefined();
  expect(fluent.lastRun()).toBeUndefined();
  const before = fluent.stats().outsideRunCount;
  fluent.logMetric('loss', 1);
  fluent.logMetric('loss', 2);
  fluent.logMetrics({ loss: 1 });
  fluent.logParam('a', 1);
  fluent.logParams({ a: 1 });
  fluent.setTag('a', 1);
  fluent.setTags({ a: 1 });
  expect(fluent.stats()).toEqual({ services: [], outsideRunCount: before + 7 });
});

test('inside a run each function does what the run’s method does', async () => {
  const result = await fluent.runContext('plain', async (run) => {
    expect(fluent.activeRun()).toBe(run);
    fluent.logMetric('loss', 0.5, { step: 1, timestampMs: 1_700_000_000_000 });
    fluent.logMetrics({ accuracy: 0.9, recall: 0.8 }, { step: 2 });
    fluent.logParam('optimizer', 'adam');
    await new Promise((resolve) => setImmediate(resolve));
    fluent.logParams({ model: { kind: 'mlp' } });
    fluent.setTag('stage', 'eval');
    fluent.setTags({ team: 'churn', done: true });
    expect(() => fluent.log.info({ rows: 442 }, 'loaded')).not.toThrow();
    return 7;
  });
  expect(result).toBe(7);
  expect(fluent.activeRun()).toBeUndefined();
  expect(fluent.lastRun()).toMatchObject({ name: 'plain', status: 'FINISHED' });
  const run = await read('plain');
  expect(run).toMatchObject({
    status: 'FINISHED',
    params: { optimizer: 'adam', 'model.kind': 'mlp' },
    tags: { stage: 'eval', team: 'churn', done: 'true' },
  });
  expect(run?.metrics).toMatchObject([
    { key: 'accuracy', value: 0.9, step: 2 },
    { key: 'loss', value: 0.5, step: 1 },
    { key: 'recall', value: 0.8, step: 2 },
  ]);
});

test('a body’s error is its caller’s, and the run has failed', async () => {
  const error = new RangeError('on purpose');
  await expect(
    fluent.runContext('fails', () => {
      throw error;
    }),
  ).rejects.toBe(error);
  expect((await read('fails'))?.status).toBe('FAILED');
});

test('a run of startRun is its caller’s to end, and the active one meanwhile where it is bound', async () => {
  const run = await fluent.startRun({ name: 'by-hand', tags: { stage: 'dev' } });
  run.with(() => {
    expect(fluent.activeRun()).toBe(run);
    fluent.logMetric('loss', 3);
  });
  expect(fluent.lastRun()).toBe(run);
  await run.end();
  expect(await read('by-hand')).toMatchObject({ status: 'FINISHED', tags: { stage: 'dev' }, metrics: [{ value: 3 }] });
});

test('first uses share one set of services, whose counts stats() gives', async () => {
  await Promise.all(['a', 'b', 'c'].map((name) => fluent.runContext(name, () => fluent.setTag('name', name))));
  for (const name of ['a', 'b', 'c']) expect((await read(name))?.tags['name']).toBe(name);
  const { services } = fluent.stats();
  expect(services).toHaveLength(1);
  expect(services[0]).toMatchObject({ pending: 0, deadLettered: 0 });
  expect(services[0]?.accepted).toBe(services[0]?.delivered);
});

test('functions act on the run of a service of the job’s own, and its points go to that one’s store', async () => {
  const own = await startService();
  await own.mlflow.runContext('own', (run) => {
    expect(findActiveRun()).toBe(run);
    fluent.logMetric('loss', 4);
  });
  expect(fluent.stats().services).toHaveLength(2);
  expect((await read('own', own.folder))?.metrics).toMatchObject([{ key: 'loss', value: 4 }]);
  expect(await read('own')).toBeUndefined();
});

test('log writes at every level, inside a run and outside', async () => {
  const { log } = fluent;
  const levels = Object.keys(log) as (keyof typeof log)[];
  expect(levels).toEqual(['trace', 'debug', 'info', 'success', 'warn', 'error', 'critical', 'fatal']);
  for (const level of levels) log[level]({ rows: 1 }, `${level} outside`);
  await fluent.runContext('logs', () => {
    for (const level of levels) log[level]({ rows: 2 }, `${level} inside`);
  });
  const found = readJsonLines(join(folder, 'job.log')).map(({ record }) => {
    const { level, message, extra } = record as { level: { name: string }; message: string; extra: object };
    return [message, level.name.toLowerCase(), extra];
  });
  for (const level of levels) {
    const name = { fatal: 'critical', warn: 'warning' }[level as string] ?? level;
    expect(found).toContainEqual([`${level} outside`, name, { rows: 1 }]);
    expect(found).toContainEqual([`${level} inside`, name, { rows: 2 }]);
  }
});
