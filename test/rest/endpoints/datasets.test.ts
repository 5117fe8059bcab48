// The endpoints of evaluation datasets: path, query, body with JSON within JSON, answer, and what a repeat does.
import { describe, expect, it, onTestFinished } from 'vitest';
import { DATASET_ENDPOINTS } from '../../../src/rest/endpoints/datasets.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer, type Answer } from '../scripted-server.ts';

async function open(answer: Answer) {
  const server = await startServer(answer);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

const dataset = { dataset_id: 'd-1', name: 'qa', digest: 'f00d', tags: '{"a": "b"}', created_time: '1' };

describe('the endpoints of datasets', () => {
  it('repeat only what a second sending does not do twice', () => {
    const once = Object.entries(DATASET_ENDPOINTS).filter(([, { effect }]) => effect === 'once');
    expect(once.map(([name]) => name)).toEqual(['createDataset', 'deleteDatasetRecords']);
  });

  it('write tags as a text of JSON, and read them again', async () => {
    const { server, store } = await open(json({ dataset }));
    const made = await store.request('createDataset', { name: 'qa', experimentIds: ['7'], tags: { a: 'b' } });
    expect(made).toEqual({
      datasetId: 'd-1',
      name: 'qa',
      digest: 'f00d',
      tags: { a: 'b' },
      schema: undefined,
      profile: undefined,
      creationTimeMs: 1,
      lastUpdateTimeMs: 0,
      createdBy: undefined,
      lastUpdatedBy: undefined,
    });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ name: 'qa', experiment_ids: ['7'], tags: '{"a":"b"}' });
  });

  it('write records with integers of any size, and read them as exactly', async () => {
    const record = { dataset_record_id: 'dr-1', dataset_id: 'd-1', created_time: 1, last_update_time: 2 };
    const records = `[${JSON.stringify(record).replace('}', ',"inputs":{"n":9007199254740993,"x":NaN},"outputs":null}')}]`;
    const { server, store } = await open(json({ records, next_page_token: 't' }));
    await store.request('mergeDatasetRecords', {
      datasetId: 'd-1',
      records: [{ inputs: { n: 9_007_199_254_740_993n, x: NaN }, source: { sourceType: 'TRACE' } }],
    });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      dataset_id: 'd-1',
      records: '[{"inputs":{"n":9007199254740993,"x":NaN},"source":{"source_type":"TRACE","source_data":{}}}]',
    });
    const page = await store.request('getDatasetRecords', { datasetId: 'd-1', maxResults: 1, pageToken: 's' });
    expect(server.seen[1]?.url).toBe('/api/3.0/mlflow/datasets/d-1/records?max_results=1&page_token=s');
    expect(page.nextPageToken).toBe('t');
    expect(page.items[0]).toMatchObject({
      datasetRecordId: 'dr-1',
      inputs: { n: 9_007_199_254_740_993n, x: NaN },
      outputs: null,
      expectations: undefined,
      tags: {},
      source: undefined,
    });
  });

  it('refuse records that contain themselves, or have a source that MLflow does not know', async () => {
    const { server, store } = await open(json({}));
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const refused = { code: 'INVALID_VALUE' };
    const merge = (record: object): Promise<unknown> =>
      store.request('mergeDatasetRecords', { datasetId: 'd-1', records: [record as never] });
    await expect(merge({ inputs: loop })).rejects.toMatchObject(refused);
    await expect(merge({ inputs: {}, source: { sourceType: 'BOGUS' } })).rejects.toMatchObject(refused);
    expect(server.seen).toEqual([]);
  });
});
