// The digest that MLflow's Python client gives a numpy array: the same numbers have the same digest in both languages.
import { createHash } from 'node:crypto';

/** One array to be hashed. */
export interface HashedArray {
  readonly shape: readonly number[];
  /** Numbers as numpy would hold them; anything else counts by its size alone, as in Python. */
  readonly values: ArrayLike<unknown>;
}

/** As many elements of each array as Python looks at (mlflow/data/digest_utils.py, MAX_ROWS). */
const MAX_COUNT = 10_000;

/**
 * Computes the digest over arrays in order; 8 hex characters.
 *
 * @see mlflow/data/digest_utils.py (compute_numpy_digest), pandas.util.hash_array
 * @example
 * numpyDigest([{ shape: [2], values: new Float32Array([1, 2]) }]);
 */
export function numpyDigest(arrays: readonly HashedArray[]): string {
  const md5 = createHash('md5');
  for (const { shape, values } of arrays) {
    const bits = ArrayBuffer.isView(values) ? bitsOf(values) : undefined;
    if (bits === undefined) md5.update(new BigInt64Array([BigInt(Math.min(values.length, MAX_COUNT))]));
    else md5.update(mix(bits));
    md5.update(BigInt64Array.from(shape, BigInt));
  }
  return md5.digest('hex').slice(0, 8);
}

/** The first elements as unsigned integers of their own width, in pairs of low and high halves. */
function bitsOf(values: ArrayBufferView): Uint32Array | undefined {
  if (values instanceof Float64Array) {
    const few = values.slice(0, MAX_COUNT);
    return new Uint32Array(few.buffer);
  }
  let words: ArrayLike<number> | undefined;
  if (values instanceof Float32Array || values instanceof Int32Array) {
    const few = values.slice(0, MAX_COUNT);
    words = new Uint32Array(few.buffer);
  } else if (values instanceof Uint8Array || values instanceof Uint8ClampedArray) words = values.subarray(0, MAX_COUNT);
  if (words === undefined) return undefined;
  const pairs = new Uint32Array(words.length * 2);
  for (let index = 0; index < words.length; index += 1) pairs[index * 2] = words[index] ?? 0;
  return pairs;
}

/** pandas' hash of 64-bit integers, in place, in halves of 32 bits: BigInt would take fifty times as long. */
function mix(pairs: Uint32Array): Uint8Array {
  for (let at = 0; at < pairs.length; at += 2) {
    let low = pairs[at] ?? 0;
    let high = pairs[at + 1] ?? 0;
    [low, high] = xorShift(low, high, 30);
    [low, high] = multiply(low, high, 0x1ce4e5b9, 0xbf58476d);
    [low, high] = xorShift(low, high, 27);
    [low, high] = multiply(low, high, 0x133111eb, 0x94d049bb);
    [low, high] = xorShift(low, high, 31);
    pairs[at] = low;
    pairs[at + 1] = high;
  }
  return new Uint8Array(pairs.buffer);
}

function xorShift(low: number, high: number, by: number): [number, number] {
  return [low ^ ((low >>> by) | (high << (32 - by))), high ^ (high >>> by)];
}

/** The lower 64 bits of a product. */
function multiply(low: number, high: number, otherLow: number, otherHigh: number): [number, number] {
  low >>>= 0;
  const a = low & 0xffff;
  const b = low >>> 16;
  const c = otherLow & 0xffff;
  const d = otherLow >>> 16;
  const ac = a * c;
  const middle = b * c + (ac >>> 16);
  const cross = a * d + (middle % 0x10000);
  const lower = ((cross % 0x10000) * 0x10000 + (ac & 0xffff)) >>> 0;
  const upper = b * d + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000);
  return [lower, (upper + Math.imul(low, otherHigh) + Math.imul(high, otherLow)) >>> 0];
}
