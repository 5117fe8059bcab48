// Operations of the registry of MCP servers: good ones, and those that must be refused.
import type { Json } from './operation.ts';
import type { Make } from './tracking-operations.ts';
import { refTo, type World } from './world.ts';

type Made = readonly (readonly [number, Make])[];

/** Names and versions are the script's own here, not the server's. */
const serverName = (world: World): string => `com.example/server-${1 + world.random.below(6)}`;
const version = (world: World): string => world.random.pick(['1.0.0', '1.1.0', '2.0.0-rc.1', '2.0.0']);
const alias = (world: World): string => world.random.pick(['stable', 'canary']);
const key = (world: World): string => world.random.pick(['team', 'stage', 'a.b']);
const status = (world: World): string => world.random.pick(['draft', 'active', 'deprecated']);

const tools = (world: World): Json =>
  Array.from({ length: world.random.below(3) }, (_, index) => ({
    name: `tool-${index}`,
    description: 'ü 日本',
    inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
  }));

const serverJson = (world: World): Json => ({
  name: serverName(world),
  version: version(world),
  description: 'Tells the weather.',
  remotes: [{ type: 'streamable-http', url: 'https://mcp.example.org/mcp' }],
});

const anEndpoint = (world: World): readonly Json[] => {
  const number = 1 + world.random.below(Math.max(1, world.count('MCP endpoint asked') / 3));
  return [`com.example/server-${1 + (number % 6)}`, refTo(`MCP endpoint:${number}`)];
};

const createEndpoint: Make = (world) => {
  const as = world.name('MCP endpoint');
  const name = `com.example/server-${1 + (Number(as.split(':')[1]) % 6)}`;
  const runs = world.random.chance(0.5) ? { serverVersion: version(world) } : { serverAlias: alias(world) };
  const options = { ...runs, ...(world.random.chance(0.3) ? { transportType: 'sse' } : {}) };
  return {
    method: 'createMcpAccessEndpoint',
    args: [name, `https://example.org/${as.replace(' ', '-')}`],
    options,
    as,
    at: 'id',
  };
};

/** The operations with how often each is made. */
export const MCP_SERVER_OPERATIONS: Made = [
  [
    2,
    (world) => ({
      method: 'createMcpServer',
      args: [serverName(world)],
      options: world.random.chance(0.5)
        ? { description: 'first', icons: [{ src: 'https://example.org/a.png', mimeType: 'image/png' }] }
        : {},
    }),
  ],
  [3, (world) => ({ method: 'getMcpServer', args: [serverName(world)] })],
  [
    2,
    (world) => ({
      method: 'searchMcpServers',
      args: [],
      options: {
        orderBy: ['name ASC'],
        ...(world.random.chance(0.5) ? { maxResults: 2 } : {}),
        ...(world.random.chance(0.5) ? { filterString: "name LIKE '%server-1%'" } : {}),
      },
      take: world.random.pick(['firstPage', 'all']),
    }),
  ],
  [
    2,
    (world) => ({
      method: 'updateMcpServer',
      args: [serverName(world)],
      options: world.random.pick<Record<string, Json>>([
        { description: 'changed' },
        { displayName: 'Weather', description: null },
        { icons: [] },
      ]),
    }),
  ],
  [0.3, (world) => ({ method: 'deleteMcpServer', args: [serverName(world)] })],
  [
    4,
    (world) => ({
      method: 'createMcpServerVersion',
      args: [serverJson(world)],
      options: {
        status: world.random.pick(['draft', 'active']),
        tools: tools(world),
        ...(world.random.chance(0.3)
          ? { source: 'https://example.org/repo', connectOptions: { cursor: { hidden: true } } }
          : {}),
      },
    }),
  ],
  [3, (world) => ({ method: 'getMcpServerVersion', args: [serverName(world), version(world)] })],
  [2, (world) => ({ method: 'getMcpServerVersionByAlias', args: [serverName(world), alias(world)] })],
  [2, (world) => ({ method: 'getLatestMcpServerVersion', args: [serverName(world)] })],
  [
    2,
    (world) => ({
      method: 'searchMcpServerVersions',
      args: [serverName(world)],
      options: { orderBy: ['version ASC'], ...(world.random.chance(0.5) ? { maxResults: 1 } : {}) },
      take: 'all',
    }),
  ],
  [
    3,
    (world) => ({
      method: 'updateMcpServerVersion',
      args: [serverName(world), version(world)],
      options: world.random.pick<Record<string, Json>>([
        { status: status(world) },
        { tools: tools(world) },
        { connectOptions: { cursor: { hidden: false } } },
      ]),
    }),
  ],
  [0.5, (world) => ({ method: 'deleteMcpServerVersion', args: [serverName(world), version(world)] })],
  [2, createEndpoint],
  [2, (world) => ({ method: 'getMcpAccessEndpoint', args: anEndpoint(world) })],
  [
    1,
    () => ({
      method: 'searchMcpAccessEndpoints',
      args: [],
      options: { orderBy: ['creation_timestamp ASC'] },
      take: 'all',
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchMcpAccessEndpoints',
      args: [],
      options: { serverName: serverName(world), serverAlias: alias(world) },
      take: 'firstPage',
    }),
  ],
  [
    2,
    (world) => ({
      method: 'updateMcpAccessEndpoint',
      args: anEndpoint(world),
      options: world.random.pick<Record<string, Json>>([
        { url: 'https://example.org/other' },
        { transportType: 'sse' },
        { serverVersion: version(world), serverAlias: null },
      ]),
    }),
  ],
  [1, (world) => ({ method: 'deleteMcpAccessEndpoint', args: anEndpoint(world) })],
  [2, (world) => ({ method: 'setMcpServerTag', args: [serverName(world), key(world), 'ü'] })],
  [1, (world) => ({ method: 'deleteMcpServerTag', args: [serverName(world), key(world)] })],
  [2, (world) => ({ method: 'setMcpServerVersionTag', args: [serverName(world), version(world), key(world), 'v'] })],
  [1, (world) => ({ method: 'deleteMcpServerVersionTag', args: [serverName(world), version(world), key(world)] })],
  [3, (world) => ({ method: 'setMcpServerAlias', args: [serverName(world), alias(world), version(world)] })],
  [1, (world) => ({ method: 'deleteMcpServerAlias', args: [serverName(world), alias(world)] })],
];

const BAD_NAMES = ['plain', 'com.example/aliases', 'com.example/a/b', 'com.example/ü', '-x/server'];

/** Those that must be refused. */
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
      args: [serverJson(world)],
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
      args: [serverName(world), version(world)],
      options: { status: 'deleted' },
    }),
  ],
  [1, (world) => ({ method: 'deleteMcpServerTag', args: [serverName(world), 'was never there'] })],
];
