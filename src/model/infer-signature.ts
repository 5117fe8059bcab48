// What a model takes and gives, read off examples: MLflow's signature as MLmodel holds it, JSON texts.
import { RunspanError } from '../errors.ts';
import { isDate, isPlainObject } from './any-realm.ts';

/** A signature as MLmodel holds it; null for what was not given. */
export interface ModelSignature {
  /** What the model takes, a JSON text of columns or tensors; null where nothing is known. */
  readonly inputs: string | null;
  /** What the model gives, in the same form. */
  readonly outputs: string | null;
  /** Its params with their defaults, in the same form. */
  readonly params: string | null;
}

/** Examples to read a signature off. */
export interface SignatureExamples {
  /** What the model is given. */
  readonly inputs?: unknown;
  /** What it answers. */
  readonly outputs?: unknown;
  /** Its params with their defaults. */
  readonly params?: Readonly<Record<string, unknown>>;
}

type Type =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'array'; readonly items: Type }
  | { readonly kind: 'object'; readonly properties: ReadonlyMap<string, Property> }
  /** Nothing but nulls. */
  | { readonly kind: 'unknown' };

interface Property {
  readonly type: Type;
  readonly isRequired: boolean;
}

/** Something with a shape: a tensor, or a typed array. */
interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Thrown inside where values of one place have no type in common: the schema is then `any`, as MLflow says. */
class MixedTypes extends Error {}

const ANY = [{ type: 'any', required: true }];

const TYPED_ARRAYS: Readonly<Record<string, string>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigInt64Array: 'int64',
  BigUint64Array: 'uint64',
};

/**
 * Infers what a model takes and gives, as Python's `mlflow.models.infer_signature`: rows or an object become named columns, a list or a
 * single value one column without a name, tensors and typed arrays tensors. Whole numbers are `long`, others `double`; a column that
 * holds both is `double`, because JavaScript has one type of number (Python says `any`).
 *
 * @returns JSON texts, for the field `signature` of an MLmodel file
 * @throws {RunspanError} `INVALID_ARGUMENT` where nothing is given
 * @example
 * inferSignature({ inputs: [{ age: 59, sex: 'f' }], outputs: [151.5] });
 */
export function inferSignature(examples: SignatureExamples): ModelSignature {
  const { inputs, outputs, params } = examples;
  if (inputs === undefined && outputs === undefined && params === undefined)
    throw new RunspanError('INVALID_ARGUMENT', 'inferSignature() needs an example of inputs, of outputs, or params.');
  return {
    inputs: inputs === undefined ? null : JSON.stringify(schemaOf(inputs)),
    outputs: outputs === undefined ? null : JSON.stringify(schemaOf(outputs)),
    params:
      params === undefined ? null : JSON.stringify(Object.entries(params).map(([name, value]) => paramOf(name, value))),
  };
}

/**
 * The names of a schema's columns or tensors, in order; their numbers where they have none.
 *
 * @example
 * signatureNames(inferSignature({ inputs: [{ a: 1, b: 2 }] }).inputs); // ['a', 'b']
 */
export function signatureNames(schema: string | null): readonly (string | number)[] {
  const columns = JSON.parse(schema ?? '[]') as readonly { readonly name?: string }[];
  return columns.map(({ name }, index) => name ?? index);
}

function schemaOf(value: unknown): readonly object[] {
  const tensor = tensorOf(value);
  if (tensor !== undefined) return [tensorSpec(tensor)];
  if (isPlain(value)) {
    const named = Object.entries(value).map(([name, each]) => [name, tensorOf(each)] as const);
    if (named.length > 0 && named.every(([, each]) => each !== undefined))
      return named.map(([name, each]) => ({ name, ...tensorSpec(each as Tensor) })); // just checked
  }
  try {
    return columnsOf(value);
  } catch (error) {
    if (error instanceof MixedTypes) return ANY;
    throw error;
  }
}

function columnsOf(value: unknown): readonly object[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isPlain)) return named(value.map(typeOf).reduce(merge));
  if (isPlain(value)) return Object.keys(value).length === 0 ? ANY : named(typeOf(value));
  const type: Type = Array.isArray(value) ? value.map(typeOf).reduce<Type>(merge, UNKNOWN) : typeOf(value);
  const isEmpty = Array.isArray(value) && value.length === 0;
  const hasNull = Array.isArray(value) && value.some((each) => each === null || each === undefined);
  return [{ ...spell(isEmpty ? { kind: 'scalar', name: 'string' } : type), required: !hasNull && value !== null }];
}

const UNKNOWN: Type = { kind: 'unknown' };

function named(type: Type): readonly object[] {
  if (type.kind !== 'object') return ANY;
  return Array.from(type.properties, ([name, { type: each, isRequired }]) => ({
    ...spell(each),
    name,
    required: isRequired,
  }));
}

function typeOf(value: unknown): Type {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value === 'number') return { kind: 'scalar', name: Number.isInteger(value) ? 'long' : 'double' };
  if (typeof value === 'bigint') return { kind: 'scalar', name: 'long' };
  if (typeof value === 'boolean') return { kind: 'scalar', name: 'boolean' };
  if (typeof value === 'string') return { kind: 'scalar', name: 'string' };
  if (isDate(value)) return { kind: 'scalar', name: 'datetime' };
  if (value instanceof Uint8Array) return { kind: 'scalar', name: 'binary' };
  if (Array.isArray(value)) return { kind: 'array', items: value.map(typeOf).reduce<Type>(merge, UNKNOWN) };
  if (!isPlain(value)) throw new MixedTypes();
  const properties = Object.entries(value).map(
    ([name, each]) => [name, { type: typeOf(each), isRequired: each !== null && each !== undefined }] as const,
  );
  return { kind: 'object', properties: new Map(properties) };
}

function merge(a: Type, b: Type): Type {
  if (a.kind === 'unknown') return b;
  if (b.kind === 'unknown') return a;
  if (a.kind === 'array' && b.kind === 'array') return { kind: 'array', items: merge(a.items, b.items) };
  if (a.kind === 'object' && b.kind === 'object')
    return { kind: 'object', properties: mergeProperties(a.properties, b.properties) };
  if (a.kind !== 'scalar' || b.kind !== 'scalar') throw new MixedTypes();
  if (a.name === b.name) return a;
  const isNumber = ({ name }: { readonly name: string }): boolean => name === 'long' || name === 'double';
  if (isNumber(a) && isNumber(b)) return { kind: 'scalar', name: 'double' };
  throw new MixedTypes();
}

/** What is missing on one side is not required. */
function mergeProperties(
  a: ReadonlyMap<string, Property>,
  b: ReadonlyMap<string, Property>,
): ReadonlyMap<string, Property> {
  const merged = new Map<string, Property>();
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [left, right] = [a.get(name), b.get(name)];
    merged.set(name, {
      type: merge(left?.type ?? UNKNOWN, right?.type ?? UNKNOWN),
      isRequired: left?.isRequired === true && right?.isRequired === true,
    });
  }
  return merged;
}

function spell(type: Type): Readonly<Record<string, unknown>> {
  if (type.kind === 'scalar') return { type: type.name };
  if (type.kind === 'unknown') return { type: 'any' };
  if (type.kind === 'array') return { type: 'array', items: spell(type.items) };
  const sorted = [...type.properties].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const properties = sorted.map(([name, { type: each, isRequired }]) => [
    name,
    { ...spell(each), required: isRequired },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties) as unknown };
}

/** One default, or a list of them: a shape says which. */
function paramOf(name: string, value: unknown): object {
  const isList = Array.isArray(value);
  const type: Type = isList ? value.map(typeOf).reduce<Type>(merge, UNKNOWN) : typeOf(value);
  if (type.kind !== 'scalar')
    throw new RunspanError(
      'INVALID_ARGUMENT',
      `Param '${name}' of a signature must be a text, a number, a boolean, a date, or a list of one of them.`,
    );
  return { name, default: value, shape: isList ? [-1] : null, type: type.name };
}

/** The first dimension is that of the rows, of which there may be any number. */
function tensorSpec({ dtype, shape }: Tensor): object {
  return { type: 'tensor', 'tensor-spec': { dtype, shape: shape.length === 0 ? [] : [-1, ...shape.slice(1)] } };
}

function tensorOf(value: unknown): Tensor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (ArrayBuffer.isView(value) && 'length' in value) {
    const dtype = TYPED_ARRAYS[value.constructor.name] ?? (Buffer.isBuffer(value) ? 'uint8' : undefined);
    return dtype === undefined ? undefined : { dtype, shape: [Number(value.length)] };
  }
  if (!('shape' in value) || !Array.isArray(value.shape) || !('dtype' in value) || typeof value.dtype !== 'string')
    return undefined;
  return { dtype: value.dtype === 'string' ? 'str' : value.dtype, shape: value.shape.map(Number) };
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return isPlainObject(value);
}
