// The endpoints of workspaces, and the header that says which one every request is of.
import { expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../../src/stores/contract.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer, text, type Answer, type ScriptedServer } from '../scripted-server.ts';

const API = '/api/3.0/mlflow/workspaces';

async function open(...script: readonly Answer[]): Promise<{ server: ScriptedServer; store: Store }> {
  const server = await startServer(...script);
  const store = openHttpStore(server.url, { workspace: 'team-a' });
  onTestFinished(() => store.close());
  return { server, store };
}

it('write where old traces go, and read it back', async () => {
  const config = { location: 's3://archive', retention: '30d' };
  const { server, store } = await open(json({ workspace: { name: 'team-b', trace_archival_config: config } }));
  expect(await store.request('createWorkspace', { name: 'team-b', traceArchivalConfig: config })).toEqual({
    name: 'team-b',
    description: undefined,
    defaultArtifactRoot: undefined,
    traceArchivalLocation: 's3://archive',
    traceArchivalRetention: '30d',
  });
  expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ name: 'team-b', trace_archival_config: config });
});

it('say in the query how to delete, where alone the server reads it', async () => {
  const { server, store } = await open(text('', 204));
  await store.request('deleteWorkspace', { name: 'team-b', mode: 'CASCADE' });
  expect(server.seen[0]).toMatchObject({ method: 'DELETE', url: `${API}/team-b?mode=CASCADE` });
});

it('name their workspace in a header of every request', async () => {
  const { server, store } = await open(json({ workspaces: [] }), json({ experiment_id: '1' }));
  expect(await store.request('listWorkspaces', undefined)).toEqual([]);
  await store.createExperiment({ name: 'a' });
  expect(server.seen.map(({ headers }) => headers['x-mlflow-workspace'])).toEqual(['team-a', 'team-a']);
});
