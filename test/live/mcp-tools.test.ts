// The tools of an MCP server, asked for by our client and kept by a real MLflow: Python reads them.
import { expect, test } from 'vitest';
import { startTinyMcpServer } from '../rest/endpoints/tiny-mcp-server.ts';
import { askPython } from './ask-python.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');

test('the tools that a server says are kept with its version, and by a dry run they are not', async () => {
  const forecast = { name: 'forecast', description: 'ü', inputSchema: { type: 'object' }, _meta: { own: 1 } };
  const { url, seen } = await startTinyMcpServer({ pages: [[forecast], [{ name: 'alerts' }]], answers: 'events' });
  const trackingUri = mlflow.env.MLFLOW_TRACKING_URI;
  const client = (await startService({ trackingUri, experimentName: 'mcp' })).client();
  const name = 'com.example/asked';
  await client.createMcpServerVersion({ name, version: '1.0.0', remotes: [{ type: 'streamable-http', url }] });

  const dry = await client.refreshMcpServerVersionTools(name, '1.0.0', { dryRun: true });
  expect(dry.tools.map((tool) => tool.name)).toEqual(['forecast', 'alerts']);
  expect((await client.getMcpServerVersion(name, '1.0.0')).tools).toEqual([]);

  const mcpServerAccessHeaders = { authorization: 'Bearer of the MCP server' };
  const kept = await client.refreshMcpServerVersionTools(name, '1.0.0', { mcpServerAccessHeaders });
  expect(kept.tools).toEqual(dry.tools);
  expect(seen.at(-1)?.headers).toMatchObject(mcpServerAccessHeaders);
  const tools =
    '[[t.name, t.description, t.input_schema] for t in client.get_mcp_server_version(given["name"], "1.0.0").tools]';
  const read = await askPython(trackingUri, { tools }, { name });
  expect(read).toEqual({
    tools: {
      value: [
        ['forecast', 'ü', { type: 'object' }],
        ['alerts', null, null],
      ],
    },
  });
});
