// What a process tells those that it starts, so that they join its run: by the environment they inherit.
import { setForChildren } from '../../config/env.ts';
import type { ActiveRun } from '../../runs/open/active-run.ts';

/**
 * Sets the variables that lead children to a run, over what is there: the span of this process is the parent now.
 *
 * @returns puts back what was there
 */
export function tellChildren(run: ActiveRun): () => void {
  const undo = [setForChildren(run.childEnv())];
  const tellId = (): void => {
    const { MLFLOW_RUN_ID, RUNSPAN_RUN_URL } = run.childEnv();
    if (!run.hasEnded) undo.push(setForChildren({ MLFLOW_RUN_ID, RUNSPAN_RUN_URL }));
  };
  if (run.runId === undefined) run.creation.promise.then(tellId, () => undefined);
  return () => undo.toReversed().forEach((each) => each());
}
