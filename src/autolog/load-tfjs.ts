// A logged model with flavor tfjs back into TensorFlow.js: its files read through an artifact repository, bit for bit.
import type { ArtifactRepository } from '../artifacts/contract.ts';
import { parseDict } from '../artifacts/content/serialize.ts';
import { RunspanError } from '../errors.ts';

/** What of TensorFlow.js loads a model: `@tensorflow/tfjs`, or `@tensorflow/tfjs-layers`. */
export interface TfjsLoader<M> {
  /** Makes a model of its files. */
  loadLayersModel(handler: { load(): Promise<never> }): Promise<M>;
}

/** A model as it was trained, with what is written beside it. */
export interface LoadedTfjsModel<M> {
  /** The model, with its weights bit for bit. */
  readonly model: M;
  /** The fields of its MLmodel file: signature, flavors, run, … */
  readonly mlmodel: Readonly<Record<string, unknown>>;
}

/**
 * Loads a model from its files.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST` where a file is missing
 * @throws {RunspanError} `NOT_SUPPORTED` where the model has no flavor `tfjs`; `INVALID_PATH` where its files lead out of it
 */
export async function loadTfjs<M>(repository: ArtifactRepository, tf: TfjsLoader<M>): Promise<LoadedTfjsModel<M>> {
  const mlmodel = parseDict(text(await repository.readFile('MLmodel')), 'MLmodel.yaml');
  const flavor = field(field(mlmodel, 'flavors'), 'tfjs');
  const modelFile = field(flavor, 'model_file');
  if (typeof modelFile !== 'string')
    throw new RunspanError('NOT_SUPPORTED', `The model at ${repository.uri} was not logged from TensorFlow.js.`);
  const topology = JSON.parse(text(await repository.readFile(modelFile))) as Readonly<Record<string, unknown>>;
  const { weightsManifest, ...rest } = topology;
  const groups = Array.isArray(weightsManifest) ? (weightsManifest as readonly unknown[]) : [];
  const folder = modelFile.includes('/') ? modelFile.slice(0, modelFile.lastIndexOf('/') + 1) : '';
  const parts: Uint8Array[] = [];
  const weightSpecs: unknown[] = [];
  for (const group of groups) {
    weightSpecs.push(...list(field(group, 'weights')));
    for (const path of list(field(group, 'paths'))) parts.push(await repository.readFile(`${folder}${String(path)}`));
  }
  // A copy: the library wants a buffer of its own, not a part of Node's pool.
  const weightData = Uint8Array.from(Buffer.concat(parts)).buffer;
  const artifacts = { ...rest, weightSpecs, weightData };
  // The cast: the library's own type of what it wrote.
  const model = await tf.loadLayersModel({ load: () => Promise.resolve(artifacts as never) });
  return { model, mlmodel: Object.fromEntries(Object.entries(mlmodel as object)) };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
