// The endpoints of logged models: path, query, body, answer, and what a repeat does.
import { describe, expect, it, onTestFinished } from 'vitest';
import { LOGGED_MODEL_ENDPOINTS } from '../../../src/rest/endpoints/logged-models.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer, type Answer } from '../scripted-server.ts';

async function open(answer: Answer) {
  const server = await startServer(answer);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

const model = {
  info: { model_id: 'm-1', experiment_id: 7, status: 'LOGGED_MODEL_READY', tags: [{ key: 'a', value: '' }] },
  data: {
    metrics: [
      { key: 'loss', value: 'NaN', timestamp: '1', step: 2, run_id: 'r', dataset_name: 'rows', dataset_digest: 'd' },
      { key: 'loss', value: 1, timestamp: 3, run_id: 'r' },
    ],
  },
};

describe('the endpoints of logged models', () => {
  it('repeat only what a second sending does not do twice', () => {
    const effects = Object.entries(LOGGED_MODEL_ENDPOINTS).map(([name, { effect }]) => [name, effect]);
    expect(Object.fromEntries(effects)).toEqual({
      searchLoggedModels: 'read',
      logModelParams: 'once',
      setLoggedModelTags: 'repeatable',
      deleteLoggedModelTag: 'once',
    });
  });

  it('search with all that MLflow takes, ascending where nothing is said', async () => {
    const { server, store } = await open(json({ models: [model], next_page_token: 'u' }));
    const page = await store.request('searchLoggedModels', {
      experimentIds: ['7'],
      filterString: 'f',
      datasets: [{ datasetName: 'rows' }],
      maxResults: 2,
      orderBy: [
        { fieldName: 'metrics.loss', datasetName: 'rows', datasetDigest: 'd' },
        { fieldName: 'name', ascending: false },
      ],
      pageToken: 't',
    });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      experiment_ids: ['7'],
      filter: 'f',
      datasets: [{ dataset_name: 'rows' }],
      max_results: 2,
      order_by: [
        { field_name: 'metrics.loss', ascending: true, dataset_name: 'rows', dataset_digest: 'd' },
        { field_name: 'name', ascending: false },
      ],
      page_token: 't',
    });
    expect(page.nextPageToken).toBe('u');
    expect(page.items[0]).toMatchObject({ modelId: 'm-1', experimentId: '7', status: 'READY', tags: { a: '' } });
    expect(page.items[0]?.metrics).toEqual([
      { key: 'loss', value: NaN, timestampMs: 1, step: 2, runId: 'r', datasetName: 'rows', datasetDigest: 'd' },
      { key: 'loss', value: 1, timestampMs: 3, step: 0, runId: 'r' },
    ]);
  });

  it('refuse an order that is no yes or no', async () => {
    const { server, store } = await open(json({}));
    const orderBy = [{ fieldName: 'name', ascending: 'no' as unknown as boolean }];
    await expect(store.request('searchLoggedModels', { experimentIds: [], orderBy })).rejects.toThrow(/true or false/);
    expect(server.seen).toEqual([]);
  });

  it('name the model in the path and in the body, the key of a tag encoded', async () => {
    const { server, store } = await open(json({}));
    const pairs = [{ key: 'a/b', value: '1' }];
    await store.request('logModelParams', { modelId: 'm-1', pairs });
    await store.request('setLoggedModelTags', { modelId: 'm-1', pairs });
    await store.request('deleteLoggedModelTag', { modelId: 'm-1', key: 'a/b %' });
    expect(server.seen.map(({ method, url, body }) => [method, url, JSON.parse(body)])).toEqual([
      ['POST', '/api/2.0/mlflow/logged-models/m-1/params', { model_id: 'm-1', params: pairs }],
      ['PATCH', '/api/2.0/mlflow/logged-models/m-1/tags', { model_id: 'm-1', tags: pairs }],
      ['DELETE', '/api/2.0/mlflow/logged-models/m-1/tags/a%2Fb%20%25', { model_id: 'm-1', tag_key: 'a/b %' }],
    ]);
  });
});
