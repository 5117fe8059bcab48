// The endpoints of webhooks, as a model for those of every group: path, query, body, answer.
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import type { Store } from '../../../src/stores/contract.ts';
import { json, startServer, type Answer, type ScriptedServer } from '../scripted-server.ts';

async function open(...script: readonly Answer[]): Promise<{ server: ScriptedServer; store: Store }> {
  const server = await startServer(...script);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

const webhook = {
  webhook_id: 'w/1',
  name: 'ci',
  url: 'https://ci.example/hook',
  events: [{ entity: 'MODEL_VERSION', action: 'CREATED' }],
  status: 'ACTIVE',
  creation_timestamp: 1,
  last_updated_timestamp: '2',
};

describe('the endpoints of webhooks', () => {
  it('write an event as its entity and its action, and read it back', async () => {
    const { server, store } = await open(json({ webhook }));
    const { name, url } = webhook;
    expect(await store.request('createWebhook', { name, url, events: ['model_version.created'] })).toEqual({
      webhookId: 'w/1',
      name,
      url,
      events: ['model_version.created'],
      description: '',
      status: 'ACTIVE',
      creationTimeMs: 1,
      lastUpdateTimeMs: 2,
    });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ name, url, events: webhook.events });
  });

  it('have an id in the path, encoded, and in a body', async () => {
    const { server, store } = await open(json({ webhook }), json({ webhook }));
    await store.request('updateWebhook', { webhookId: 'w/1', name: 'cd' });
    expect(server.seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/api/2.0/mlflow/webhooks/w%2F1',
      body: '{"webhook_id":"w/1","name":"cd"}',
    });
    await store.request('getWebhook', 'w/1');
    expect(server.seen[1]).toMatchObject({ method: 'GET', url: '/api/2.0/mlflow/webhooks/w%2F1', body: '' });
  });

  it.each(['', '.', '..'])('refuse the id %j, which would be another path', async (webhookId) => {
    const { server, store } = await open(json({}));
    await expect(store.request('deleteWebhook', webhookId)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(server.seen).toEqual([]);
  });

  it('are not asked of an event that MLflow does not have: its server answers 500 to it', async () => {
    const { server, store } = await open(json({}));
    const asked = store.request('testWebhook', { webhookId: 'w', event: 'run.created' as 'prompt.created' });
    await expect(asked).rejects.toThrow(/Cannot send webhook event/);
    expect(server.seen).toEqual([]);
  });

  it('page with what was asked', async () => {
    const { server, store } = await open(json({ webhooks: [webhook], next_page_token: '' }));
    const page = await store.request('listWebhooks', { maxResults: 2, pageToken: 't' });
    expect(page).toMatchObject({ items: [{ webhookId: 'w/1' }], nextPageToken: undefined });
    expect(server.seen[0]?.url).toBe('/api/2.0/mlflow/webhooks?max_results=2&page_token=t');
  });

  it('are those of this version only', async () => {
    const { store } = await open(json({}));
    // A name that a message might carry: never looked up beyond the table.
    await expect(store.request('toString' as 'getWebhook', 'w')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });
});
