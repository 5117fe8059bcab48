// The functions for the logged model that is active, and for models whose files are elsewhere: Python's `mlflow.set_active_model` and so on.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serializeDict } from '../../artifacts/content/serialize.ts';
import { readEnv } from '../../config/env.ts';
import { mlflowError } from '../../errors.ts';
import type { LoggedModel } from '../../model/entities.ts';
import { inferSignature } from '../../model/infer-signature.ts';
import { activateModel, activeModelId, activeModelState } from '../../runs/open/active-model.ts';
import { defaultClient } from './default-client.ts';
import { initializeLoggedModel, type InitializeModelOptions, searchLoggedModels } from './fluent-models.ts';

/** Which model is to be the active one: by its name, which is made where it is not there, or by its id. */
export type ActiveModelChoice =
  { readonly name: string; readonly modelId?: string } | { readonly name?: string; readonly modelId: string };

/** The active model; `using` makes the one before it active again at the end of its block. */
export interface ActiveModel extends LoggedModel, Disposable {}

/**
 * Makes a logged model the active one of the process: metrics that are logged from then on are its points too, and traces made by hand lead
 * to it.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where neither is given, or the model of that id has another name;
 *   `RESOURCE_DOES_NOT_EXIST` where no model has the id
 * @example
 * using model = await setActiveModel({ name: 'churn' });
 */
export async function setActiveModel(choice: ActiveModelChoice): Promise<ActiveModel> {
  const model = await chooseModel(choice);
  const undo = activateModel(model.modelId);
  return { ...model, [Symbol.dispose]: undo };
}

/**
 * Gives the id of the active model: what was set, else MLFLOW_ACTIVE_MODEL_ID; undefined where there is none.
 *
 * @example
 * getActiveModelId(); // 'm-…'
 */
export function getActiveModelId(): string | undefined {
  return activeModelId(readEnv()['MLFLOW_ACTIVE_MODEL_ID']);
}

/**
 * Leaves the process without an active model, whatever the environment names.
 *
 * @example
 * clearActiveModel();
 */
export function clearActiveModel(): void {
  activateModel(undefined);
}

/**
 * Makes a logged model whose files are kept elsewhere, READY at once; of the active run, where there is one.
 *
 * @example
 * const { modelId } = await createExternalModel({ name: 'agent', modelType: 'agent', params: { temperature: 0.2 } });
 */
export async function createExternalModel(options: InitializeModelOptions = {}): Promise<LoggedModel> {
  const tags = { ...options.tags, [EXTERNAL]: 'true' };
  const model = await initializeLoggedModel({ ...options, tags });
  const client = await defaultClient();
  const folder = await mkdtemp(join(tmpdir(), 'runspan-model-'));
  try {
    await writeFile(join(folder, 'MLmodel'), serializeDict(describeExternal(model), 'MLmodel.yaml'));
    await client.logModelArtifacts(model.modelId, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return client.finalizeLoggedModel(model.modelId, 'READY');
}

/**
 * Reads the logged model that this process made last by a function; undefined where it made none.
 *
 * @example
 * const model = await lastLoggedModel();
 */
export async function lastLoggedModel(): Promise<LoggedModel | undefined> {
  const { lastId } = activeModelState();
  return lastId === undefined ? undefined : (await defaultClient()).getLoggedModel(lastId);
}

async function chooseModel({ name, modelId }: ActiveModelChoice): Promise<LoggedModel> {
  if (modelId !== undefined) {
    const model = await (await defaultClient()).getLoggedModel(modelId);
    if (name === undefined || name === model.name) return model;
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Logged model '${modelId}' has the name '${model.name}', which does not match '${name}'.`,
    );
  }
  if (name === undefined) throw mlflowError('INVALID_PARAMETER_VALUE', 'Either name or modelId must be given.');
  const named = await searchLoggedModels({ filterString: `name='${name}'`, maxResults: 1 });
  const [newest] = (await named.firstPage()).items;
  return newest ?? createExternalModel({ name });
}

/** The MLmodel file of a model without files, so that it can be registered; the signature is a stand-in, as in Python. */
function describeExternal(model: LoggedModel): Readonly<Record<string, unknown>> {
  return {
    artifact_path: model.artifactUri,
    flavors: {},
    metadata: { [EXTERNAL]: true },
    model_id: model.modelId,
    model_uuid: model.modelId,
    ...(model.sourceRunId === '' ? {} : { run_id: model.sourceRunId }),
    signature: inferSignature({ inputs: true, outputs: true }),
    utc_time_created: new Date(model.creationTimeMs).toISOString().replace('T', ' ').replace('Z', '000'),
  };
}

/** Tag and metadata of a model whose files are elsewhere. */
const EXTERNAL = 'mlflow.model.isExternal';
