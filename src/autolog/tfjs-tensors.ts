// What a fit reads and a model expects: tensor specs, the data set's record, the first rows as an example.
import type { Dataset, Tag } from '../model/entities.ts';
import { numpyDigest } from './numpy-digest.ts';
import type { FitCall, ModelLike, SymbolicLike, TensorLike } from './tfjs-types.ts';
import { isTensor } from './tfjs-types.ts';

/** Tensors by the names of the model's inputs or outputs; one alone has no name. */
interface Named {
  readonly name: string | undefined;
  readonly tensor: TensorLike;
}

/** One tensor of a schema, as MLflow writes it. */
interface TensorSpec {
  readonly name?: string;
  readonly type: 'tensor';
  readonly 'tensor-spec': { readonly dtype: string; readonly shape: readonly number[] };
}

/** As many rows as Python's automatic logging keeps (INPUT_EXAMPLE_SAMPLE_ROWS). */
const EXAMPLE_ROWS = 5;

const NUMPY_TYPES: Readonly<Record<string, string>> = { string: 'str' };
const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, complex64: 8 };

/** The first rows of what a model was trained on: an array, or one an input by name. */
export type InputExample = readonly unknown[] | Readonly<Record<string, readonly unknown[]>>;

/** What a model takes and gives, as MLmodel has it: JSON texts. */
export function modelSignature(model: ModelLike): {
  readonly inputs: string;
  readonly outputs: string;
  readonly params: null;
} {
  return {
    inputs: JSON.stringify(specsOf(model.inputs)),
    outputs: JSON.stringify(specsOf(model.outputs)),
    params: null,
  };
}

/** The data that fit was called with, as data sets: the training's, and the validation's where it is given as tensors. */
export async function fitDatasets(
  call: FitCall,
  sourceTags: readonly Tag[],
): Promise<readonly { readonly dataset: Dataset; readonly context: 'train' | 'eval' }[]> {
  const { method, model, input, args } = call;
  const { validationData } = args;
  const train = method === 'fit' ? await tensorDataset(model, input, sourceTags) : streamDataset(call, sourceTags);
  const validation = Array.isArray(validationData) ? await tensorDataset(model, validationData, sourceTags) : undefined;
  return [
    ...(train === undefined ? [] : [{ dataset: train, context: 'train' as const }]),
    ...(validation === undefined ? [] : [{ dataset: validation, context: 'eval' as const }]),
  ];
}

/** The first rows that fit was called with; undefined where they cannot be had without reading a data set. */
export async function inputExample({ method, model, input }: FitCall): Promise<InputExample | undefined> {
  if (method !== 'fit') return undefined;
  const named = nameTensors(input[0], model.inputNames);
  if (named.length === 0) return undefined;
  const rows = await Promise.all(named.map(async ({ name, tensor }) => [name ?? '', await firstRows(tensor)] as const));
  const [only] = rows;
  if (only === undefined) return undefined;
  return named.length === 1 && named[0]?.name === undefined ? only[1] : Object.fromEntries(rows);
}

async function tensorDataset(
  model: ModelLike,
  [x, y]: readonly unknown[],
  sourceTags: readonly Tag[],
): Promise<Dataset | undefined> {
  const features = nameTensors(x, model.inputNames);
  const targets = nameTensors(y, model.outputNames);
  if (features.length === 0) return undefined;
  const byName =
    [...features, ...targets].length > 2 ? (a: Named, b: Named) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1) : () => 0;
  const inOrder = [...features.toSorted(byName), ...targets.toSorted(byName)];
  const arrays = await Promise.all(
    inOrder.map(async ({ tensor }) => ({ shape: tensor.shape, values: await tensor.data() })),
  );
  return {
    ...codeSource(sourceTags),
    name: 'dataset',
    digest: numpyDigest(arrays),
    schema: schemaOf(features.map(specOf), targets.map(specOf)),
    profile: JSON.stringify({
      ...profileOf('features', features),
      ...(targets.length === 0 ? {} : profileOf('targets', targets)),
    }),
  };
}

/** A data set that is read while training has only what the model and its size say. */
function streamDataset({ model, input: [stream] }: FitCall, sourceTags: readonly Tag[]): Dataset {
  const size = typeof stream === 'object' && stream !== null && 'size' in stream ? stream.size : undefined;
  const batchCount = typeof size === 'number' && Number.isFinite(size) ? { num_batches: size } : {};
  const schema = schemaOf(specsOf(model.inputs), specsOf(model.outputs));
  const digest = numpyDigest([{ shape: [], values: Buffer.from(JSON.stringify([schema, batchCount])) }]);
  return { ...codeSource(sourceTags), name: 'dataset', digest, schema, profile: JSON.stringify(batchCount) };
}

function codeSource(sourceTags: readonly Tag[]): Pick<Dataset, 'sourceType' | 'source'> {
  const tags = Object.fromEntries(sourceTags.map(({ key, value }) => [key, value]));
  return { sourceType: 'code', source: JSON.stringify({ tags }) };
}

/** The specs inside are JSON texts themselves, as MLflow has them. */
function schemaOf(features: readonly TensorSpec[], targets: readonly TensorSpec[]): string {
  const text = (specs: readonly TensorSpec[]): string | null => (specs.length === 0 ? null : JSON.stringify(specs));
  return JSON.stringify({ mlflow_tensorspec: { features: text(features), targets: text(targets) } });
}

function profileOf(what: 'features' | 'targets', named: readonly Named[]): Readonly<Record<string, unknown>> {
  const of = <T>(read: (tensor: TensorLike) => T): unknown => {
    const values = named.map(({ name, tensor }) => [name ?? '', read(tensor)] as const);
    return named.length === 1 && named[0]?.name === undefined ? values[0]?.[1] : Object.fromEntries(values);
  };
  return {
    [`${what}_shape`]: of((tensor) => tensor.shape),
    [`${what}_size`]: of(sizeOf),
    [`${what}_nbytes`]: of((tensor) => sizeOf(tensor) * (BYTES[tensor.dtype] ?? 0)),
  };
}

function nameTensors(given: unknown, names: readonly string[]): readonly Named[] {
  if (isTensor(given)) return [{ name: undefined, tensor: given }];
  if (Array.isArray(given)) {
    const tensors = given.filter(isTensor);
    if (tensors.length === 1 && tensors[0] !== undefined) return [{ name: undefined, tensor: tensors[0] }];
    return tensors.map((tensor, index) => ({ name: names[index] ?? String(index), tensor }));
  }
  if (typeof given !== 'object' || given === null) return [];
  return Object.entries(given).flatMap(([name, tensor]) => (isTensor(tensor) ? [{ name, tensor }] : []));
}

function specOf({ name, tensor }: Named): TensorSpec {
  const shape = [-1, ...tensor.shape.slice(1)];
  return {
    ...(name === undefined ? {} : { name }),
    type: 'tensor',
    'tensor-spec': { dtype: numpyType(tensor.dtype), shape },
  };
}

function specsOf(symbols: readonly SymbolicLike[]): readonly TensorSpec[] {
  return symbols.map(({ name, shape, dtype }) => ({
    ...(symbols.length === 1 ? {} : { name }),
    type: 'tensor',
    'tensor-spec': { dtype: numpyType(dtype), shape: shape.map((length) => length ?? -1) },
  }));
}

function numpyType(dtype: string): string {
  return NUMPY_TYPES[dtype] ?? dtype;
}

function sizeOf({ shape }: TensorLike): number {
  return shape.reduce((size, length) => size * length, 1);
}

async function firstRows(tensor: TensorLike): Promise<readonly unknown[]> {
  const [rowCount = 1, ...rowShape] = tensor.shape;
  const values = await tensor.data();
  const shape = [Math.min(rowCount, EXAMPLE_ROWS), ...rowShape];
  const read = (value: unknown): unknown => {
    if (tensor.dtype === 'bool') return Boolean(value);
    return typeof value === 'number' && !Number.isFinite(value) ? null : value;
  };
  const nest = ([length = 1, ...inner]: readonly number[], offset: number): unknown[] => {
    const width = inner.reduce((size, each) => size * each, 1);
    return Array.from({ length }, (_, index) =>
      inner.length === 0 ? read(values[offset + index]) : nest(inner, offset + index * width),
    );
  };
  return nest(shape, 0);
}
