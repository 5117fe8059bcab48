// Copies a whole store: experiments, runs, models, traces, registry. Once: what is there as it is here is left alone.
import { inParallel } from '../../artifacts/transfer/parallel.ts';
import type { Experiment } from '../../model/entities.ts';
import type { Copying } from './copying.ts';
import { Experiments, listExperiments, listModels } from './experiments.ts';
import { Models } from './models.ts';
import { type PlannedRun, planRun, planRuns } from './plan.ts';
import { copyRegistered, listRegistered } from './registry.ts';
import { findRun, Runs } from './runs.ts';
import { Sources } from './sources.ts';
import { Traces } from './traces.ts';

/** Runs under way at once. */
const CONCURRENCY = 4;

/** What is to be copied. */
export interface StorePlan {
  readonly experiments: readonly Experiment[];
  readonly runs: readonly PlannedRun[];
}

/** Looks at both stores; nothing is written. */
export async function planStore(copying: Copying, names: readonly string[]): Promise<StorePlan> {
  const experiments = await listExperiments(copying.source.store, names);
  return { experiments, runs: await planRuns(copying, new Experiments(copying), experiments) };
}

/**
 * Copies what the plan says. What the target does not take of one run, model or version is noted, and the others go on.
 *
 * @throws what is said of all of them: a target that is away, credentials that are wrong, the signal
 */
export async function copyStore(
  copying: Copying,
  { plan, isWhole }: { readonly plan: StorePlan; readonly isWhole: boolean },
): Promise<void> {
  const experiments = new Experiments(copying);
  const runs = new Runs(copying, experiments);
  const models = new Models(copying, experiments, runs);
  for (const { experimentId, name } of plan.experiments)
    await copying.tolerate(`experiment '${name}'`, async () => void (await experiments.ensure(experimentId)));
  const copyRun = (run: PlannedRun): Promise<void> =>
    copying.tolerate(`run '${run.runName}' (${run.runId})`, () => runs.copy(run, models)).then(copying.onProgress);
  const due = plan.runs.filter(({ action }) => action !== 'none');
  copying.counts.runs.unchanged += plan.runs.length - due.length;
  await inParallel(due, CONCURRENCY, copyRun);
  for (const { experimentId } of plan.experiments) {
    for (const { modelId, name } of await listModels(copying.source.store, experimentId))
      await copying.tolerate(`model '${name}' (${modelId})`, async () => void (await models.ensure(modelId)));
  }
  const traces = new Traces(copying, experiments, { runs, models });
  for (const { experimentId, name } of plan.experiments)
    await copying.tolerate(`the traces of experiment '${name}'`, () => traces.copyAll(experimentId));
  // A part of a store has no registry of its own.
  if (isWhole) {
    const sources = new Sources(copying, { experiments, runs, models });
    for (const registered of await listRegistered(copying))
      await copying.tolerate(`registered model '${registered.name}'`, () =>
        copyRegistered(copying, sources, registered),
      );
  }
  await copyLed(copying, { experiments, runs, copyRun });
}

/** Parents and the like of other experiments: what was made of them is filled too, for as long as that leads to more. */
async function copyLed(
  copying: Copying,
  {
    experiments,
    runs,
    copyRun,
  }: {
    readonly experiments: Experiments;
    readonly runs: Runs;
    readonly copyRun: (run: PlannedRun) => Promise<void>;
  },
): Promise<void> {
  for (let led = runs.takeLed(); led.length > 0; led = runs.takeLed()) {
    for (const runId of led) {
      const run = await findRun(copying, runId);
      if (run === undefined) continue;
      const before = await experiments.ensure(run.info.experimentId);
      const { name } = await copying.source.store.getExperiment(run.info.experimentId);
      const planned = await planRun(copying, run, { experimentName: name, before });
      if (planned.action !== 'none') await copyRun(planned);
    }
  }
}
