// A tracking server that is away, comes back, breaks or hangs: the job ends in time, and what it wrote arrives exactly once.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { LoggerService } from '../../src/services/logger/logger-service.ts';
import { MlflowService } from '../../src/services/mlflow/mlflow-service.ts';
import { journalFolders, runJob } from './run-job.ts';
import type { JobResult } from './run-job.ts';
import { TrackingServer } from './tracking-server.ts';

/** Tests at once each bring their own hook: the global one may be that of another test. */
async function serve(finallyDo: typeof onTestFinished = onTestFinished): Promise<TrackingServer> {
  const server = await new TrackingServer().start();
  finallyDo(() => server.stop());
  return server;
}

const quick = { startTimeoutMs: 200, exitTimeoutMs: 500 };

function runOnce(server: TrackingServer, told: object, folder?: string): Promise<JobResult> {
  const { options, ...rest } = told as { options?: object };
  const job = JSON.stringify({ ...rest, options: { trackingUri: server.url, ...quick, ...options } });
  return runJob('one-run.mjs', { args: [job], ...(folder === undefined ? {} : { folder }) });
}

const said = (result: JobResult, pattern: RegExp): readonly string[] =>
  result.stderr.split('\n').filter((line) => pattern.test(line));

const expected = (points: number): { key: string; value: number; step: number; timestampMs: number }[] =>
  Array.from({ length: points }, (_, step) => ({ key: 'loss', value: step / 2, step, timestampMs: 1_000_000 + step }));

/** What the server holds, without ids. */
function stored(server: TrackingServer): readonly object[] {
  return server.store.activeRuns().map(({ info, statuses, metrics, params, tags }) => ({
    name: info.runName,
    statuses,
    metrics: [...metrics].sort((a, b) => a.step - b.step),
    params: Object.fromEntries(params),
    job: tags.get('job'),
  }));
}

const whole = (name: string, points: number, status = 'FINISHED'): object => ({
  name,
  statuses: ['RUNNING', status],
  metrics: expected(points),
  params: { points: String(points) },
  job: name,
});

test.concurrent.for([
  ['stop', { end: 'stop', stopTimeoutMs: 300 }, 0],
  ['a natural end', { end: 'none' }, 0],
  ['process.exit', { end: 'exit' }, 0],
  ['a throw', { end: 'throw' }, 1],
] as const)(
  'away for the whole job, left by %s: it ends in time, says so once, and the next job delivers it',
  async ([, how, code], { onTestFinished: finallyDo }) => {
    const server = await serve(finallyDo);
    await server.stop();
    const first = await runOnce(server, { ...how, points: 200, name: 'away' });
    expect(first.code, first.stderr).toBe(code);
    expect(first.endMs).toBeLessThan(8_000);
    expect(said(first, /not delivered before/)).toHaveLength(1);
    expect(said(first, /not delivered before/)[0]).toMatch(/\.runspan/);
    expect(journalFolders(first.folder)).toHaveLength(1);

    await server.start();
    const second = await runOnce(server, { points: 5, name: 'back' }, first.folder);
    expect([second.code, said(second, /not delivered/)]).toEqual([0, []]);
    expect(stored(server)).toEqual(expect.arrayContaining([whole('away', 200), whole('back', 5)]));
    expect(server.store.runs.size).toBe(2);
    expect(journalFolders(first.folder)).toEqual([]);
  },
);

test.concurrent(
  'hanging for the whole job: it ends in time, and nothing is lost',
  async ({ onTestFinished: finallyDo }) => {
    const server = await serve(finallyDo);
    server.mood = () => 'hang';
    const first = await runOnce(server, { points: 50, name: 'hung', end: 'none' });
    expect(first.code, first.stderr).toBe(0);
    expect(first.endMs).toBeLessThan(8_000);
    expect(said(first, /not delivered before/)).toHaveLength(1);
    server.mood = () => 'serve';
    await runOnce(server, { points: 1, name: 'back' }, first.folder);
    expect(stored(server)).toEqual(expect.arrayContaining([whole('hung', 50), whole('back', 1)]));
  },
);

async function startIn(
  server: TrackingServer,
  options: object = {},
): Promise<{ mlflow: MlflowService; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-server-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const mlflow = new MlflowService({
    trackingUri: server.url,
    experimentName: 'e2e',
    directory: join(folder, '.runspan'),
    logger: new LoggerService({ level: 'CRITICAL' }),
    logSystemMetrics: false,
    ...quick,
    ...options,
  });
  onTestFinished(() => mlflow.stop({ timeoutMs: 100 }));
  await mlflow.start();
  return { mlflow, folder };
}

function logPoints(run: Pick<Run, 'logMetric'>, points: number): void {
  for (const { key, value, step, timestampMs } of expected(points)) run.logMetric(key, value, { step, timestampMs });
}

test('away at the start only: the run gets its id while it is open, and is whole', async () => {
  const server = await serve();
  await server.stop();
  const { mlflow } = await startIn(server);
  await mlflow.runContext({ name: 'late', tags: { job: 'late' } }, async (run) => {
    run.logParam('points', 30);
    expect(run.runId).toBeUndefined();
    await server.start();
    logPoints(run, 30);
    const flushed = mlflow.flush({ timeoutMs: 10_000 });
    expect(await run.created()).toMatch(/^store-/);
    expect(await flushed).toMatchObject({ isComplete: true });
    expect(run.runId).toBe(await run.created());
  });
  await mlflow.flush();
  expect(stored(server)).toEqual([whole('late', 30)]);
});

test('answering 500 to creates that it carried out: exactly one run is left, and it is whole', async () => {
  const server = await serve();
  let creates = 0;
  server.mood = (endpoint) => (endpoint === 'runs/create' && ++creates <= 2 ? '500-after' : 'serve');
  const { mlflow } = await startIn(server);
  await mlflow.runContext({ name: 'once', tags: { job: 'once' } }, (run) => {
    run.logParam('points', 20);
    logPoints(run, 20);
  });
  expect(await mlflow.flush({ timeoutMs: 15_000 })).toMatchObject({ isComplete: true, deadLettered: 0 });
  // Found by its key, not made again and tidied away later.
  expect([creates, server.store.runs.size]).toEqual([1, 1]);
  expect(stored(server)).toEqual([whole('once', 20)]);
});

test('answering 500 to batches that it carried out: every point is there once', async () => {
  const server = await serve();
  let batches = 0;
  server.mood = (endpoint) => (endpoint === 'runs/log-batch' && ++batches % 2 === 1 ? '500-after' : 'serve');
  const { mlflow } = await startIn(server);
  await mlflow.runContext({ name: 'twice', tags: { job: 'twice' } }, (run) => {
    run.logParam('points', 3_000);
    logPoints(run, 3_000);
  });
  expect(await mlflow.flush({ timeoutMs: 15_000 })).toMatchObject({ isComplete: true, deadLettered: 0 });
  expect(stored(server)).toEqual([whole('twice', 3_000)]);
});

test('away while the run ends: runContext does not wait for it, stop() says what is left', async () => {
  const server = await serve();
  const { mlflow, folder } = await startIn(server);
  const startMs = performance.now();
  await mlflow.runContext('short', async (run) => {
    await run.created();
    await server.stop();
    run.logMetric('loss', 1);
  });
  await mlflow.stop({ timeoutMs: 200 });
  expect(performance.now() - startMs).toBeLessThan(5_000);
  const folders = readdirSync(join(folder, '.runspan')).filter((name) => !name.startsWith('.'));
  expect(folders).toHaveLength(1);
});

test('refusing a run: the body runs and returns all the same, created() says why', async () => {
  const server = await serve();
  const { mlflow } = await startIn(server);
  const result = await mlflow.runContext({ name: 'refused', runId: 'absent' }, async (run) => {
    await expect(run.created()).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
    run.logMetric('loss', 1);
    return 'done';
  });
  expect(result).toBe('done');
  await mlflow.flush();
  expect(mlflow.stats()).toMatchObject({ pending: 0, delivered: 0 });
});
