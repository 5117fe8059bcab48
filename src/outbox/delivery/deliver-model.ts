// A logged model from its making to its end, exactly once: found by its key where an earlier attempt may have been carried out.
import path from 'node:path';
import { serializeDict } from '../../artifacts/content/serialize.ts';
import { MlflowError, RunspanError, mlflowError } from '../../errors.ts';
import type { LoggedModel } from '../../model/entities.ts';
import type { ArtifactWrite, ModelEndWrite, ModelWrite } from '../../model/write.ts';
import type { Store } from '../../stores/contract.ts';
import type { Delivery } from './delivery.ts';
import { bury, findRunId, findSent, isTakenOver } from './delivery.ts';
import type { Outcome } from './patience.ts';
import type { EntryOf } from './plan.ts';
import type { OpenModel } from '../folder/state-file.ts';
import { messageOf } from '../machine/system.ts';

/** The tag by which a model is found again when the store chose its id. */
const MODEL_KEY_TAG = 'runspan.model_key';

/** What is no key of ours but the id of a model. */
const MODEL_ID = /^m-/;

/** Where a model is. */
type ModelPlace = Pick<LoggedModel, 'modelId' | 'artifactUri'>;

/** The models of each drain that it did not make. */
const KNOWN = new WeakMap<Delivery, Map<string, ModelPlace>>();

/** A model by our keys. */
interface ModelKeys {
  readonly runKey: string;
  readonly modelKey: string;
}

/** Makes a model; where the store refuses it for good, its files are dead-lettered too. */
export async function deliverModel(delivery: Delivery, { sequence, write }: EntryOf<ModelWrite>): Promise<void> {
  const { state, patience } = delivery;
  const { runKey, modelKey } = write;
  // A replay after the state was saved and before the watermark passed.
  if (state.model(modelKey) !== undefined) return;
  let isSearchedFirst = sequence <= delivery.replayedThrough;
  let wasAmbiguous = isSearchedFirst;
  const found = await findRunId(delivery, runKey);
  const outcome: Outcome<LoggedModel> =
    found.status === 'rejected'
      ? found
      : await patience.attempt(async () => {
          if (isTakenOver(delivery)) isSearchedFirst = wasAmbiguous = true;
          try {
            return await createOnce(delivery, { write, runId: found.value, isSearchedFirst });
          } catch (error) {
            if (error instanceof MlflowError && error.isAmbiguous) isSearchedFirst = wasAmbiguous = true;
            throw error;
          }
        });
  const flags = { modelKey, runKey, hasEnded: false, hasLostFile: false };
  if (outcome.status === 'rejected') {
    bury(delivery, sequence, { record: write, error: outcome.error });
    const nothing = { modelId: '', experimentId: '', artifactUri: '', wasAmbiguous: false };
    state.putModel({ ...flags, ...nothing, failedReason: outcome.error.message });
    return;
  }
  const { modelId, experimentId, artifactUri } = outcome.value;
  state.putModel({
    ...flags,
    modelId,
    experimentId,
    artifactUri,
    wasAmbiguous: wasAmbiguous && !isOurs(modelId, modelKey),
  });
}

/**
 * Says that a model is whole, or that it is not: by its files, and by who made it. Where one of its files was set aside, the model
 * stays PENDING until that has ended, see {@link settleModels}.
 */
export async function deliverModelEnd(
  delivery: Delivery,
  lane: { uses(artifactUri: string): boolean },
  { sequence, write }: EntryOf<ModelEndWrite>,
): Promise<void> {
  const { state, patience, destination } = delivery;
  const run = await findRunId(delivery, write.runKey);
  const model = await findModel(delivery, write);
  if (run.status === 'rejected' || model.status === 'rejected') {
    const error = run.status === 'rejected' ? run.error : model.status === 'rejected' ? model.error : new Error();
    bury(delivery, sequence, { record: write, error });
    return;
  }
  const { modelId } = model.value;
  const open = state.model(write.modelKey);
  const status = open?.hasLostFile === true ? 'UPLOAD_FAILED' : write.status;
  const isAwaited = open !== undefined && lane.uses(open.artifactUri);
  const outcome = await patience.attempt(async () => {
    const store = await destination.store();
    if (open?.wasAmbiguous === true) await deleteTwins(store, open);
    await store.logOutputs(run.value, [{ modelId, step: write.step }]);
    if (!isAwaited) await store.finalizeLoggedModel(modelId, status);
  });
  if (outcome.status === 'rejected') bury(delivery, sequence, { record: write, error: outcome.error });
  if (open === undefined) return;
  if (!isAwaited) destination.closeArtifacts(open.artifactUri);
  state.putModel({ ...open, hasEnded: true, ...(isAwaited ? { awaitedStatus: write.status } : {}) });
}

/** Ends the models whose files were set aside and have all ended since. */
export async function settleModels(delivery: Delivery, lane: { uses(artifactUri: string): boolean }): Promise<void> {
  const { state, patience, destination } = delivery;
  for (const { modelKey, modelId, artifactUri } of state.awaitedModels()) {
    if (lane.uses(artifactUri)) continue;
    const now = state.model(modelKey);
    if (now?.awaitedStatus === undefined) continue;
    const status = now.hasLostFile ? 'UPLOAD_FAILED' : now.awaitedStatus;
    const outcome = await patience.attempt(async () =>
      (await destination.store()).finalizeLoggedModel(modelId, status),
    );
    if (outcome.status === 'rejected')
      delivery.onWarning(`Model ${modelId} could not be ended: ${outcome.error.message}`);
    destination.closeArtifacts(artifactUri);
    const { awaitedStatus: _, ...settled } = now;
    state.putModel(settled);
  }
}

/** Ends the models of a run that ends without having ended them: what was to be made there was not made. */
export async function closeModels(delivery: Delivery, runKey: string): Promise<void> {
  const { state, patience, destination } = delivery;
  for (const model of state.modelsOf(runKey)) {
    if (model.hasEnded || model.failedReason !== undefined) continue;
    const outcome = await patience.attempt(async () => {
      const store = await destination.store();
      if (model.wasAmbiguous) await deleteTwins(store, model);
      await store.finalizeLoggedModel(model.modelId, 'UPLOAD_FAILED');
    });
    if (outcome.status === 'rejected')
      delivery.onWarning(`Model ${model.modelId} could not be ended: ${outcome.error.message}`);
    state.putModel({ ...model, hasEnded: true });
  }
}

/** The store's model of a key: from this folder's state, else by its id where the store takes ours, else by the key's tag. */
export async function findModel(delivery: Delivery, { runKey, modelKey }: ModelKeys): Promise<Outcome<ModelPlace>> {
  const open = delivery.state.model(modelKey);
  if (open?.failedReason !== undefined) {
    const reason = `Its model was not created: ${open.failedReason}`;
    return { status: 'rejected', error: new RunspanError('RUN_ENDED', reason) };
  }
  if (open !== undefined) return { status: 'done', value: open };
  if (MODEL_ID.test(modelKey)) return findById(delivery, modelKey);
  const run = await findRunId(delivery, runKey);
  if (run.status === 'rejected') return run;
  return delivery.patience.attempt(async () => {
    const store = await delivery.destination.store();
    if (store.supports.chosenRunId) return store.getLoggedModel(chosenId(modelKey));
    const { info } = await store.getRun(run.value);
    const [found] = await store.findLoggedModels(info.experimentId, { key: MODEL_KEY_TAG, value: modelKey });
    if (found === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No logged model has the key ${modelKey}.`);
    return found;
  });
}

/** One that this folder did not make: asked for once, and taken to stay. */
async function findById(delivery: Delivery, modelId: string): Promise<Outcome<ModelPlace>> {
  const known = KNOWN.get(delivery) ?? new Map<string, ModelPlace>();
  KNOWN.set(delivery, known);
  const place = known.get(modelId);
  if (place !== undefined) return { status: 'done', value: place };
  const outcome = await delivery.patience.attempt(async () =>
    (await delivery.destination.store()).getLoggedModel(modelId),
  );
  if (outcome.status === 'done') known.set(modelId, outcome.value);
  return outcome;
}

/** The store's id of a model that something is linked to; undefined, with a warning, where there is none. */
export async function findModelId(delivery: Delivery, keys: ModelKeys): Promise<string | undefined> {
  const model = await findModel(delivery, keys);
  if (model.status === 'done') return model.value.modelId;
  delivery.onceWarning(
    keys.modelKey,
    `What belongs to a logged model is kept with its run alone: ${model.error.message}`,
  );
  return undefined;
}

/** Remembers that a model's file is among the dead letters. */
export function noteLostFile({ state }: Delivery, { modelKey }: ArtifactWrite): void {
  const open = modelKey === undefined ? undefined : state.model(modelKey);
  if (open !== undefined) state.putModel({ ...open, hasLostFile: true });
}

/**
 * Writes the MLmodel file of a model into the spool, with what only the store could say; returns where it lies.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where there is no folder to write it into
 */
export async function writeMlmodel(
  delivery: Delivery,
  { runKey, modelKey }: ArtifactWrite,
  given: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { paths, system } = delivery;
  if (modelKey === undefined || paths === undefined)
    throw new RunspanError('FILE_NOT_READABLE', 'An MLmodel file can be made in a folder and for a model only.');
  const run = await findRunId(delivery, runKey);
  const model = await findModel(delivery, { runKey, modelKey });
  if (run.status === 'rejected') throw run.error;
  if (model.status === 'rejected') throw model.error;
  const { modelId, artifactUri } = model.value;
  const fields = {
    artifact_path: artifactUri,
    ...given,
    model_id: modelId,
    model_uuid: modelId,
    run_id: run.value,
  };
  const sorted = Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const file = path.join(paths.spool, mlmodelName(modelKey));
  try {
    system.disk.replaceText(file, serializeDict(sorted, 'MLmodel.yaml'));
  } catch (error) {
    throw new RunspanError('FILE_NOT_READABLE', `The MLmodel file could not be made: ${messageOf(error)}`);
  }
  return file;
}

/** The name of a model's MLmodel file in the spool. */
export function mlmodelName(modelKey: string): string {
  return `${modelKey}.MLmodel`;
}

async function createOnce(
  delivery: Delivery,
  what: { readonly write: ModelWrite; readonly runId: string; readonly isSearchedFirst: boolean },
): Promise<LoggedModel> {
  const { write, runId, isSearchedFirst } = what;
  const { modelKey, name, params } = write;
  const store = await delivery.destination.store();
  const experimentId = delivery.state.run(write.runKey)?.experimentId ?? (await store.getRun(runId)).info.experimentId;
  const tag = { key: MODEL_KEY_TAG, value: modelKey };
  if (isSearchedFirst && !store.supports.chosenRunId) {
    const found = await findSent(delivery, async () => (await store.findLoggedModels(experimentId, tag))[0]);
    if (found !== undefined) return found;
  }
  const tags = [...write.tags.filter(({ key }) => key !== tag.key), tag];
  return store.createLoggedModel({ experimentId, modelId: chosenId(modelKey), name, sourceRunId: runId, params, tags });
}

/** Keeps the model that was written to, and bins another one that a slow server made of the same request. */
async function deleteTwins(store: Store, model: OpenModel): Promise<void> {
  const tag = { key: MODEL_KEY_TAG, value: model.modelKey };
  for (const { modelId } of await store.findLoggedModels(model.experimentId, tag)) {
    if (modelId !== model.modelId) await store.deleteLoggedModel(modelId);
  }
}

function chosenId(modelKey: string): string {
  return `m-${modelKey}`;
}

function isOurs(modelId: string, modelKey: string): boolean {
  return modelId === chosenId(modelKey);
}
