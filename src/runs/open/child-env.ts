// The variables by which a run leads the processes that it starts to itself: ours, MLflow's own, and the trace's.
import type { SpanContext } from '@opentelemetry/api';
import { writeTraceParent } from '../../otel/trace-parent.ts';

/** Where children find the store. */
export interface ChildPlace {
  /** It means the same from every folder and has no credentials in it; undefined where it had some. */
  readonly trackingUri: string | undefined;
  /** The same of the registry, where it is apart. */
  readonly registryUri?: string | undefined;
}

/** What is known of a run. */
export interface RunForChildren extends ChildPlace {
  /** Undefined where the run was joined by its id alone: its own key is another's secret. */
  readonly runKey: string | undefined;
  readonly runId: string | undefined;
  readonly runUrl: string | undefined;
  readonly experimentName: string;
  readonly spanContext: SpanContext;
}

/** Makes the variables; what is not known is left out. */
export function toChildEnv(run: RunForChildren): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, string | undefined>> = {
    RUNSPAN_RUN_KEY: run.runKey,
    // By it a Python child's mlflow.start_run() joins.
    MLFLOW_RUN_ID: run.runId,
    RUNSPAN_RUN_URL: run.runUrl,
    TRACEPARENT: writeTraceParent(run.spanContext),
    MLFLOW_TRACKING_URI: run.trackingUri,
    MLFLOW_REGISTRY_URI: run.registryUri,
    MLFLOW_EXPERIMENT_NAME: run.experimentName,
  };
  const isKnown = (entry: [string, string | undefined]): entry is [string, string] => entry[1] !== undefined;
  return Object.fromEntries(Object.entries(values).filter(isKnown));
}
