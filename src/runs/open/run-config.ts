// RunConfig: what a run is opened with, checked strictly before anything is made.
import { RunspanError } from '../../errors.ts';
import { readEntries } from '../../model/mend-text.ts';

/** How a run is opened; an unknown key or a wrong type is an `INVALID_ARGUMENT` that names it. */
export interface RunConfig {
  /** The run's and the span's name; empty: the store makes a random one. */
  readonly name: string;
  /** Tag `mlflow.note.content`, shown on the run's page. */
  readonly description?: string | undefined;
  /** Tags to start with; values are made text as in `setTag`. */
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
  /** Log CPU, memory, disk and network while the run is open. @default the service's `logSystemMetrics` */
  readonly logSystemMetrics?: boolean | undefined;
  /** Open it as a child of the run that is active here. @default false */
  readonly nested?: boolean | undefined;
  /** Open it as a child of this run: a run id or a run key. */
  readonly parentRunId?: string | undefined;
  /** Resume this run of the store instead of making one. */
  readonly runId?: string | undefined;
}

const TYPES: Readonly<Record<keyof RunConfig, string>> = {
  name: 'string',
  description: 'string',
  tags: 'object',
  logSystemMetrics: 'boolean',
  nested: 'boolean',
  parentRunId: 'string',
  runId: 'string',
};

/** What MLflow accepts as a run id (facts: utils/validation.py). */
const RUN_ID = /^[a-zA-Z0-9][\w-]{0,255}$/;

/**
 * Checks a run's config and spells out the short form.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` that names the field
 * @example
 * readRunConfig('train'); // { name: 'train' }
 */
export function readRunConfig(config: string | RunConfig): RunConfig {
  const given: unknown = typeof config === 'string' ? { name: config } : config;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid('RunConfig must be a name or an object such as { name: "train" }');
  for (const [field, value] of Object.entries(given)) {
    const type = (TYPES as Readonly<Record<string, string>>)[field];
    if (type === undefined)
      throw invalid(`Unknown field '${field}' in RunConfig. Known: ${Object.keys(TYPES).join(', ')}`);
    if (value === undefined || value === null) continue;
    if (typeof value !== type || Array.isArray(value))
      throw invalid(
        `RunConfig.${field} must be ${type === 'object' ? 'an object' : `a ${type}`}, not ${Array.isArray(value) ? 'a list' : typeof value}`,
      );
  }
  // Every field was checked against TYPES above; null is as good as not given.
  const checked = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value != null),
  ) as unknown as RunConfig;
  if (typeof checked.name !== 'string') throw invalid('RunConfig.name must be given as a string');
  const tags = checked.tags === undefined ? [] : readEntries(checked.tags);
  if (tags === undefined) throw invalid('RunConfig.tags must be an object with keys and values');
  const hasNote = tags.some(([key, value]) => key === 'mlflow.note.content' && value !== undefined);
  if (typeof checked.description === 'string' && hasNote)
    throw invalid("RunConfig.description and tag 'mlflow.note.content' are the same thing: give one of them");
  for (const field of ['parentRunId', 'runId'] as const) {
    const id = checked[field];
    if (typeof id === 'string' && !RUN_ID.test(id))
      throw invalid(`RunConfig.${field} '${id}' is not a run id: letters, digits, '_' and '-' only`);
  }
  return checked;
}

/**
 * Checks that there is something to call inside a run, before the run is made.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT`
 */
export function requireBody(body: unknown): void {
  if (typeof body === 'function') return;
  throw invalid('runContext needs a function to call inside the run: runContext("train", async (run) => { … })');
}

function invalid(message: string): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', message);
}
