// A job of the test's own process before a hostile server: the records of the crash suite, through the real outbox and worker.
import type { FlushResult, Outbox, OutboxStats } from '../../../src/outbox/contract.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { OutboxInternals } from '../../../src/outbox/job/outbox.ts';
import type { EndedJob } from '../crash/jobs.ts';
import { SHORT_COUNT, recordAt, textOf } from '../crash/records.ts';
import { makeFolder } from '../live-job.ts';

/** What a job is told. */
export interface FaultyJobOptions {
  readonly trackingUri: string;
  readonly experimentName: string;
  readonly job: number;
  /** How long one request may take. */
  readonly requestTimeoutMs?: number;
  /** Called before each group of records. */
  readonly onGroup?: (index: number) => Promise<void> | void;
  readonly internals?: OutboxInternals;
  readonly stopTimeoutMs?: number;
  readonly drain?: 'worker' | 'inline';
}

/** What a job knows when it is over. */
export interface JobEnd {
  readonly ended: EndedJob;
  readonly result: FlushResult;
  readonly stats: OutboxStats;
  readonly warnings: readonly string[];
}

/** Records between two looks at whether they have arrived: so that they go in many requests. */
const GROUP = 4;

/** Logs all of a short job's records, some at a time, and stops. */
export async function runJobAt(options: FaultyJobOptions): Promise<JobEnd> {
  const {
    trackingUri,
    experimentName,
    job,
    requestTimeoutMs = 1000,
    onGroup,
    stopTimeoutMs = 60_000,
    drain = 'worker',
  } = options;
  const directory = makeFolder();
  const warnings: string[] = [];
  const outbox = openOutbox(
    {
      directory,
      trackingUri,
      experimentName,
      connection: { timeoutMs: requestTimeoutMs },
      artifactRoot: '/nowhere',
      drain,
      env: {},
      onEvent: (event) => event.kind === 'warning' && warnings.push(event.message),
    },
    options.internals,
  );
  const name = { job, length: 'short', experimentName } as const;
  for (let index = 0; index < SHORT_COUNT; index += 1) {
    if (index % GROUP === 0) {
      await onGroup?.(index);
      await outbox.flush({ timeoutMs: 300 });
    }
    append(outbox, recordAt(name, index));
  }
  const result = await outbox.stop({ timeoutMs: stopTimeoutMs });
  const where = { directory, trackingUri, drain };
  const ended: EndedJob = {
    options: { ...where, ...name },
    end: 0,
    appended: SHORT_COUNT - 1,
    accepted: outbox.stats().accepted,
    stdout: warnings.join('\n'),
    stderr: '',
  };
  return { ended, result, stats: outbox.stats(), warnings };
}

function append(outbox: Outbox, record: ReturnType<typeof recordAt>): void {
  if (record.kind !== 'artifact') return void outbox.append(record);
  outbox.append({ ...record, source: outbox.spoolBytes(Buffer.from(textOf(record.path))) });
}
