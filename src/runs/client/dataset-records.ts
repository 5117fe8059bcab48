// Records of evaluation datasets as MLflow takes them: what Python's client fills in and refuses before it sends them.
import { mlflowError } from '../../errors.ts';
import type { DatasetRecordSourceType, JsonObject, NewDatasetRecord } from '../../model/datasets.ts';
import type { Trace } from '../../model/traces.ts';

/** A record of one question, or of a whole conversation that is to be simulated; unknown where it asks nothing. */
type Granularity = 'trace' | 'session' | 'unknown';

/** The input that makes a conversation. */
const GOAL = 'goal';
const SESSION_INPUTS: ReadonlySet<string> = new Set([GOAL, 'persona', 'context', 'simulation_guidelines']);

/**
 * Fills in where records come from and who brings them. Throws `INVALID_PARAMETER_VALUE` for records that are none, or that ask for
 * two kinds of things.
 *
 * @param schema the dataset's own, a JSON text; undefined while it has no records
 */
export function prepareRecords(
  records: readonly NewDatasetRecord[],
  schema: string | undefined,
  userName: string,
): readonly NewDatasetRecord[] {
  for (const record of records) {
    if (typeof record !== 'object' || record === null) throw invalid('Each record must be an object.');
    if (!isObject(record.inputs)) throw invalid("Each record must have 'inputs', an object.");
  }
  checkGranularity(records, schema);
  return records.map((record) => {
    const sourceType = inferSourceType(record);
    return {
      ...record,
      ...(record.source !== undefined || sourceType === undefined ? {} : { source: { sourceType } }),
      tags: { 'mlflow.user': userName, ...record.tags },
    };
  });
}

/** Records as they are, and traces as records: what was asked, what was answered, and what is expected of it. */
export function recordsOf(given: readonly NewDatasetRecord[] | readonly Trace[]): readonly NewDatasetRecord[] {
  if (!isTrace(given[0])) return given as readonly NewDatasetRecord[]; // else the next line refuses what is mixed
  return given.map((each) => {
    if (!isTrace(each)) throw invalid('Records are traces, or none of them is one.');
    return recordOf(each);
  });
}

function recordOf({ info, data }: Trace): NewDatasetRecord {
  const root = data.spans.find(({ parentId }) => parentId === undefined);
  const expected = info.assessments.flatMap((each) =>
    each.kind === 'expectation' && each.isValid ? [[each.name, each.value] as const] : [],
  );
  const session = info.traceMetadata['mlflow.trace.session'];
  return {
    inputs: (root?.inputs ?? {}) as JsonObject, // looked at as any record's
    outputs: root?.outputs ?? null,
    expectations: Object.fromEntries(expected),
    source: {
      sourceType: 'TRACE',
      sourceData: { trace_id: info.traceId, ...(session === undefined ? {} : { session_id: session }) },
    },
  };
}

function isTrace(given: unknown): given is Trace {
  return isObject(given) && isObject(given['info']) && isObject(given['data']);
}

/** What somebody expects, somebody has written; what nothing is expected of, a program has made. */
function inferSourceType({ expectations }: NewDatasetRecord): DatasetRecordSourceType | undefined {
  if (expectations === undefined) return 'CODE';
  return isObject(expectations) && Object.keys(expectations).length > 0 ? 'HUMAN' : undefined;
}

function checkGranularity(records: readonly NewDatasetRecord[], schema: string | undefined): void {
  const kinds = new Set<Granularity>();
  for (const { inputs } of records) {
    const keys = Object.keys(inputs);
    const kind = classify(keys);
    if (kind === 'unknown' && keys.length > 0) {
      const others = keys.filter((key) => !SESSION_INPUTS.has(key));
      throw invalid(`Inputs with '${GOAL}' cannot have ${others.join(', ')} too: put them into 'context'.`);
    }
    kinds.add(kind);
  }
  const hasEmptyInputs = kinds.delete('unknown');
  if (kinds.size > 1) throw invalid(`All records must ask for one kind of thing: some have '${GOAL}', others not.`);
  const [kind = 'unknown'] = kinds;
  const known = granularityOf(schema);
  if (hasEmptyInputs && (kind === 'session' || known === 'session'))
    throw invalid(`Inputs of a conversation cannot be empty: '${GOAL}' is needed.`);
  if (kind !== 'unknown' && known !== 'unknown' && kind !== known)
    throw invalid(`The dataset has records by ${known}, and cannot have some by ${kind} too.`);
}

function granularityOf(schema: string | undefined): Granularity {
  if (schema === undefined) return 'unknown';
  let parsed: unknown;
  try {
    parsed = JSON.parse(schema);
  } catch {
    // a schema that is no JSON says nothing, as in Python
    return 'unknown';
  }
  const inputs = isObject(parsed) ? parsed['inputs'] : undefined;
  return classify(isObject(inputs) ? Object.keys(inputs) : []);
}

function classify(keys: readonly string[]): Granularity {
  if (keys.length === 0) return 'unknown';
  if (!keys.includes(GOAL)) return 'trace';
  return keys.every((key) => SESSION_INPUTS.has(key)) ? 'session' : 'unknown';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
