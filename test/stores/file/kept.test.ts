// Traces and registry in MLflow's file store, from files as its versions write them; what the newest writes is in test/live/copy.test.ts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../../src/stores/contract.ts';
import { openFileStore } from '../../../src/stores/file/file-store.ts';

/** A store with these files in it, by path. */
async function openWith(files: Readonly<Record<string, string>>): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = openFileStore({ path: folder });
  onTestFinished(() => store.close());
  await store.setExperimentTag('0', { key: 'a', value: 'b' });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return store;
}

async function readAll<T>(listed: AsyncIterable<{ read(): Promise<T> }> | undefined): Promise<readonly (T | string)[]> {
  const found: (T | string)[] = [];
  for await (const each of listed ?? []) found.push(await each.read().catch((error: Error) => error.message));
  return found;
}

describe('traces of a folder', () => {
  const V3 = `client_request_id: c-1
execution_duration_ms: 31
request_preview: '{"q": "hi"}'
request_time: '2026-11-27T10:59:35.080Z'
state: OK
trace_id: tr-1
trace_location:
  mlflow_experiment:
    experiment_id: '0'
  type: MLFLOW_EXPERIMENT
`;
  const FEEDBACK = `assessment_id: a-1
assessment_name: good
create_time: '2026-11-27T10:59:36.148Z'
feedback:
  value:
    x: [1.5, yes, null]
last_update_time: '2026-11-27T10:59:36.149Z'
rationale: why
source:
  source_id: ada
  source_type: HUMAN
trace_id: tr-1
valid: false
`;

  it('are read with tags, metadata and what was thought of them', async () => {
    const store = await openWith({
      '0/traces/tr-1/trace_info.yaml': V3,
      '0/traces/tr-1/tags/k': 'v ü',
      '0/traces/tr-1/request_metadata/mlflow.sourceRun': 'r1',
      '0/traces/tr-1/assessments/a-1.yaml': FEEDBACK,
    });
    expect(await readAll(store.listTraces?.('0'))).toEqual([
      {
        spans: undefined,
        runIds: [],
        info: {
          traceId: 'tr-1',
          experimentId: '0',
          requestTimeMs: Date.UTC(2026, 10, 27, 10, 59, 35, 80),
          executionDurationMs: 31,
          state: 'OK',
          requestPreview: '{"q": "hi"}',
          responsePreview: undefined,
          clientRequestId: 'c-1',
          traceMetadata: { 'mlflow.sourceRun': 'r1' },
          tags: { k: 'v ü', 'mlflow.artifactLocation': join(store.uri, '0/traces/tr-1/artifacts') },
          assessments: [
            {
              kind: 'feedback',
              assessmentId: 'a-1',
              traceId: 'tr-1',
              name: 'good',
              value: { x: [1.5, true, null] },
              error: undefined,
              rationale: 'why',
              overrides: undefined,
              source: { sourceType: 'HUMAN', sourceId: 'ada' },
              spanId: undefined,
              metadata: {},
              createTimeMs: Date.UTC(2026, 10, 27, 10, 59, 36, 148),
              lastUpdateTimeMs: Date.UTC(2026, 10, 27, 10, 59, 36, 149),
              isValid: false,
            },
          ],
        },
      },
    ]);
  });

  it('of MLflow 2 are read too, one that is damaged is named, and what is no trace is none', async () => {
    const store = await openWith({
      '0/traces/one/trace_info.yaml':
        "request_id: one\nexperiment_id: '0'\ntimestamp_ms: 1700000000000\nexecution_time_ms: 7\nstatus: ERROR\n",
      '0/traces/rubbish/notes.txt': 'x',
      '0/traces/two/trace_info.yaml': 'state: [',
    });
    expect(await readAll(store.listTraces?.('0'))).toMatchObject([
      { info: { traceId: 'one', requestTimeMs: 1_700_000_000_000, executionDurationMs: 7, state: 'ERROR' } },
      expect.stringMatching(/'two' is damaged: see .*traces\/two/),
    ]);
  });
});

describe('the registry of a folder', () => {
  const version = (number: number, stage: string): string => `creation_timestamp: 1795777288419
current_stage: ${stage}
description: n ${number}
last_updated_timestamp: 1795777288420
model_id: m-58295326bd6f44bba4ae26a9b5e4b6bb
name: churn ü
run_id: f5aca4623e0844c1a8ac7c0358e23f4a
run_link: null
source: /somewhere/artifacts
status: READY
status_message: null
user_id: null
version: ${number}
`;
  const META =
    'creation_timestamp: 1795777288398\ndescription: who\nlast_updated_timestamp: 1795777288451\nname: churn ü\n';

  it('is read with versions in their order, aliases and tags; what was deleted is not there', async () => {
    const store = await openWith({
      'models/churn ü/meta.yaml': META,
      'models/churn ü/tags/a': '1',
      'models/churn ü/aliases/best': '10',
      'models/churn ü/version-10/meta.yaml': version(10, 'None'),
      'models/churn ü/version-10/tags/at': '10',
      'models/churn ü/version-2/meta.yaml': version(2, 'Deleted_Internal'),
      'models/churn ü/version-3/meta.yaml': version(3, 'Staging'),
    });
    const [whole] = await readAll(store.listRegistered?.());
    expect(whole).toMatchObject({
      model: { name: 'churn ü', description: 'who', tags: { a: '1' }, aliases: { best: '10' } },
      versions: [
        {
          version: '3',
          currentStage: 'Staging',
          description: 'n 3',
          runId: 'f5aca4623e0844c1a8ac7c0358e23f4a',
          tags: {},
        },
        {
          version: '10',
          currentStage: 'None',
          source: '/somewhere/artifacts',
          status: 'READY',
          userId: '',
          tags: { at: '10' },
        },
      ],
    });
    expect(whole).toMatchObject({ versions: { length: 2 }, model: { creationTimeMs: 1795777288398 } });
  });

  it('names what is damaged, and there is none where nobody registered anything', async () => {
    const damaged = await openWith({ 'models/a/meta.yaml': ': [', 'models/b/meta.yaml': META, 'models/c/notes': '' });
    expect(await readAll(damaged.listRegistered?.())).toMatchObject([
      expect.stringMatching(/'a' is damaged: see .*models\/a\/meta\.yaml/),
      { model: { name: 'b' }, versions: [] },
    ]);
    expect(await readAll((await openWith({})).listRegistered?.())).toEqual([]);
  });
});
