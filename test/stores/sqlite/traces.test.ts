// Traces in MLflow's database, from rows as its versions write them; what the newest writes is read in test/live/copy.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import type { KeptTrace } from '../../../src/model/traces.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';

const ID = `tr-${'ab'.repeat(16)}`;
const SPAN = {
  trace_id: Buffer.from('ab'.repeat(16), 'hex').toString('base64'),
  span_id: Buffer.from('cd'.repeat(8), 'hex').toString('base64'),
  parent_span_id: null,
  name: 'root',
  end_time_unix_nano: null,
  status: { code: 'STATUS_CODE_OK', message: '' },
  attributes: { 'mlflow.spanInputs': '{"n": 1.0}', text: '"1"' },
  events: [{ name: 'seen', time_unix_nano: 5, attributes: { a: 1 } }],
};

/** Makes a database of MLflow 3.8's schema, changes it, and reads its traces. */
async function readTraces(change: (database: DatabaseSync) => void): Promise<readonly (KeptTrace | string)[]> {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-traces-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = openSqliteStore({ path: join(folder, 'mlflow.db'), artifactRoot: folder });
  onTestFinished(() => store.close());
  const database = new DatabaseSync(join(folder, 'mlflow.db'));
  change(database);
  database.close();
  const traces: (KeptTrace | string)[] = [];
  for await (const listed of store.listTraces?.('0') ?? [])
    traces.push(await listed.read().catch((error: Error) => error.message));
  return traces;
}

function insertTrace(database: DatabaseSync): void {
  database.exec(`
    INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, client_request_id)
      VALUES ('${ID}', 0, 1700000000000, 12, 'OK', 'c-1');
    INSERT INTO trace_tags (request_id, "key", value) VALUES ('${ID}', 'mlflow.traceName', 'root'), ('${ID}', 'k', 'ü');
    INSERT INTO trace_request_metadata (request_id, "key", value) VALUES ('${ID}', 'mlflow.sourceRun', 'r1');`);
}

function insertSpan(database: DatabaseSync, content: string): void {
  database.prepare(`INSERT INTO trace_tags VALUES ('mlflow.trace.spansLocation', 'TRACKING_STORE', ?)`).run(ID);
  database
    .prepare(
      `INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content) VALUES (?, 0, 's', 'OK', 1, ?)`,
    )
    .run(ID, content);
}

it('are read with spans to the nanosecond, their attributes to the letter, links and what was thought of them', async () => {
  const [trace] = await readTraces((database) => {
    insertTrace(database);
    const json = JSON.stringify(SPAN);
    insertSpan(database, json.replace('"name"', '"start_time_unix_nano": 1795777169949992482, "name"'));
    database.exec(`
      INSERT INTO entity_associations (association_id, source_type, source_id, destination_type, destination_id)
        VALUES ('1', 'trace', '${ID}', 'run', 'r2'), ('2', 'trace', '${ID}', 'prompt_version', 'p/1');
      INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, error, created_timestamp,
          last_updated_timestamp, source_type, source_id, rationale, overrides, valid, assessment_metadata)
        VALUES ('a-2', '${ID}', 'good', 'feedback', 'null', '{"error_code": "E", "error_message": "m"}', 2, 3, 'HUMAN', 'ada',
          'why', 'a-1', 1, '{"a": "b"}'),
        ('a-1', '${ID}', 'wanted', 'expectation', '{"n": 9007199254740993}', NULL, 1, 1, 'AI', NULL, NULL, NULL, 0, NULL);`);
  });
  expect(trace).toEqual({
    info: {
      traceId: ID,
      experimentId: '0',
      requestTimeMs: 1_700_000_000_000,
      executionDurationMs: 12,
      state: 'OK',
      requestPreview: undefined,
      responsePreview: undefined,
      clientRequestId: 'c-1',
      traceMetadata: { 'mlflow.sourceRun': 'r1' },
      tags: { k: 'ü', 'mlflow.traceName': 'root', 'mlflow.trace.spansLocation': 'TRACKING_STORE' },
      assessments: [
        {
          kind: 'expectation',
          assessmentId: 'a-1',
          traceId: ID,
          name: 'wanted',
          value: { n: 9007199254740993n },
          source: { sourceType: 'CODE', sourceId: 'default' },
          spanId: undefined,
          metadata: {},
          createTimeMs: 1,
          lastUpdateTimeMs: 1,
          isValid: false,
        },
        {
          kind: 'feedback',
          assessmentId: 'a-2',
          traceId: ID,
          name: 'good',
          value: null,
          error: { errorCode: 'E', errorMessage: 'm' },
          rationale: 'why',
          overrides: 'a-1',
          source: { sourceType: 'HUMAN', sourceId: 'ada' },
          spanId: undefined,
          metadata: { a: 'b' },
          createTimeMs: 2,
          lastUpdateTimeMs: 3,
          isValid: true,
        },
      ],
    },
    spans: [
      {
        traceId: ID,
        spanId: 'cd'.repeat(8),
        parentId: undefined,
        name: 'root',
        startTimeNs: 1795777169949992482n,
        endTimeNs: undefined,
        status: { code: 'OK', message: '' },
        attributes: SPAN.attributes,
        events: [{ name: 'seen', timeNs: 5n, attributes: { a: 1 } }],
        links: [],
      },
    ],
    runIds: ['r2'],
  });
});

it('of newer versions have name, session, tokens and cost in columns', async () => {
  const [trace] = await readTraces((database) => {
    insertTrace(database);
    const columns = [
      'trace_name TEXT',
      'session_id TEXT',
      'input_tokens BIGINT',
      'total_tokens BIGINT',
      'input_cost FLOAT',
    ];
    for (const column of columns) database.exec(`ALTER TABLE trace_info ADD COLUMN ${column}`);
    database.exec(
      `UPDATE trace_info SET trace_name = 'Name', session_id = 's', input_tokens = 3, total_tokens = 5, input_cost = 0.5`,
    );
  });
  expect(trace).toMatchObject({
    info: {
      tags: { 'mlflow.traceName': 'Name' },
      traceMetadata: {
        'mlflow.sourceRun': 'r1',
        'mlflow.trace.session': 's',
        'mlflow.trace.tokenUsage': '{"input_tokens":3,"total_tokens":5}',
        'mlflow.trace.cost': '{"input_cost":0.5}',
      },
    },
  });
});

it('of older versions have their spans in a file, and no tables for more', async () => {
  const [trace] = await readTraces((database) => {
    insertTrace(database);
    database.exec('DROP TABLE spans; DROP TABLE assessments; DROP TABLE entity_associations');
  });
  expect(trace).toMatchObject({ spans: undefined, runIds: [], info: { assessments: [] } });
});

it('are none before MLflow had any', async () => {
  expect(
    await readTraces((database) =>
      database.exec(
        'DROP TABLE spans; DROP TABLE assessments; DROP TABLE trace_tags; DROP TABLE trace_request_metadata; DROP TABLE trace_info',
      ),
    ),
  ).toEqual([]);
});

it.each(['', '{', '{"name": 5}'])('with the damaged span %j are named, and the others are read', async (content) => {
  const read = await readTraces((database) => {
    insertTrace(database);
    insertSpan(database, content);
    database.exec(
      `INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('tr-2', 0, 1700000000001, 'ODD')`,
    );
  });
  expect(read).toMatchObject([
    expect.stringMatching(new RegExp(`'${ID}' is damaged`)),
    { info: { traceId: 'tr-2', state: 'STATE_UNSPECIFIED' } },
  ]);
});
