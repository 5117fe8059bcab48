// The experiment that runs are filed under: found by name or id, made where its name is not there.
import { MlflowError, mlflowError } from '../../errors.ts';
import type { Experiment } from '../../model/entities.ts';
import type { FluentClient } from './fluent-client.ts';

/** An experiment by its name, or by its id. */
export type ExperimentChoice = string | { readonly experimentId: string };

/**
 * Finds an experiment, or makes it where nothing has the name; of several that make it at once one does, and all have it.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST` for an id that nothing has; `INVALID_PARAMETER_VALUE` for one in the bin
 */
export async function chooseExperiment(
  client: Pick<FluentClient, 'getExperiment' | 'getExperimentByName' | 'createExperiment'>,
  choice: ExperimentChoice,
): Promise<Experiment> {
  const experiment = await (typeof choice === 'string'
    ? findOrMake(client, choice)
    : client.getExperiment(choice.experimentId));
  if (experiment.lifecycleStage === 'active') return experiment;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `Experiment '${experiment.name}' is in the bin: take it out with restoreExperiment('${experiment.experimentId}').`,
  );
}

async function findOrMake(
  client: Pick<FluentClient, 'getExperiment' | 'getExperimentByName' | 'createExperiment'>,
  name: string,
): Promise<Experiment> {
  const found = await client.getExperimentByName(name);
  if (found !== undefined) return found;
  try {
    return await client.getExperiment(await client.createExperiment(name));
  } catch (error) {
    const isTaken = error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS';
    const made = isTaken ? await client.getExperimentByName(name) : undefined;
    if (made === undefined) throw error;
    return made;
  }
}
