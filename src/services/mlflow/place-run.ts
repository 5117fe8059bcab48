// Where a new run stands: below the run that is active, in the place of one that the environment names, or by itself.
import { RunspanError } from '../../errors.ts';
import { activeRun, ambientRun } from '../../otel/run/run-context.ts';
import { readRunConfig, type RunConfig } from '../../runs/open/run-config.ts';
import { withRunOfEnv } from './resumed-run.ts';

/** A checked config with the run that it is below, by key or id; undefined for a run of its own. */
export interface RunPlace {
  readonly config: RunConfig;
  readonly parentRun: string | undefined;
}

/**
 * Finds it.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for a bad config; `RUN_ALREADY_ACTIVE` inside a run without `nested`
 */
export function placeRun(config: string | RunConfig, { isAmbient }: { readonly isAmbient: boolean }): RunPlace {
  const checked = readRunConfig(config);
  const ambient = ambientRun()?.identity;
  const active = activeRun() ?? ambient;
  // Inside the run that stands for the process, any run is a child: the job need not know that there is one.
  const isNested = checked.nested === true || active?.runKey === ambient?.runKey;
  if (active !== undefined && !isNested && checked.parentRunId === undefined)
    throw new RunspanError(
      'RUN_ALREADY_ACTIVE',
      `Run '${active.runName}' is active here; give { nested: true } to open '${checked.name}' inside it.`,
    );
  return {
    config: active === undefined && !isAmbient ? withRunOfEnv(checked) : checked,
    parentRun: checked.parentRunId ?? (isNested ? active?.runKey : undefined),
  };
}
