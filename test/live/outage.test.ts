// A real MLflow server that goes away and comes back: whatever a job was told is there afterwards, once.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readExperiment, type RunReading } from './backends.ts';
import { expectSteps } from './expect-steps.ts';
import { type LiveJob, type LiveJobResult, makeFolder, runJob, startJob } from './live-job.ts';
import { requireBackend } from './require-backend.ts';
import { waitForSteps } from './wait-for-steps.ts';

const mlflow = requireBackend('mlflow');

/** The job's own settings; a job whose server is away need not wait long for it at its end. */
function env(): Record<string, string> {
  return { MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI };
}

async function readRuns(experimentName: string, artifacts = false): Promise<readonly RunReading[]> {
  return (await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, experimentName, { artifacts })).runs;
}

/** The folders of the journal that still hold something. */
function leftFolders(folder: string): readonly string[] {
  const journal = join(folder, '.runspan');
  if (!existsSync(journal)) return [];
  return readdirSync(journal, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

async function endSteady(job: LiveJob): Promise<{ readonly stepCount: number; readonly result: LiveJobResult }> {
  job.send('end');
  const { stepCount } = await job.next('ended');
  const { isComplete, stats } = await job.next('flushed');
  expect(isComplete).toBe(true);
  expect(stats).toMatchObject({ pending: 0, deadLettered: 0, refused: {}, durability: 'os' });
  const result = await job.ended;
  expect(result.code, result.stderr).toBe(0);
  expect(leftFolders(job.folder)).toEqual([]);
  return { stepCount: stepCount as number, result }; // the job's own count
}

function expectSteady(runs: readonly RunReading[], runId: unknown, stepCount: number): void {
  expect(runs.map(({ info }) => [info.run_id, info.status, info.lifecycle_stage])).toEqual([
    [runId, 'FINISHED', 'active'],
  ]);
  expectSteps(runs[0], stepCount);
  expect(runs[0]?.tags).toMatchObject({ stage: 'live', 'mlflow.runName': 'steady' });
  expect(runs[0]?.params).toEqual({ pid: expect.stringMatching(/^\d+$/) as string });
}

function expectWhole(runs: readonly RunReading[], result: LiveJobResult): void {
  const named = Object.fromEntries(runs.map((run) => [run.info.run_name, run]));
  expect(runs.map(({ info }) => `${info.run_name} ${info.status}`).toSorted()).toEqual([
    'fails FAILED',
    'inner FINISHED',
    'outer FINISHED',
  ]);
  const { outer, inner } = named;
  expect(outer?.params).toEqual({ lr: '0.1', layers: '[16,8]', 'model.name': 'mlp', optimizer: 'adam' });
  expectSteps(outer, 500);
  expect(outer?.tags['mlflow.note.content']).toBe('one of everything');
  expect(outer?.inputs.dataset_inputs).toMatchObject([
    { dataset: { name: 'rows', digest: 'd1' }, tags: { 'mlflow.data.context': 'training' } },
  ]);
  expect(outer?.artifacts?.map(({ path, downloaded_size: size }) => [path, size])).toEqual([
    ['data/rows.csv', 8],
    ['notes/a.txt', 4],
    ['runspan/trace.otlp.jsonl', expect.any(Number)],
  ]);
  expect(inner?.metrics).toEqual({ score: 1 });
  expect(inner?.tags['mlflow.parentRunId']).toBe(outer?.info.run_id);
  for (const { info } of runs) {
    expect(info.start_time, 'the time of the job, not of the delivery').toBeGreaterThanOrEqual(result.startedAtMs);
    expect(info.end_time).toBeLessThanOrEqual(result.endedAtMs);
  }
}

test('a server that is away for a whole job, and one that comes back during the next', async () => {
  await mlflow.down();
  const whole = await runJob('whole.ts', { args: ['away', '500'], env: env() });
  const late = startJob('steady.ts', { args: ['late'], env: env() });
  const started = await late.next('started');
  expect(started['runId'], 'no id can be known yet').toBeUndefined();
  await waitForSteps(late, 200);
  expect(leftFolders(whole.folder)).toHaveLength(1);

  await mlflow.up();
  const { runId } = await late.next('created');
  const { stepCount } = await endSteady(late);
  expectSteady(await readRuns('late'), runId, stepCount);

  expect(await readExperimentNames()).not.toContain('away');
  await runJob('deliver.ts', { folder: whole.folder, env: env() });
  expect(leftFolders(whole.folder)).toEqual([]);
  expectWhole(await readRuns('away', true), whole);
  // A second next start finds nothing to do.
  await runJob('deliver.ts', { folder: whole.folder, env: env() });
  expectWhole(await readRuns('away', true), whole);
});

async function readExperimentNames(): Promise<readonly string[]> {
  const url = `${mlflow.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow/experiments/search?max_results=100`;
  const answer = (await (await fetch(url)).json()) as { readonly experiments: readonly { readonly name: string }[] };
  return answer.experiments.map(({ name }) => name);
}

/** Ends the server with a request under way: whether that was carried out, nobody knows. */
function killServer(): void {
  const leader = Number(readFileSync(join(mlflow.runFolder, 'mlflow/pid'), 'utf8'));
  process.kill(-leader, 'SIGKILL');
}

test('a server that is away in the middle, and one that is killed and restarted in the middle', async () => {
  const away = startJob('steady.ts', { args: ['middle'], env: env() });
  const { runId } = await away.next('created');
  await waitForSteps(away, 200);
  await mlflow.down();
  await waitForSteps(away, 500);
  await mlflow.up();
  await waitForSteps(away, 200);

  killServer();
  await mlflow.up();
  await waitForSteps(away, 200);
  const { stepCount, result } = await endSteady(away);
  expect(result.stderr.match(/cannot be reached/g)?.length, 'said once an outage').toBeLessThanOrEqual(2);
  expectSteady(await readRuns('middle'), runId, stepCount);
});

interface Killed {
  readonly runId: string;
  readonly acceptedCount: number;
  readonly loggedCount: number;
  readonly lastSeenMs: number;
}

/** Kills a job that never yields once it has logged so many points. */
async function killBusy(job: LiveJob, progress: string, afterCount: number): Promise<Killed> {
  const { runId } = await job.next('started');
  const read = (): readonly [number, number] => {
    const text = readFileSync(progress, 'utf8');
    return [Number(text.slice(0, 12)), Number(text.slice(12))];
  };
  while (read()[0] < afterCount) await new Promise((resolve) => setTimeout(resolve, 5));
  job.kill('SIGKILL');
  expect((await job.ended).signal).toBe('SIGKILL');
  const name = leftFolders(job.folder).find((each) => each.includes(`-${job.pid}-`));
  const lease = statSync(join(job.folder, '.runspan', String(name), 'lease'));
  const [loggedCount, acceptedCount] = read();
  return { runId: runId as string, acceptedCount, loggedCount, lastSeenMs: lease.mtimeMs }; // the server's own id
}

test('jobs killed over HTTP: every accepted point once, KILLED at the time they were last seen, one alert each', async () => {
  const folder = makeFolder();
  // The first is killed during its first second; the last after some heartbeats.
  const killing = [100, 1500, 6000].map((afterCount) => {
    const progress = join(folder, `progress-${afterCount}`);
    return killBusy(startJob('busy.ts', { folder, args: ['killed', progress], env: env() }), progress, afterCount);
  });
  const killed = await Promise.all(killing);
  const next = await runJob('deliver.ts', { folder, env: env() });
  expect(leftFolders(folder)).toEqual([]);

  const runs = await readRuns('killed');
  expect(new Set(runs.map(({ info }) => info.run_id))).toEqual(new Set(killed.map(({ runId }) => runId)));
  expect(runs).toHaveLength(killed.length);
  for (const { runId, acceptedCount, loggedCount, lastSeenMs } of killed) {
    const run = runs.find(({ info }) => info.run_id === runId);
    const pointCount = run?.history['loss']?.length ?? 0;
    expectSteps(run, pointCount);
    expect(pointCount).toBeGreaterThanOrEqual(acceptedCount);
    // It goes on after it has said its count, until it says the next one or is killed.
    expect(pointCount).toBeLessThanOrEqual(loggedCount + 50);
    // Killed before its first heartbeat, it was last seen when it began.
    const endTimeMs = Math.max(Math.trunc(lastSeenMs), run?.info.start_time ?? 0);
    expect(run?.info).toMatchObject({ status: 'KILLED', end_time: endTimeMs });
    expect(run?.params).toEqual({ optimizer: 'adam' });
  }
  const alerts = next.stdout.split('\n').filter((line) => line.startsWith('[next] Run busy was KILLED: '));
  expect(alerts).toHaveLength(killed.length);
});
