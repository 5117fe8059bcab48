// kill -9 before a real MLflow, at every change of the disk and at five hundred moments: what was accepted is there, once, and runs end KILLED.
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Choices } from '../../outbox/simulation/random.ts';
import { requireBackend } from '../require-backend.ts';
import { makeFolder } from '../live-job.ts';
import { bundleJob } from './bundle.ts';
import type { Death } from './dying-disk.ts';
import type { JobOptions } from './job.ts';
import type { EndedJob, KillAt } from './jobs.ts';
import { adoptAll, runJob } from './jobs.ts';
import { expectPythonToAgree, judgeJobs } from './verdict.ts';

const mlflow = requireBackend('mlflow');
const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;
let script: Promise<string> | undefined;
let nextJob = 1;
/** So many processes at once. */
const LANES = 3;

type Deadly = Pick<JobOptions, 'length' | 'drain'> & Partial<Pick<JobOptions, 'job' | 'death'>>;

/** The jobs of one test: an experiment of their own, directories of their own. */
class Jobs {
  readonly experimentName: string;
  readonly ended: EndedJob[] = [];
  readonly #directories: string[] = [];

  constructor(experimentName: string) {
    this.experimentName = experimentName;
  }

  directory(): string {
    const directory = join(makeFolder(), 'journals');
    mkdirSync(directory);
    this.#directories.push(directory);
    return directory;
  }

  async run(directory: string, options: Deadly, killAt?: KillAt): Promise<EndedJob> {
    script ??= bundleJob(makeFolder());
    const where = { directory, trackingUri: uri(), experimentName: this.experimentName };
    const job = await runJob(await script, { ...where, job: nextJob++, ...options }, killAt);
    this.ended.push(job);
    return job;
  }

  /**
   * Has one job after the other die, each at the change of the disk behind the one before, until one lives.
   *
   * @returns at how many changes a job died
   */
  async dieAtEach(
    death: Omit<Death, 'at'>,
    options: Deadly,
    directory: () => string | Promise<string>,
  ): Promise<number> {
    for (let at = 1; ; at += 1) {
      const { end, stderr } = await this.run(await directory(), { ...options, death: { ...death, at } });
      if (end === 0) return at - 1;
      expect(end, stderr).toBe('SIGKILL');
    }
  }

  /** Takes over what all of them left, some directories' worth at once, and compares. */
  async expectWhole(): Promise<void> {
    const left = this.#directories.flatMap((directory) =>
      readdirSync(directory)
        .filter((name) => !name.startsWith('.'))
        .map((name) => join(directory, name)),
    );
    const gathered = Array.from({ length: LANES }, () => this.directory());
    for (const [index, folder] of left.entries())
      renameSync(folder, join(gathered[index % LANES] ?? '', basename(folder)));
    await Promise.all(gathered.map((directory) => adoptAll(directory, uri())));
    expect((await judgeJobs(uri(), this.experimentName, this.ended)).slice(0, 3)).toEqual([]);
  }
}

const short = { length: 'short', drain: 'worker' } as const;

describe('a process that dies at a change of the disk, at each in turn', { timeout: 240_000 }, () => {
  test.concurrent.each([
    { moment: 'before', least: 45 },
    { moment: 'within', least: 35 },
  ] as const)('the thread of a job, $moment it; the next job takes over', async ({ moment, least }) => {
    const jobs = new Jobs(`the job, ${moment}`);
    const directory = jobs.directory();
    const count = await jobs.dieAtEach({ thread: 'job', moment }, short, () => directory);
    expect(count).toBeGreaterThanOrEqual(least);
    await jobs.expectWhole();
  });

  test.concurrent.each([
    { thread: 'drain', moment: 'before', drain: 'worker', least: 8 },
    { thread: 'drain', moment: 'within', drain: 'worker', least: 3 },
    { thread: 'job', moment: 'within', drain: 'inline', least: 35 },
  ] as const)('the drain, $moment it: $drain', async ({ thread, moment, drain, least }) => {
    const jobs = new Jobs(`the drain ${drain}, ${moment}`);
    const count = await jobs.dieAtEach({ thread, moment }, { ...short, drain }, () => jobs.directory());
    expect(count).toBeGreaterThanOrEqual(least);
    await jobs.expectWhole();
  });

  test.concurrent.each([
    { moment: 'before', least: 6 },
    { moment: 'within', least: 2 },
  ] as const)('a drain that takes over, $moment it', async ({ moment, least }) => {
    const jobs = new Jobs(`an adopter, ${moment}`);
    const directory = async (): Promise<string> => {
      // One that was over before it was killed has left nothing to take over.
      for (;;) {
        const made = jobs.directory();
        const { end } = await jobs.run(made, short, { afterRecords: 25 });
        if (end === 'SIGKILL') return made;
      }
    };
    const count = await jobs.dieAtEach({ thread: 'drain', moment }, { ...short, job: 'adopt' }, directory);
    expect(count).toBeGreaterThanOrEqual(least);
    await jobs.expectWhole();
  });
});

const MOMENTS = 500;
const SEED = 20_261;

/** By the clock, so that a death comes during the start too; or by what was said. Squared: most come early. */
function momentOf(choices: Choices): KillAt {
  return choices.isChance(0.5)
    ? { afterMs: 60 + Math.floor(choices.fraction() ** 2 * 500) }
    : { afterRecords: Math.floor(choices.fraction() ** 2 * 300) };
}

test(
  `kill -9 at ${MOMENTS} moments; each next job takes over, and is killed at that`,
  { timeout: 460_000 },
  async () => {
    const jobs = new Jobs('moments');
    const choices = new Choices(SEED);
    const moments = Array.from({ length: MOMENTS }, () => momentOf(choices));
    const lane = async (): Promise<void> => {
      const directory = jobs.directory();
      for (let next = moments.pop(); next !== undefined; next = moments.pop()) {
        const { end, stderr } = await jobs.run(directory, { length: 'long', drain: 'worker' }, next);
        expect(end, stderr).toBe('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await jobs.expectWhole();
    await expectPythonToAgree(uri(), jobs.experimentName, jobs.ended);
  },
);
