// The table of MlflowService's settings.
import { countCodePoints, MAX_EXPERIMENT_NAME_LENGTH } from '../../model/limits.ts';
import { S3_FIELDS } from './artifact-fields.ts';
import type { S3Fields, S3Options } from './artifact-fields.ts';
import { MAX_TIMEOUT_MS } from './fields.ts';
import type { Field, Fields, WithUndefined } from './fields.ts';
import type { AutologOptions, DeadlineOptions, MlflowOptions, ServerOptions } from './mlflow-options.ts';
import { findProjectName, toModelName } from './project.ts';
import { REDACT_FIELDS } from './redact-fields.ts';
import type { RedactOptions } from './redact-fields.ts';
import { JOURNAL_FIELDS, type JournalOptions } from './journal-fields.ts';
import { SERVER_FIELDS, type ServerFields } from './server-fields.ts';
import { SYSTEM_METRICS_FIELDS } from './system-metrics-fields.ts';
import type { SystemMetricsFields, SystemMetricsOptions } from './system-metrics-fields.ts';
import { expectedOfArtifactRoot, expectedOfUri } from './tracking-uri.ts';

/** Where runs go where nobody says: the file that MLflow itself writes to. */
export const DEFAULT_TRACKING_URI = 'sqlite:///mlflow.db';

type MainOptions = Omit<
  MlflowOptions,
  keyof (AutologOptions &
    ServerOptions &
    S3Options &
    DeadlineOptions &
    JournalOptions &
    RedactOptions &
    SystemMetricsOptions)
>;

/** One value for each option of MlflowService. */
export type MlflowFields = WithUndefined<MainOptions, 'registryUri' | 'traceUrlTemplate'> &
  ServerFields &
  S3Fields &
  SystemMetricsFields &
  Required<AutologOptions & DeadlineOptions & JournalOptions & RedactOptions>;

const DEADLINE_FIELDS: Fields<Required<DeadlineOptions>> = {
  startTimeoutMs: {
    kind: 'integer',
    env: ['RUNSPAN_MLFLOW_START_TIMEOUT_MS'],
    defaultValue: 2000,
    min: 0,
    max: MAX_TIMEOUT_MS,
    doc: 'How long start and startRun wait for the answer of a server.',
  },
  flushTimeoutMs: {
    kind: 'integer',
    env: ['RUNSPAN_MLFLOW_FLUSH_TIMEOUT_MS'],
    defaultValue: 30_000,
    min: 0,
    max: MAX_TIMEOUT_MS,
    doc: 'How long flush waits for delivery.',
  },
  stopTimeoutMs: {
    kind: 'integer',
    env: ['RUNSPAN_MLFLOW_STOP_TIMEOUT_MS'],
    defaultValue: 10_000,
    min: 0,
    max: MAX_TIMEOUT_MS,
    doc: 'How long stop may take; a server that is away is given up after a quarter of it.',
  },
  exitTimeoutMs: {
    kind: 'integer',
    env: ['RUNSPAN_MLFLOW_EXIT_TIMEOUT_MS'],
    defaultValue: 10_000,
    min: 0,
    max: MAX_TIMEOUT_MS,
    doc: 'How long a process that ends waits for delivery; a server that is away is given up after a quarter of it.',
  },
  clientTimeoutMs: {
    kind: 'integer',
    env: ['RUNSPAN_MLFLOW_CLIENT_TIMEOUT_MS'],
    defaultValue: 30_000,
    min: 0,
    max: MAX_TIMEOUT_MS,
    doc: 'How long a call of client() may take.',
  },
};

const AUTOLOG_FIELDS: Fields<Required<AutologOptions>> = {
  autologDisable: autolog('DISABLE', false, 'Log no training by itself.'),
  autologDisableForUnsupportedVersions: autolog(
    'DISABLE_FOR_UNSUPPORTED_VERSIONS',
    false,
    'Nor for versions that were not tested, instead of a warning.',
  ),
  autologExclusive: autolog('EXCLUSIVE', false, 'Log into runs of its own only.'),
  autologLogInputExamples: autolog('LOG_INPUT_EXAMPLES', true, 'Keep the first five rows with a logged model.'),
  autologLogModelSignatures: autolog('LOG_MODEL_SIGNATURES', true, 'Keep what a logged model takes and gives.'),
  autologLogModels: autolog('LOG_MODELS', false, 'Keep trained models.'),
  autologLogDatasets: autolog('LOG_DATASETS', false, 'Record the data that was trained on.'),
  autologSilent: autolog('SILENT', false, 'Say nothing of what could not be logged.'),
};

/** The table of MlflowService's settings. */
export const MLFLOW_FIELDS: Fields<MlflowFields> = {
  trackingUri: {
    kind: 'string',
    env: ['MLFLOW_TRACKING_URI'],
    defaultValue: DEFAULT_TRACKING_URI,
    expected: expectedOfUri,
    doc: 'sqlite:///file, http(s)://server, or a folder of runs: ./mlruns, file:///….',
  },
  registryUri: {
    kind: 'string',
    env: ['MLFLOW_REGISTRY_URI'],
    defaultValue: undefined,
    expected: expectedOfUri,
    doc: 'The tracking URI where there is none.',
  },
  experimentName: {
    kind: 'string',
    env: ['MLFLOW_EXPERIMENT_NAME'],
    defaultValue: ({ folder }) => findProjectName(folder),
    expected: expectedOfExperimentName,
    doc: 'Made where there is none.',
  },
  registryName: {
    kind: 'string',
    env: ['MLFLOW_REGISTERED_MODEL_NAME'],
    defaultValue: ({ folder }) => toModelName(findProjectName(folder)),
    doc: 'The registered model that `registerModel` adds to where it is given no name.',
  },
  artifactRoot: {
    kind: 'location',
    env: ['RUNSPAN_ARTIFACT_ROOT'],
    defaultValue: 'mlruns',
    expected: expectedOfArtifactRoot,
    doc: 'Where the artifacts of experiments go that are made in a database, a folder or s3://bucket/path; a folder of runs keeps its own.',
  },
  ...JOURNAL_FIELDS,
  strict: {
    kind: 'boolean',
    env: ['RUNSPAN_MLFLOW_STRICT'],
    defaultValue: false,
    doc: 'Throw on values that would have been mended.',
  },
  exitHooks: {
    kind: 'boolean',
    env: ['RUNSPAN_MLFLOW_EXIT_HOOKS'],
    defaultValue: true,
    doc: 'Handlers for signals, crashes and the end of the process.',
  },
  traceUrlTemplate: {
    kind: 'string',
    env: ['RUNSPAN_TRACE_URL_TEMPLATE'],
    defaultValue: undefined,
    expected: expectedOfTemplate,
    doc: 'The page of a trace, with {traceId} in it.',
  },
  ...SYSTEM_METRICS_FIELDS,
  keepTelemetry: {
    kind: 'boolean',
    env: ['RUNSPAN_MLFLOW_KEEP_TELEMETRY'],
    defaultValue: true,
    doc: 'Keep the spans and log lines of a run as artifacts of it, under runspan/.',
  },
  logTraces: {
    kind: 'boolean',
    env: ['RUNSPAN_MLFLOW_LOG_TRACES'],
    defaultValue: true,
    doc: "Show a run's spans as its trace in MLflow, on a server that takes them; needs keepTelemetry.",
  },
  suppressRunLines: {
    kind: 'boolean',
    env: ['MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT'],
    defaultValue: false,
    doc: 'Log no line where a run starts and ends.',
  },
  isOffline: {
    kind: 'boolean',
    env: ['RUNSPAN_OFFLINE'],
    defaultValue: false,
    doc: 'Keep everything in the journal and send nothing, until runspan sync.',
  },
  isDisabled: {
    kind: 'boolean',
    env: ['RUNSPAN_DISABLED'],
    defaultValue: false,
    doc: 'Bodies run, nothing is written or sent.',
  },
  ...SERVER_FIELDS,
  ...S3_FIELDS,
  ...DEADLINE_FIELDS,
  ...AUTOLOG_FIELDS,
  ...REDACT_FIELDS,
};

function autolog(name: string, defaultValue: boolean, doc: string): Field<boolean> {
  return { kind: 'boolean', env: [`RUNSPAN_MLFLOW_AUTOLOG_${name}`], defaultValue, doc };
}

function expectedOfExperimentName(name: string): string | undefined {
  return countCodePoints(name) > MAX_EXPERIMENT_NAME_LENGTH
    ? `at most ${MAX_EXPERIMENT_NAME_LENGTH} characters`
    : undefined;
}

function expectedOfTemplate(template: string): string | undefined {
  return template.includes('{traceId}') ? undefined : 'a URL with {traceId} in it';
}
