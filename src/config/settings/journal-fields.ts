// The settings of the journal: where it is, who delivers it, what it survives, how much of the disk it may take.
import type { Fields } from './fields.ts';

/** The journal: what is kept on disk until it is delivered. */
export interface JournalOptions {
  /** The folder of the journal. @default './.runspan'  Env: RUNSPAN_DIR */
  readonly directory?: string;
  /** Who delivers: a worker thread, or the job's own thread between its turns. @default 'worker'  Env: RUNSPAN_MLFLOW_DRAIN */
  readonly drain?: 'worker' | 'inline';
  /** What an accepted write survives: the process (`os`), or a power cut before it is sent (`fsync`). @default 'os'  Env: RUNSPAN_MLFLOW_DURABILITY */
  readonly durability?: 'os' | 'fsync';
  /** How much of the disk what is not delivered may take, in bytes. @default 4_294_967_296  Env: RUNSPAN_MLFLOW_MAX_JOURNAL_BYTES */
  readonly maxJournalBytes?: number;
  /**
   * What becomes of a record beyond it: it is refused at once, or after its call has waited `blockTimeoutMs` for the drain. Either way
   * it is counted. @default 'refuse'  Env: RUNSPAN_MLFLOW_WHEN_FULL
   */
  readonly whenFull?: 'refuse' | 'block';
  /** @default 5_000  Env: RUNSPAN_MLFLOW_BLOCK_TIMEOUT_MS */
  readonly blockTimeoutMs?: number;
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The table of them. */
export const JOURNAL_FIELDS: Fields<Required<JournalOptions>> = {
  directory: { kind: 'path', env: ['RUNSPAN_DIR'], defaultValue: '.runspan', doc: 'The folder of the journal.' },
  drain: {
    kind: 'choice',
    env: ['RUNSPAN_MLFLOW_DRAIN'],
    defaultValue: 'worker',
    choices: { worker: 'worker', inline: 'inline' },
    doc: 'Who delivers: a worker thread, or the thread of the job.',
  },
  durability: {
    kind: 'choice',
    env: ['RUNSPAN_MLFLOW_DURABILITY'],
    defaultValue: 'os',
    choices: { os: 'os', fsync: 'fsync' },
    doc: 'What an accepted write survives: the process, or a power cut.',
  },
  maxJournalBytes: {
    kind: 'integer',
    env: ['RUNSPAN_MLFLOW_MAX_JOURNAL_BYTES'],
    defaultValue: 4 * 1024 ** 3,
    min: 1024 ** 2,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'How much of the disk what is not delivered may take.',
  },
  whenFull: {
    kind: 'choice',
    env: ['RUNSPAN_MLFLOW_WHEN_FULL'],
    defaultValue: 'refuse',
    choices: { refuse: 'refuse', block: 'block' },
    doc: 'Beyond that a record is refused at once, or after its call has waited for the drain.',
  },
  blockTimeoutMs: {
    kind: 'integer',
    env: ['RUNSPAN_MLFLOW_BLOCK_TIMEOUT_MS'],
    defaultValue: 5000,
    min: 0,
    max: MAX_TIMEOUT_MS,
    doc: 'How long such a call waits.',
  },
};
