// What a process tells those that it starts, so that they join its run: by the environment they inherit.
import { setForChildren } from '../config/env.ts';
import type { MlflowSettings } from '../config/mlflow-settings.ts';
import { isRemote } from './destination.ts';
import { writeTraceParent } from '../otel/trace-parent.ts';
import type { ActiveRun } from '../runs/active-run.ts';
import type { JoinedRun } from '../runs/open-run.ts';

/**
 * Sets the variables that lead children to a run: ours, MLflow's own (a Python child's `mlflow.start_run()` joins by it) and the
 * trace's. What is set to something already stays, but for the span: that of this process is the parent now.
 *
 * @returns takes them away again
 */
export function tellChildren(run: ActiveRun, settings: MlflowSettings, join?: JoinedRun): () => void {
  const isKeyKnown = join === undefined || join.runKey !== undefined;
  const undo = [
    setForChildren({
      RUNSPAN_RUN_KEY: isKeyKnown ? run.key : undefined,
      TRACEPARENT: writeTraceParent(run.span.spanContext()),
      // Relative places would be others in a child with another working folder; a server's URI may hold what is not ours to cut off.
      MLFLOW_TRACKING_URI: isRemote(settings.trackingUri) ? undefined : settings.absoluteTrackingUri,
      MLFLOW_EXPERIMENT_NAME: settings.experimentName,
    }),
  ];
  const tellId = (runId: string): void => {
    if (!run.hasEnded) undo.push(setForChildren({ MLFLOW_RUN_ID: runId }));
  };
  if (run.runId === undefined) run.creation.promise.then(tellId, () => undefined);
  else tellId(run.runId);
  return () => undo.toReversed().forEach((each) => each());
}
