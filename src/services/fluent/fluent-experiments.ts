// The functions for experiments and the runs in them: Python's `mlflow.search_runs`, `mlflow.get_run` and so on.
import { RunspanError } from '../../errors.ts';
import type { Experiment, RunEntity } from '../../model/entities.ts';
import type { PagedList } from '../../runs/client/paged-list.ts';
import type { SearchExperimentsOptions, SearchRunsOptions } from '../../runs/client/tracking-methods.ts';
import type { ExperimentChoice } from '../mlflow/choose-experiment.ts';
import { defaultClient, defaultExperimentId, defaultService } from './default-client.ts';
import { startDefaultServices } from './default-services.ts';
import type { FluentClient } from '../mlflow/fluent-client.ts';
import { findActiveRun, startedServices } from '../mlflow/run-registry.ts';

/**
 * Makes an experiment.
 *
 * @returns its id
 * @throws {MlflowError} `RESOURCE_ALREADY_EXISTS`
 * @example
 * const experimentId = await createExperiment('churn', { tags: { team: 'growth' } });
 */
export async function createExperiment(
  name: string,
  options: { readonly artifactLocation?: string; readonly tags?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  return (await defaultClient()).createExperiment(name, options);
}

/**
 * Files the runs that are opened from now on under another experiment, which is made where its name is not there: of the service that was
 * started last, else of services from env.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST` for an id that nothing has; `INVALID_PARAMETER_VALUE` for one in the bin
 * @example
 * const { experimentId } = await setExperiment('churn');
 */
export async function setExperiment(choice: ExperimentChoice): Promise<Experiment> {
  const isFirst = startedServices().length === 0 && typeof choice === 'string';
  // Services that start for this know the name at once: nothing is made under another one.
  const service = isFirst ? await startDefaultServices({ experimentName: choice }) : await defaultService();
  return service.setExperiment(choice);
}

/**
 * Reads an experiment.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST`
 * @example
 * const { name } = await getExperiment('1');
 */
export async function getExperiment(experimentId: string): Promise<Experiment> {
  return (await defaultClient()).getExperiment(experimentId);
}

/**
 * Finds an experiment, a deleted one too; undefined where there is none.
 *
 * @example
 * const experiment = await getExperimentByName('churn');
 */
export async function getExperimentByName(name: string): Promise<Experiment | undefined> {
  return (await defaultClient()).getExperimentByName(name);
}

/**
 * Searches experiments.
 *
 * @example
 * for await (const { name } of await searchExperiments({ filterString: "tags.team = 'growth'" })) console.log(name);
 */
export async function searchExperiments(options: SearchExperimentsOptions = {}): Promise<PagedList<Experiment>> {
  return (await defaultClient()).searchExperiments(options);
}

/**
 * Moves an experiment to the bin.
 *
 * @example
 * await deleteExperiment('1');
 */
export async function deleteExperiment(experimentId: string): Promise<void> {
  return (await defaultClient()).deleteExperiment(experimentId);
}

/**
 * Takes an experiment out of the bin.
 *
 * @example
 * await restoreExperiment('1');
 */
export async function restoreExperiment(experimentId: string): Promise<void> {
  return (await defaultClient()).restoreExperiment(experimentId);
}

/**
 * Sets a tag of the service's experiment.
 *
 * @example
 * await setExperimentTag('team', 'growth');
 */
export async function setExperimentTag(key: string, value: string): Promise<void> {
  return (await defaultClient()).setExperimentTag(await defaultExperimentId(), key, value);
}

/**
 * Sets tags of the service's experiment.
 *
 * @example
 * await setExperimentTags({ team: 'growth', stage: 'dev' });
 */
export async function setExperimentTags(tags: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, value] of Object.entries(tags)) await setExperimentTag(key, value);
}

/**
 * Takes a tag off the service's experiment.
 *
 * @example
 * await deleteExperimentTag('stage');
 */
export async function deleteExperimentTag(key: string): Promise<void> {
  return (await defaultClient()).deleteExperimentTag(await defaultExperimentId(), key);
}

/** Where runs are searched. */
export interface RunSearchOptions extends SearchRunsOptions {
  /** Experiments by id. @default the service's experiment */
  readonly experimentIds?: readonly string[];
  /** Experiments by name; one that is not there is left out. */
  readonly experimentNames?: readonly string[];
  /** Whether all experiments are searched. @default false */
  readonly searchAllExperiments?: boolean;
}

/**
 * Searches runs, by default those of the service's experiment.
 *
 * @example
 * for await (const { info } of await searchRuns({ filterString: 'metrics.loss < 0.5' })) console.log(info.runName);
 */
export async function searchRuns(options: RunSearchOptions = {}): Promise<PagedList<RunEntity>> {
  const { experimentIds, experimentNames, searchAllExperiments = false, ...search } = options;
  const client = await defaultClient();
  return client.searchRuns(await whereIn(client, { experimentIds, experimentNames, searchAllExperiments }), search);
}

/**
 * Reads a run.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST`
 * @example
 * const { data } = await getRun(runId);
 */
export async function getRun(runId: string): Promise<RunEntity> {
  return (await defaultClient()).getRun(runId);
}

/**
 * Reads the run that a run is nested in; undefined where it is in none.
 *
 * @example
 * const parent = await getParentRun(runId);
 */
export async function getParentRun(runId: string): Promise<RunEntity | undefined> {
  return (await defaultClient()).getParentRun(runId);
}

/**
 * Moves a run to the bin.
 *
 * @example
 * await deleteRun(runId);
 */
export async function deleteRun(runId: string): Promise<void> {
  return (await defaultClient()).deleteRun(runId);
}

/**
 * Takes a run out of the bin.
 *
 * @example
 * await restoreRun(runId);
 */
export async function restoreRun(runId: string): Promise<void> {
  return (await defaultClient()).restoreRun(runId);
}

/**
 * Takes a tag off the active run; without one, or where it has none of that name, it rejects.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST`
 * @example
 * await deleteTag('stage');
 */
export async function deleteTag(key: string): Promise<void> {
  const run = findActiveRun();
  if (run === undefined)
    throw new RunspanError('INVALID_ARGUMENT', `Cannot delete tag '${key}': there is no active run.`);
  await (await defaultClient()).deleteTag(run.key, key);
}

/**
 * Reads a table of several runs, one row an object; by default of all runs of the service's experiment that have it.
 *
 * @example
 * const rows = await loadTable('eval.json', { extraColumns: ['run_id'] });
 */
export async function loadTable(
  artifactFile: string,
  options: { readonly runIds?: readonly string[]; readonly extraColumns?: readonly string[] } = {},
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await defaultClient()).loadTable(await defaultExperimentId(), artifactFile, options);
}

interface Where {
  readonly experimentIds: readonly string[] | undefined;
  readonly experimentNames: readonly string[] | undefined;
  readonly searchAllExperiments: boolean;
}

async function whereIn(client: FluentClient, where: Where): Promise<readonly string[]> {
  const { experimentIds, experimentNames, searchAllExperiments } = where;
  if (searchAllExperiments) return (await client.searchExperiments().all()).map(({ experimentId }) => experimentId);
  if (experimentIds === undefined && experimentNames === undefined) return [await defaultExperimentId()];
  const named = await Promise.all((experimentNames ?? []).map((name) => client.getExperimentByName(name)));
  return [...(experimentIds ?? []), ...named.flatMap((found) => found?.experimentId ?? [])];
}
