// What a job of the crash suite logs, record by record, and what a store must hold of the first so many of them.
import type { CreateWrite, Write } from '../../../src/model/write.ts';

/** A short job ends by itself after two runs; a long one goes on until it is killed. */
export type Length = 'short' | 'long';

/** Records of a short job. */
export const SHORT_COUNT = 40;
/** Records a run. */
const RUN_COUNTS: Readonly<Record<Length, number>> = { short: 20, long: 100 };

const START_MS = 1_700_000_000_000;

/** One run as the store must hold it; of tags only those that the job gave it, and its parent's key as `parent`. */
export interface ExpectedRun {
  status: string;
  /** Undefined where the reaper says it. */
  endTimeMs: number | undefined;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  /** Step and value of each point, in the order of steps. */
  readonly points: [step: number, value: number][];
  readonly artifacts: string[];
}

/** The key of a job's run: the job's number, then the run's. */
export function keyOf(job: number, run: number): string {
  return `${job.toString(16).padStart(28, '0')}${run.toString(16).padStart(4, '0')}`;
}

/** The text of an artifact. */
export function textOf(path: string): string {
  return `the text of ${path}\n`.repeat(20);
}

/** A job as its records know it. */
export interface JobName {
  readonly job: number;
  readonly length: Length;
  readonly experimentName: string;
}

/** A job's record by its index; an artifact's `spool` file is put in by the job. */
export function recordAt(name: JobName, index: number): Write {
  const { job, length } = name;
  const run = Math.floor(index / RUN_COUNTS[length]);
  const runKey = keyOf(job, run);
  const at = index % RUN_COUNTS[length];
  const last = keyOf(job, Math.max(0, run - 1));
  switch (at) {
    case 0:
      return create(name, run);
    case 3:
      return { kind: 'params', runKey, params: [{ key: 'lr', value: `0.${run + 1}` }] };
    case 6:
      return { kind: 'artifact', runKey, path: `notes/${run}.txt`, source: { kind: 'spool', file: '' } };
    case 7:
    case 12:
      return { kind: 'tags', runKey, tags: [{ key: 'progress', value: String(index) }] };
    case 9:
      return { kind: 'attributes', runKey, params: [{ key: 'late', value: 'p' }], tags: [], metrics: [] };
    case 14:
      // Each run but the last is ended in the middle of the next; one of three is left open for the reaper.
      if (run === 0 || run % 3 === 0) return point(runKey, index);
      return {
        kind: 'end',
        runKey: last,
        status: run % 2 === 0 ? 'FINISHED' : 'FAILED',
        endTimeMs: START_MS + index,
      };
    default:
      return point(at % 4 === 1 && run > 0 && at < 14 ? last : runKey, index);
  }
}

function create({ job, experimentName }: JobName, run: number): CreateWrite {
  const runKey = keyOf(job, run);
  return {
    kind: 'create',
    runKey,
    experimentName: experimentOf(experimentName, job),
    runName: `job ${job} run ${run}`,
    userId: 'crash',
    startTimeMs: START_MS + run,
    tags: [
      { key: 'mlflow.runName', value: `job ${job} run ${run}` },
      { key: 'runspan.run_key', value: runKey },
    ],
    ...(run === 0 ? {} : { parentRun: keyOf(job, 0) }),
  };
}

/** One job of ten is in an experiment that Python reads too, artifacts included. */
export function experimentOf(experimentName: string, job: number): string {
  return job % 10 === 0 ? `${experimentName} (sample)` : experimentName;
}

function point(runKey: string, index: number): Write {
  return { kind: 'metric', runKey, key: 'loss', value: 1 / (index + 1), timestampMs: START_MS + index, step: index };
}

/** What the first `count` records of a job leave in a store, once the job is dead and reaped; by run key. */
export function expectedOf(name: JobName, count: number): Map<string, ExpectedRun> {
  const runs = new Map<string, ExpectedRun>();
  const late = new Map<string, Record<string, string>>();
  for (let index = 0; index < count; index += 1) {
    const write = recordAt(name, index);
    if (write.kind === 'create') {
      const tags = Object.fromEntries(write.tags.map(({ key, value }) => [key, value]));
      if (write.parentRun !== undefined) tags['parent'] = write.parentRun;
      runs.set(write.runKey, { status: 'KILLED', endTimeMs: undefined, params: {}, tags, points: [], artifacts: [] });
    }
    const run = runs.get(write.runKey);
    if (run === undefined) throw new Error(`record ${index} comes before its run`);
    if (write.kind === 'metric') run.points.push([write.step, Number(write.value)]);
    if (write.kind === 'params') for (const { key, value } of write.params) run.params[key] = value;
    if (write.kind === 'tags') for (const { key, value } of write.tags) run.tags[key] = value;
    if (write.kind === 'artifact') run.artifacts.push(write.path);
    if (write.kind === 'attributes') late.set(write.runKey, { late: 'p' });
    if (write.kind === 'end') Object.assign(run, { status: write.status, endTimeMs: write.endTimeMs });
  }
  // What a job had kept back for the end, the reaper sends; a job that ends a run by itself has sent it on its own.
  for (const [key, params] of late) {
    const run = runs.get(key);
    if (run?.status === 'KILLED') Object.assign(run.params, params);
  }
  return runs;
}
