// Values as OTLP has them: any value of JSON as an AnyValue, and the other way round.

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
/** What is nested deeper is no JSON that MLflow's server reads again: protobuf stops at 100 messages. */
const MAX_DEPTH = 30;

/**
 * Writes a value as OTLP-JSON's AnyValue: integers exactly, nothing as no value; what is no JSON is a text, as in Python.
 *
 * @example
 * toAnyValue({ n: 9007199254740993n }); // { kvlistValue: { values: [{ key: 'n', value: { intValue: '9007199254740993' } }] } }
 */
export function toAnyValue(value: unknown, depth = 0): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'string') return { stringValue: wellFormed(value) };
  if (typeof value === 'bigint')
    return value >= MIN_INT64 && value <= MAX_INT64 ? { intValue: String(value) } : { stringValue: String(value) };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? { intValue: String(value) }
      : { doubleValue: Number.isFinite(value) ? value : String(value) };
  if (typeof value === 'function' || typeof value === 'symbol') return { stringValue: String(value) };
  if (depth >= MAX_DEPTH) return { stringValue: Array.isArray(value) ? '[…]' : '{…}' };
  if (Array.isArray(value)) return { arrayValue: { values: value.map((each) => toAnyValue(each, depth + 1)) } };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  const object: object = value;
  if ('toJSON' in object && typeof object.toJSON === 'function') return toAnyValue(object.toJSON(), depth + 1);
  return { kvlistValue: { values: toKeyValues(object, depth + 1) } };
}

/** Writes keys with values as OTLP-JSON's list of them. */
export function toKeyValues(from: object, depth = 0): readonly Readonly<Record<string, unknown>>[] {
  return Object.entries(from).map(([key, value]) => ({ key: wellFormed(key), value: toAnyValue(value, depth) }));
}

/** Reads an AnyValue with protobuf's names: `string_value` and so on. Bytes stay the text of base64 that they are. */
export function fromAnyValue(from: unknown): unknown {
  if (!isRecord(from)) return null;
  const { array_value: list, kvlist_value: pairs, double_value: double } = from;
  if (isRecord(list)) return Array.isArray(list['values']) ? list['values'].map(fromAnyValue) : [];
  if (isRecord(pairs)) return fromKeyValues(pairs['values']);
  if (double !== undefined) return Number(double);
  if (from['int_value'] !== undefined) return toInteger(from['int_value']);
  return from['string_value'] ?? from['bool_value'] ?? from['bytes_value'] ?? null;
}

/** Reads a list of keys with AnyValues. */
export function fromKeyValues(from: unknown): Readonly<Record<string, unknown>> {
  if (!Array.isArray(from)) return {};
  const pairs = (from as readonly unknown[]).filter(isRecord);
  return Object.fromEntries(
    pairs.map((pair) => [typeof pair['key'] === 'string' ? pair['key'] : '', fromAnyValue(pair['value'])]),
  );
}

/** A number where it holds it exactly; protobuf may write an int64 as a text. */
function toInteger(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const exact = BigInt(value);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Half of a surrogate pair is no UTF-8; the server would answer 400 to all of the request. */
function wellFormed(value: string): string {
  return value.replace(/\p{Surrogate}/gu, '\ufffd');
}
