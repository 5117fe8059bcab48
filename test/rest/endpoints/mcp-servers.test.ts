// The endpoints of the MCP server registry: names with a slash in the path, null for what is taken away, answers without a body.
import { expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../../src/stores/contract.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer, text, type Answer, type ScriptedServer } from '../scripted-server.ts';

const API = '/api/3.0/mlflow/mcp-servers';
const name = 'com.example/weather';

async function open(...script: readonly Answer[]): Promise<{ server: ScriptedServer; store: Store }> {
  const server = await startServer(...script);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

it('have the whole name as one step of the path, and take away by null', async () => {
  const { server, store } = await open(
    json({ name, description: null, aliases: [{ alias: 'stable', version: '1.0' }] }),
  );
  const changed = await store.request('updateMcpServer', { name, description: null, displayName: 'Weather' });
  expect(changed).toMatchObject({ name, description: undefined, aliases: { stable: '1.0' }, accessEndpoints: [] });
  expect(server.seen[0]).toMatchObject({ method: 'PATCH', url: `${API}/com.example%2Fweather` });
  expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ display_name: 'Weather', description: null });
});

it('send a version as its server.json is, and read it back with its tools', async () => {
  const serverJson = { name, version: '1.0', remotes: [{ type: 'sse', url: 'https://mcp.example' }] };
  const tools = [{ name: 'forecast', inputSchema: { type: 'object' } }];
  const { server, store } = await open(
    json({ name, version: '1.0', server_json: serverJson, status: 'active', tools }),
  );
  const made = await store.request('createMcpServerVersion', { name, serverJson, status: 'active', tools });
  expect(made).toMatchObject({ serverJson, status: 'active', tools, connectOptions: {} });
  expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ server_json: serverJson, tools });
});

it('page with what was asked, of all servers or of one', async () => {
  const { server, store } = await open(
    json({ mcp_access_endpoints: [], next_page_token: null }),
    json({ mcp_access_endpoints: [], next_page_token: 't' }),
  );
  expect(await store.request('searchMcpAccessEndpoints', { serverAlias: 'stable' })).toEqual({
    items: [],
    nextPageToken: undefined,
  });
  expect(server.seen[0]?.url).toBe(`${API}/endpoints?max_results=1000&server_alias=stable`);
  const page = await store.request('searchMcpAccessEndpointsOf', { name, orderBy: ['id ASC'], pageToken: 'p' });
  expect(page.nextPageToken).toBe('t');
  expect(server.seen[1]?.url).toBe(
    `${API}/com.example%2Fweather/endpoints?max_results=1000&order_by=id+ASC&page_token=p`,
  );
});

it('take an answer without a body for one that says nothing', async () => {
  const { server, store } = await open(text('', 204));
  await store.request('deleteMcpServerVersionTag', { name, version: '1.0', key: 'a/b' });
  expect(server.seen[0]).toMatchObject({
    method: 'DELETE',
    url: `${API}/com.example%2Fweather/versions/1.0/tags/a%2Fb`,
  });
});
