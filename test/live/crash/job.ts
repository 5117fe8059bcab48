// A job that dies: appends through the real outbox, and says after each record, before it goes on, how many are accepted.
import { writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Outbox } from '../../../src/outbox/contract.ts';
import { nodeSystem } from '../../../src/outbox/machine/node-system.ts';
import { codeOf } from '../../../src/outbox/machine/system.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { DyingDisk } from './dying-disk.ts';
import type { Death } from './dying-disk.ts';
import type { JobName, Length } from './records.ts';
import { SHORT_COUNT, recordAt, textOf } from './records.ts';

/** What a job is told. */
export interface JobOptions {
  readonly directory: string;
  readonly trackingUri: string;
  readonly experimentName: string;
  /** Its number; `adopt` logs nothing: it takes over what others left. */
  readonly job: number | 'adopt';
  readonly length: Length;
  readonly drain: 'worker' | 'inline';
  readonly death?: Death | undefined;
}

// The cast: only jobs.ts starts this file.
const options = JSON.parse(process.argv[2] ?? '{}') as JobOptions;
const { job, death, length, experimentName } = options;

/** How long a job that goes on rests after a burst, in milliseconds. */
const REST_MS = 6;

/** Before the next line of the job runs, whoever reads has it. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The pipe is full: lines are short, so that none is written in part.
      if (codeOf(error) !== 'EAGAIN') throw error;
      rest(1);
    }
  }
}

function rest(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function open(): Outbox {
  const isOurs = death?.thread === 'job' || options.drain === 'inline';
  return openOutbox(
    {
      directory: options.directory,
      trackingUri: options.trackingUri,
      experimentName,
      connection: {},
      artifactRoot: '/nowhere',
      drain: options.drain,
      env: { CRASH_DEATH: JSON.stringify(death?.thread === 'drain' ? death : null) },
      onEvent: (event) => event.kind === 'warning' && say(`# ${event.message}`),
    },
    {
      system: { ...nodeSystem(), disk: new DyingDisk(isOurs ? death : undefined) },
      workerUrl: new URL('./drain.js', import.meta.url),
      segmentBytes: 1500,
    },
  );
}

async function log(outbox: Outbox, name: JobName): Promise<void> {
  const count = length === 'short' ? SHORT_COUNT : Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index += 1) {
    const record = recordAt(name, index);
    const isArtifact = record.kind === 'artifact';
    const source = isArtifact ? outbox.spoolBytes(Buffer.from(textOf(record.path))) : undefined;
    outbox.append(isArtifact && source !== undefined ? { ...record, source } : record);
    say(`${index + 1} ${outbox.stats().accepted}`);
    if (index % 10 !== 9) continue;
    // Bursts of ten; a job that goes on takes no turn after most of them, as one that computes.
    if (length === 'long') rest(REST_MS);
    if (length === 'short' || index % 50 === 49) await turn();
  }
}

const outbox = open();
say('opened');
if (job !== 'adopt') await log(outbox, { job, length, experimentName });
const { isComplete } = await outbox.stop({ timeoutMs: 20_000 });
say(isComplete ? 'complete' : 'incomplete');
