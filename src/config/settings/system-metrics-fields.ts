// How often system metrics are sampled, under MLflow's own names and units.
import type { Fields } from './fields.ts';

/** How system metrics are sampled while a run is open. */
export interface SystemMetricsOptions {
  /** Whether runs log system metrics that do not say so themselves. @default true  Env: MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING */
  readonly logSystemMetrics?: boolean;
  /** Between two samples, in milliseconds. @default 10_000  Env: MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL, in seconds as in Python */
  readonly systemMetricsIntervalMs?: number;
  /** How many samples become one point. @default 1  Env: MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING */
  readonly systemMetricsSamplesPerPoint?: number;
  /** Names this machine in the metrics' keys: `system/<id>/…`. Env: MLFLOW_SYSTEM_METRICS_NODE_ID */
  readonly systemMetricsNodeId?: string;
}

/** One value for each option. */
export type SystemMetricsFields = Required<Omit<SystemMetricsOptions, 'systemMetricsNodeId'>> & {
  readonly systemMetricsNodeId: string | undefined;
};

const MAX_INTERVAL_MS = 2 ** 31 - 1;
/** Quicker sampling would cost the job more than it tells. */
const MIN_INTERVAL_MS = 100;

/** The table of these settings. */
export const SYSTEM_METRICS_FIELDS: Fields<SystemMetricsFields> = {
  logSystemMetrics: {
    kind: 'boolean',
    env: ['MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING'],
    defaultValue: true,
    doc: 'Whether runs log system metrics that do not say so themselves.',
  },
  systemMetricsIntervalMs: {
    kind: 'integer',
    env: ['MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL'],
    defaultValue: 10_000,
    envFactor: 1000,
    min: MIN_INTERVAL_MS,
    max: MAX_INTERVAL_MS,
    doc: 'Between two samples; the variable is in seconds.',
  },
  systemMetricsSamplesPerPoint: {
    kind: 'integer',
    env: ['MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING'],
    defaultValue: 1,
    min: 1,
    doc: 'How many samples become one point.',
  },
  systemMetricsNodeId: {
    kind: 'string',
    env: ['MLFLOW_SYSTEM_METRICS_NODE_ID'],
    defaultValue: undefined,
    expected: (id) => (/^[\w.-]+$/.test(id) ? undefined : "letters, digits, '_', '.' and '-' only"),
    doc: "Names this machine in the metrics' keys.",
  },
};
