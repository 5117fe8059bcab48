// What an MCP server is asked, and what is made of what it says.
import { describe, expect, it } from 'vitest';
import { findRemote, listMcpTools } from '../../../src/rest/endpoints/mcp-tools.ts';
import { startTinyMcpServer } from './tiny-mcp-server.ts';

const FORECAST = { name: 'forecast', description: 'ü', inputSchema: { type: 'object' }, _meta: { own: 1 } };
const refused = { errorCode: 'INVALID_PARAMETER_VALUE', status: 400 };
const timeoutMs = 5_000;

describe('the tools of a server', () => {
  it.each(['json', 'events'] as const)('are read page by page from answers as %s', async (answers) => {
    const { url, seen } = await startTinyMcpServer({ pages: [[FORECAST], [{ name: 'alerts' }]], answers });
    const tools = await listMcpTools({ url, headers: { authorization: 'Bearer t' }, timeoutMs });
    expect(tools.map(({ name }) => name)).toEqual(['forecast', 'alerts']);
    expect(tools[0]).toMatchObject({ description: 'ü', inputSchema: { type: 'object' } });
    expect(tools[0]).not.toHaveProperty('_meta');
    expect(seen.map(({ method }) => method)).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/list',
      'tools/list',
      'DELETE',
    ]);
    for (const { headers } of seen) expect(headers.authorization).toBe('Bearer t');
    for (const { headers } of seen.slice(1))
      expect(headers).toMatchObject({ 'mcp-session-id': 'session-1', 'mcp-protocol-version': '2025-03-26' });
  });

  it.each([
    [500, 'HTTP 500'],
    [302, 'redirect'],
    ['refused', 'no tools today'],
    ['never', 'no answer within 0.3 s'],
  ] as const)('are not there where it answers %s', async (fails, why) => {
    const { url } = await startTinyMcpServer({ pages: [[]], fails });
    const asked = listMcpTools({ url, headers: {}, timeoutMs: fails === 'never' ? 300 : timeoutMs });
    await expect(asked).rejects.toMatchObject(refused);
    await expect(asked).rejects.toThrow(url);
    await expect(asked).rejects.toThrow(why);
  });

  it('are not there where nobody listens, or what answers is no MCP server', async () => {
    const nobody = listMcpTools({ url: 'http://127.0.0.1:1/mcp', headers: {}, timeoutMs });
    await expect(nobody).rejects.toMatchObject(refused);
    const { url } = await startTinyMcpServer({ pages: [[{ title: 'no name' }]] });
    await expect(listMcpTools({ url, headers: {}, timeoutMs })).rejects.toThrow('does not answer as an MCP server');
  });
});

describe('the remote of a server.json', () => {
  it.each([
    [{ remotes: [{ url: ' http://a/mcp ' }] }, 'http://a/mcp'],
    [{ remotes: ['x', { type: 'sse', url: 'http://b' }, { type: 'streamable-http', url: 'http://c' }] }, 'http://c'],
  ])('of %j is %s', (serverJson, url) => expect(findRemote(serverJson)).toBe(url));

  it.each([{}, { remotes: [] }, { remotes: 'x' }, { remotes: [{ url: ' ' }, { type: 'stdio', url: 'http://a' }] }])(
    'of %j is none',
    (serverJson) => expect(() => findRemote(serverJson)).toThrow(/No usable MCP remote/),
  );
});
