// Operations of the registry of MCP servers that must be refused.
import { serverJson, serverName } from './mcp-server-operations.ts';
import type { Made } from './operation.ts';

const BAD_NAMES = ['plain', 'com.example/aliases', 'com.example/a/b', 'com.example/ü', '-x/server'];

/** The operations with how often each is made. */
export const MCP_SERVER_MISHAPS: Made = [
  [2, (world) => ({ method: 'createMcpServer', args: [world.random.pick(BAD_NAMES)] })],
  [1, () => ({ method: 'getMcpServer', args: ['com.example/nobody'] })],
  [1, (world) => ({ method: 'createMcpServerVersion', args: [{ name: serverName(world) }], options: { tools: [] } })],
  [
    1,
    (world) => ({
      method: 'createMcpServerVersion',
      args: [{ name: serverName(world), version: 'not a version' }],
      options: { tools: [] },
    }),
  ],
  [
    1,
    (world) => ({
      method: 'createMcpServerVersion',
      args: [serverJson(serverName(world), '9.0.0')],
      options: { status: 'nothing', tools: [] },
    }),
  ],
  [1, (world) => ({ method: 'getMcpServerVersion', args: [serverName(world), '9.9.9'] })],
  [
    1,
    (world) => ({
      method: 'setMcpServerAlias',
      args: [serverName(world), world.random.pick(['latest', 'stable']), '9.9.9'],
    }),
  ],
  [1, () => ({ method: 'searchMcpServers', args: [], options: { filterString: 'name ~ 1' }, take: 'firstPage' })],
  [
    1,
    (world) => ({
      method: 'searchMcpServers',
      args: [],
      options: { maxResults: world.random.pick([0, -1]) },
      take: 'firstPage',
    }),
  ],
  [1, () => ({ method: 'searchMcpServers', args: [], options: { pageToken: 'nonsense' }, take: 'firstPage' })],
  [1, () => ({ method: 'searchMcpAccessEndpoints', args: [], options: { serverName: ' ' }, take: 'firstPage' })],
  [
    1,
    (world) => ({
      method: 'createMcpAccessEndpoint',
      args: [serverName(world), 'no url'],
      options: { serverAlias: 'stable' },
    }),
  ],
  [
    1,
    (world) => ({
      method: 'updateMcpServerVersion',
      args: [serverName(world), '1.0.0'],
      options: { status: 'deleted' },
    }),
  ],
  [1, (world) => ({ method: 'deleteMcpServerTag', args: [serverName(world), 'was never there'] })],
];
