// The variables by which a process tells those it starts which run they belong to.
import { readEnv } from './env.ts';

/** The run that the environment names. */
export interface RunOfEnv {
  /** RUNSPAN_RUN_KEY */
  readonly runKey?: string;
  /** MLFLOW_RUN_ID, MLflow's own: Python's `mlflow.start_run()` joins by it too. */
  readonly runId?: string;
  /** RUNSPAN_RUN_URL, where it is that id's. */
  readonly runUrl?: string;
}

const RUN_KEY = /^[\da-f]{32}$/;
/** What MLflow accepts as a run id. */
const RUN_ID = /^[a-zA-Z0-9][\w-]{0,255}$/;

/**
 * Reads which run this process belongs to; undefined where it belongs to none. A text that is no key or id is as good as none.
 *
 * @example
 * readRunOfEnv()?.runId; // where MLFLOW_RUN_ID is set
 */
export function readRunOfEnv(): RunOfEnv | undefined {
  const { RUNSPAN_RUN_KEY: runKey = '', MLFLOW_RUN_ID: runId = '', RUNSPAN_RUN_URL: runUrl = '' } = readEnv();
  const hasId = RUN_ID.test(runId);
  const found: RunOfEnv = {
    ...(RUN_KEY.test(runKey) ? { runKey } : {}),
    ...(hasId ? { runId } : {}),
    // Somebody between may have set another id.
    ...(hasId && /^https?:/.test(runUrl) && runUrl.endsWith(`/runs/${runId}`) ? { runUrl } : {}),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

/** Reads what the run of this process is to be called: RUNSPAN_RUN_NAME, else MLflow's MLFLOW_RUN_NAME. */
export function readRunName(): string | undefined {
  const { RUNSPAN_RUN_NAME, MLFLOW_RUN_NAME } = readEnv();
  return RUNSPAN_RUN_NAME || MLFLOW_RUN_NAME || undefined;
}
