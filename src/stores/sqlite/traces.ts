// Traces in MLflow's database, as its own Python client and server keep them: read only, whatever version wrote them.
import { mlflowError } from '../../errors.ts';
import type { Assessment, AssessmentError, AssessmentInfo, AssessmentSourceType } from '../../model/assessments.ts';
import { ASSESSMENT_SOURCE_TYPES } from '../../model/assessments.ts';
import { type KeptSpan, type KeptTrace, SPANS_PLACE_TAG, type TraceInfo, type TraceState } from '../../model/traces.ts';
import { parseExact } from '../../rest/wire/exact-json.ts';
import { keptSpansAnswer } from '../../rest/wire/wire-traces.ts';
import type { ListedTrace } from '../contract.ts';
import type { SqliteDatabase } from './database.ts';
import type { SqliteContext } from './experiments.ts';

type Row = Readonly<Record<string, string | number | null | undefined>>;

/** What newer versions keep in columns, and give out as metadata, by the names in its JSON. */
const COLUMNS_OF_METADATA = {
  'mlflow.trace.tokenUsage': [
    'input_tokens',
    'output_tokens',
    'total_tokens',
    'cache_read_input_tokens',
    'cache_creation_input_tokens',
    'cache_creation_input_tokens_above_1hr',
  ],
  'mlflow.trace.cost': ['input_cost', 'output_cost', 'total_cost'],
} as const;

const STATES: ReadonlySet<string> = new Set(['OK', 'ERROR', 'IN_PROGRESS']);

/** Lists the traces of an experiment, the oldest first. */
export function* listTraces({ database }: SqliteContext, experimentId: string): Generator<ListedTrace> {
  if (!hasTable(database, 'trace_info')) return;
  const rows = database.all<{ id: string }>(
    'SELECT request_id AS id FROM trace_info WHERE experiment_id = ? ORDER BY timestamp_ms, request_id',
    experimentId,
  );
  for (const { id } of rows) yield { traceId: id, read: async () => database.read(() => readTrace(database, id)) };
}

function readTrace(database: SqliteDatabase, traceId: string): KeptTrace {
  const row = database.get<Row>('SELECT * FROM trace_info WHERE request_id = ?', traceId);
  if (row === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Trace with ID '${traceId}' not found.`);
  const name = text(row['trace_name']);
  const tags: Readonly<Record<string, string>> = {
    ...pairsOf(database, 'trace_tags', traceId),
    ...(name === undefined ? {} : { 'mlflow.traceName': name }),
  };
  return {
    info: { ...infoOf(database, row), tags, assessments: assessmentsOf(database, traceId) },
    spans: spansOf(database, traceId, tags[SPANS_PLACE_TAG]),
    runIds: runsOf(database, traceId),
  };
}

function infoOf(database: SqliteDatabase, row: Row): Omit<TraceInfo, 'tags' | 'assessments'> {
  const status = text(row['status']) ?? '';
  const traceId = text(row['request_id']) ?? '';
  return {
    traceId,
    experimentId: text(row['experiment_id']),
    requestTimeMs: Number(row['timestamp_ms']),
    executionDurationMs: numberOf(row['execution_time_ms']),
    // the cast: it is one of those
    state: STATES.has(status) ? (status as TraceState) : 'STATE_UNSPECIFIED',
    requestPreview: text(row['request_preview']),
    responsePreview: text(row['response_preview']),
    clientRequestId: text(row['client_request_id']),
    traceMetadata: { ...pairsOf(database, 'trace_request_metadata', traceId), ...metadataOf(row) },
  };
}

function metadataOf(row: Row): Readonly<Record<string, string>> {
  const found = Object.entries(COLUMNS_OF_METADATA).flatMap(([key, columns]) => {
    const values = columns.flatMap((column) => {
      const value = numberOf(row[column]);
      return value === undefined ? [] : [[column, value] as const];
    });
    return values.length === 0 ? [] : [[key, JSON.stringify(Object.fromEntries(values))] as const];
  });
  const session = text(row['session_id']);
  return { ...Object.fromEntries(found), ...(session === undefined ? {} : { 'mlflow.trace.session': session }) };
}

/** Versions before 3.5 kept spans in files alone; newer ones say by a tag where they are. */
function spansOf(
  database: SqliteDatabase,
  traceId: string,
  place: string | undefined,
): readonly KeptSpan[] | undefined {
  if (place !== 'TRACKING_STORE' || !hasTable(database, 'spans')) return undefined;
  const rows = database.all<{ content: string }>(
    'SELECT content FROM spans WHERE trace_id = ? ORDER BY start_time_unix_nano, span_id',
    traceId,
  );
  return decoded(traceId, () => keptSpansAnswer.parse({ spans: rows.map(({ content }) => parseExact(content)) }));
}

function runsOf(database: SqliteDatabase, traceId: string): readonly string[] {
  if (!hasTable(database, 'entity_associations')) return [];
  const rows = database.all<{ id: string }>(
    `SELECT destination_id AS id FROM entity_associations
     WHERE source_type = 'trace' AND source_id = ? AND destination_type = 'run' ORDER BY destination_id`,
    traceId,
  );
  return rows.map(({ id }) => id);
}

function assessmentsOf(database: SqliteDatabase, traceId: string): readonly Assessment[] {
  if (!hasTable(database, 'assessments')) return [];
  const rows = database.all<Row>(
    'SELECT * FROM assessments WHERE trace_id = ? ORDER BY created_timestamp, assessment_id',
    traceId,
  );
  return decoded(traceId, () => rows.map(toAssessment));
}

function toAssessment(row: Row): Assessment {
  const json = (column: string): unknown => {
    const value = text(row[column]);
    return value === undefined ? undefined : parseExact(value);
  };
  const sourceType = text(row['source_type']) ?? '';
  const info: AssessmentInfo = {
    assessmentId: text(row['assessment_id']) ?? '',
    traceId: text(row['trace_id']) ?? '',
    name: text(row['name']) ?? '',
    // the cast: it is one of those
    source: {
      sourceType: ASSESSMENT_SOURCE_TYPES.has(sourceType) ? (sourceType as AssessmentSourceType) : 'CODE',
      sourceId: text(row['source_id']) ?? 'default',
    },
    spanId: text(row['span_id']),
    metadata: (json('assessment_metadata') ?? {}) as AssessmentInfo['metadata'], // MLflow writes texts there
    createTimeMs: Number(row['created_timestamp']),
    lastUpdateTimeMs: Number(row['last_updated_timestamp']),
    isValid: row['valid'] === 1,
  };
  const value = json('value');
  const rationale = text(row['rationale']);
  const kind = row['assessment_type'];
  if (kind === 'expectation') return { kind, ...info, value };
  if (kind === 'issue') return { kind, ...info, issueName: fieldOf(value, 'issue_name') ?? '', rationale };
  return {
    kind: 'feedback',
    ...info,
    value,
    error: toError(json('error')),
    rationale,
    overrides: text(row['overrides']),
  };
}

function toError(from: unknown): AssessmentError | undefined {
  const errorCode = fieldOf(from, 'error_code');
  if (errorCode === undefined) return undefined;
  const [errorMessage, stackTrace] = [fieldOf(from, 'error_message'), fieldOf(from, 'stack_trace')];
  return {
    errorCode,
    ...(errorMessage === undefined ? {} : { errorMessage }),
    ...(stackTrace === undefined ? {} : { stackTrace }),
  };
}

function fieldOf(from: unknown, name: string): string | undefined {
  if (typeof from !== 'object' || from === null) return undefined;
  const value: unknown = Object.entries(from).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value : undefined;
}

function pairsOf(
  database: SqliteDatabase,
  table: 'trace_tags' | 'trace_request_metadata',
  traceId: string,
): Readonly<Record<string, string>> {
  const rows = database.all<{ key: string; value: string | null }>(
    `SELECT "key", value FROM ${table} WHERE request_id = ? ORDER BY "key"`,
    traceId,
  );
  return Object.fromEntries(rows.map(({ key, value }) => [key, value ?? '']));
}

function hasTable(database: SqliteDatabase, name: string): boolean {
  return database.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name) !== undefined;
}

function decoded<T>(traceId: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw mlflowError('INVALID_STATE', `Trace with ID '${traceId}' is damaged.`, cause);
  }
}

function text(value: Row[string]): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

function numberOf(value: Row[string]): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
