// Compares what a server holds with what each job said before it died, value by value.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { MlflowClient } from '../../../src/index.ts';
import { LoggerService, MlflowService } from '../../../src/index.ts';
import { readExperiment } from '../backends.ts';
import { makeFolder } from '../live-job.ts';
import type { EndedJob } from './jobs.ts';
import type { ExpectedRun } from './records.ts';
import { experimentOf, expectedOf, textOf } from './records.ts';

/** A run of a job as the server holds it. */
export interface FoundRun extends ExpectedRun {
  readonly key: string;
  readonly runId: string;
  readonly startTimeMs: number;
  /** Undefined where they were not asked for. */
  readonly files: Readonly<Record<string, string>> | undefined;
}

/** So many histories are asked for at once. */
const ASKED_AT_ONCE = 4;

/** The tags that a job gives. */
const TAGS: ReadonlySet<string> = new Set(['mlflow.runName', 'runspan.run_key', 'progress']);

/** Reads every run of some jobs with the package's own client; those that were deleted as twins are not among them. */
async function readRuns(client: MlflowClient, experimentNames: readonly string[]): Promise<readonly FoundRun[]> {
  const experiments = await Promise.all(experimentNames.map((name) => client.getExperimentByName(name)));
  const experimentIds = experiments.flatMap((each) => (each === undefined ? [] : [each.experimentId]));
  const runs = await client.searchRuns(experimentIds, { maxResults: 1000 }).all();
  const keyById = new Map(runs.map(({ info, data }) => [info.runId, data.tags['runspan.run_key'] ?? '']));
  const found: FoundRun[] = [];
  const left = [...runs];
  const read = async (): Promise<void> => {
    for (let run = left.pop(); run !== undefined; run = left.pop()) {
      const { info, data } = run;
      const history = Object.hasOwn(data.metrics, 'loss')
        ? await client.getMetricHistory(info.runId, 'loss').all()
        : [];
      found.push({
        key: data.tags['runspan.run_key'] ?? '',
        runId: info.runId,
        status: info.status,
        startTimeMs: info.startTimeMs,
        endTimeMs: info.endTimeMs,
        params: { ...data.params },
        tags: comparable(data.tags, keyById),
        points: history.map(({ step, value }): [number, number] => [step, Number(value)]).toSorted(byStep),
        artifacts: [],
        files: undefined,
      });
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, read));
  return found;
}

/** What is wrong with the runs of some jobs; empty where the server holds of each just the first so many of its records. */
export async function judgeJobs(
  trackingUri: string,
  experimentName: string,
  jobs: readonly EndedJob[],
): Promise<readonly string[]> {
  const logger = new LoggerService({ level: 'CRITICAL', otel: 'off' });
  const service = new MlflowService({ trackingUri, experimentName, logger, directory: makeFolder(), exitHooks: false });
  await service.start();
  try {
    const names = [experimentName, experimentOf(experimentName, 0)];
    const found = await readRuns(service.client(), names);
    const left = found.filter(({ status }) => status === 'RUNNING').map(({ key }) => `${key} is RUNNING`);
    return [...left, ...jobs.flatMap((job) => judgeJob(job, found))];
  } finally {
    await service.stop({ timeoutMs: 1000 });
  }
}

function judgeJob(job: EndedJob, found: readonly FoundRun[]): readonly string[] {
  const { options, appended, accepted } = job;
  if (options.job === 'adopt') return [];
  const problems: string[] = [];
  const prefix = options.job.toString(16).padStart(28, '0');
  const ours = found.filter(({ key }) => key.startsWith(prefix));
  const keys = ours.map(({ key }) => key);
  if (new Set(keys).size < keys.length) problems.push(`a run is there twice: ${keys.join(', ')}`);
  // A journal is read up to where it ends: what arrived is a beginning of what was logged, as long as was accepted at least.
  const isWithFiles = ours.some(({ files }) => files !== undefined);
  const describe = (runs: readonly KeyedRun[]): string => describeRuns(runs, isWithFiles);
  const held = describe(ours);
  let isFound = false;
  for (let count = accepted; count <= appended + 1 && !isFound; count += 1)
    isFound = describe(expectedRuns(options, count)) === held;
  if (!isFound)
    problems.push(
      `of ${accepted} accepted, ${appended} appended records the server holds\n${held}\nand not\n${describe(expectedRuns(options, accepted))}`,
    );
  for (const run of ours) {
    const isEnded = run.endTimeMs !== undefined && run.endTimeMs >= run.startTimeMs;
    if (!isEnded) problems.push(`${run.key} ended at ${run.endTimeMs}, and began at ${run.startTimeMs}`);
  }
  return problems.map(
    (problem) => `${JSON.stringify(options)} (${job.end}): ${problem}\n${job.stdout.slice(-500)}${job.stderr}`,
  );
}

type KeyedRun = ExpectedRun & { readonly key: string };

function expectedRuns({ job, ...name }: EndedJob['options'], count: number): readonly KeyedRun[] {
  return Array.from(expectedOf({ ...name, job: Number(job) }, count), ([key, run]) => ({ key, ...run }));
}

/** MLflow's own client sees the same of the sample, and the whole text of each artifact. */
export async function expectPythonToAgree(
  trackingUri: string,
  experimentName: string,
  jobs: readonly EndedJob[],
): Promise<void> {
  const { runs } = await readExperiment(trackingUri, experimentOf(experimentName, 0));
  const live = runs.filter(({ info }) => info.lifecycle_stage === 'active');
  const keyById = new Map(live.map(({ info, tags }) => [info.run_id, tags['runspan.run_key'] ?? '']));
  const found = live.map(({ info, params, tags, history, artifacts }): FoundRun => ({
    key: tags['runspan.run_key'] ?? '',
    runId: info.run_id,
    status: info.status,
    startTimeMs: info.start_time,
    endTimeMs: info.end_time ?? undefined,
    params: { ...params },
    tags: comparable(tags, keyById),
    points: (history['loss'] ?? []).map(({ step, value }): [number, number] => [step, Number(value)]).toSorted(byStep),
    artifacts: (artifacts ?? []).map(({ path }) => path),
    files: Object.fromEntries((artifacts ?? []).map(({ path, sha256 }) => [path, sha256 ?? ''])),
  }));
  const sample = jobs.filter(({ options }) => typeof options.job === 'number' && options.job % 10 === 0);
  expect(sample.length).toBeGreaterThan(jobs.length / 20);
  expect(sample.flatMap((job) => judgeJob(job, found)).slice(0, 3)).toEqual([]);
  const files = found.flatMap((run) => Object.entries(run.files ?? {}));
  expect(files.length).toBeGreaterThan(sample.length / 4);
  for (const [path, sha256] of files) expect(sha256).toBe(createHash('sha256').update(textOf(path)).digest('hex'));
}

/** One line a run, without what only the reaper knows. */
function describeRuns(runs: readonly KeyedRun[], isWithFiles: boolean): string {
  const lines = runs.map(({ key, status, endTimeMs, params, tags, points, artifacts }) => {
    const ended = status === 'KILLED' ? '' : ` at ${endTimeMs}`;
    return [
      key,
      `${status}${ended}`,
      sorted(params),
      sorted(tags),
      points.map((each) => each.join(':')).join(' '),
      isWithFiles ? artifacts.toSorted().join(' ') : '',
    ].join('; ');
  });
  return lines.toSorted().join('\n');
}

/** Of a run's tags those that the job gave; its parent by key, since ids are the server's. */
function comparable(
  tags: Readonly<Record<string, string>>,
  keyById: ReadonlyMap<string, string>,
): Record<string, string> {
  const ours = Object.entries(tags).filter(([name]) => TAGS.has(name));
  const parent = tags['mlflow.parentRunId'];
  return { ...Object.fromEntries(ours), ...(parent === undefined ? {} : { parent: keyById.get(parent) ?? parent }) };
}

function byStep([a]: readonly [number, number], [b]: readonly [number, number]): number {
  return a - b;
}

function sorted(values: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
