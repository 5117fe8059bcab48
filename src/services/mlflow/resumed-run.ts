// The run that MLFLOW_RUN_ID names: the first run that a job opens continues it, as Python's `mlflow.start_run()` does.
import { readRunOfEnv } from '../../config/run-env.ts';
import { shareInProcess } from '../../model/process-wide.ts';
import type { RunConfig } from '../../runs/open/run-config.ts';

/** Gives the config of an outermost run, with the run of the environment where there is one and nothing else is said. */
export function withRunOfEnv(config: RunConfig): RunConfig {
  const { runKey, runId } = readRunOfEnv() ?? {};
  // A run with a key of ours is open in the process that started this one, which ends it.
  if (config.runId !== undefined || config.parentRunId !== undefined || runKey !== undefined || runId === undefined)
    return config;
  const resumed = shareInProcess('resumed-runs', () => new Set<string>());
  if (resumed.has(runId)) return config;
  resumed.add(runId);
  return { ...config, runId };
}
