// Operations of the registry of MCP servers: good ones.
import type { Json, Made, Make, Operation } from './operation.ts';
import { call, on, search } from './pick.ts';
import { onAlias, tagOf, untagOf, untagVersionOf } from './registry-operations.ts';
import { addVersion, type KnownName, newName, refTo, removeVersion, type World } from './world.ts';

const VERSIONS = ['1.0.0', '1.1.0', '2.0.0-rc.1', '2.0.0', '2.1.0', '3.0.0'];

const aServer = (world: World): KnownName | undefined => world.one(world.servers.values());
const aVersion = (world: World): readonly [KnownName, string] | undefined => {
  const server = world.one(world.servers.values(), ({ versions }) => versions.size > 0);
  return server === undefined ? undefined : [server, world.random.pick([...server.versions.keys()])];
};
const servers = (world: World): Iterable<KnownName> => world.servers.values();

/** The name of one that is there, or could be. */
export const serverName = (world: World): string => aServer(world)?.name ?? 'com.example/server-1';

const key = (world: World): string => world.random.pick(['team', 'stage', 'a.b']);

const tools = (world: World): Json =>
  Array.from({ length: world.random.below(3) }, (_, index) => ({
    name: `tool-${index}`,
    description: 'ü 日本',
    inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
  }));

/** What a server says of itself. */
export const serverJson = (name: string, version: string): Json => ({
  name,
  version,
  description: 'Tells the weather.',
  remotes: [{ type: 'streamable-http', url: 'https://mcp.example.org/mcp' }],
});

const create: Make = (world) => {
  const name = `com.example/server-${world.count('MCP server')}`;
  world.servers.set(name, newName(name));
  const icons = [{ src: 'https://127.0.0.1/a.png', mimeType: 'image/png' }];
  return call('createMcpServer', [name], world.random.chance(0.5) ? { description: 'first', icons } : {});
};

/** A version that was there once is never made again: what is deleted keeps its number. */
const createVersion: Make = on(
  (world) => world.one(world.servers.values(), ({ made }) => made < VERSIONS.length),
  (server, world) => {
    const version = VERSIONS[server.made++] ?? '';
    addVersion(server, version);
    return call('createMcpServerVersion', [serverJson(server.name, version)], {
      status: world.random.pick(['draft', 'draft', 'active']),
      tools: tools(world),
      ...(world.random.chance(0.3)
        ? { source: 'https://example.org/repo', connectOptions: { cursor: { hidden: true } } }
        : {}),
    });
  },
);

const createEndpoint: Make = on(aVersion, ([server, version], world) => {
  const as = world.name('MCP endpoint');
  world.endpoints.set(as, server.name);
  const alias = world.one(server.aliases.keys());
  const target = alias !== undefined && world.random.chance(0.5) ? { serverAlias: alias } : { serverVersion: version };
  const options = { ...target, ...(world.random.chance(0.3) ? { transportType: 'sse' } : {}) };
  const url = `https://example.org/${as.replace(' ', '-')}`;
  return { ...call('createMcpAccessEndpoint', [server.name, url], options), as, at: 'id' };
});

const onEndpoint = (make: (args: readonly Json[], ref: string, world: World) => Operation): Make =>
  on(
    (world) => world.one(world.endpoints),
    ([ref, server], world) => make([server, refTo(ref)], ref, world),
  );

/** What leads to what is taken away goes with it. */
function dropEndpoints(world: World, server: string): void {
  for (const [ref, name] of world.endpoints) if (name === server) world.endpoints.delete(ref);
}

const searchServers: Make = (world) =>
  search(
    'searchMcpServers',
    [],
    {
      orderBy: ['name ASC'],
      ...(world.random.chance(0.5) ? { maxResults: 2 } : {}),
      ...(world.random.chance(0.5) ? { filterString: "name LIKE '%server-1%'" } : {}),
    },
    world.random.pick(['firstPage', 'all']),
  );

const ofVersion = (make: (server: string, version: string, world: World) => Operation): Make =>
  on(aVersion, ([server, version], world) => make(server.name, version, world));

/** The operations with how often each is made. */
export const MCP_SERVER_OPERATIONS: Made = [
  [2, create],
  [3, on(aServer, ({ name }) => call('getMcpServer', [name]))],
  [2, searchServers],
  [
    2,
    on(aServer, ({ name }, world) =>
      call(
        'updateMcpServer',
        [name],
        world.random.pick<Record<string, Json>>([
          { description: 'changed' },
          { displayName: 'Weather', description: null },
          { icons: [] },
        ]),
      ),
    ),
  ],
  [
    0.3,
    on(
      // one that has versions may have an active one, and is then refused
      (world) => world.one(world.servers.values(), ({ versions }) => versions.size === 0),
      ({ name }, world) => {
        world.servers.delete(name);
        return call('deleteMcpServer', [name]);
      },
    ),
  ],
  [4, createVersion],
  [3, ofVersion((server, version) => call('getMcpServerVersion', [server, version]))],
  [2, onAlias(servers, ({ name }, alias) => call('getMcpServerVersionByAlias', [name, alias]))],
  [2, on(aVersion, ([{ name }]) => call('getLatestMcpServerVersion', [name]))],
  [
    2,
    on(aServer, ({ name }, { random }) =>
      search('searchMcpServerVersions', [name], random.chance(0.5) ? { maxResults: 1 } : {}, 'all'),
    ),
  ],
  [
    3,
    ofVersion((server, version, world) =>
      call(
        'updateMcpServerVersion',
        [server, version],
        world.random.pick<Record<string, Json>>([
          { status: 'active' },
          { tools: tools(world) },
          { connectOptions: { cursor: { hidden: false } } },
        ]),
      ),
    ),
  ],
  [
    0.5,
    on(aVersion, ([server, version], world) => {
      removeVersion(server, version);
      dropEndpoints(world, server.name);
      return call('deleteMcpServerVersion', [server.name, version]);
    }),
  ],
  [2, createEndpoint],
  [2, onEndpoint((args) => call('getMcpAccessEndpoint', args))],
  [1, () => search('searchMcpAccessEndpoints', [], { orderBy: ['created_at ASC'] }, 'all')],
  [
    1,
    onAlias(servers, ({ name }, alias) =>
      search(
        'searchMcpAccessEndpoints',
        [],
        { serverName: name, serverAlias: alias, orderBy: ['created_at ASC'] },
        'firstPage',
      ),
    ),
  ],
  [
    2,
    onEndpoint((args, _, { random }) =>
      call(
        'updateMcpAccessEndpoint',
        args,
        random.pick<Record<string, Json>>([{ url: 'https://example.org/other' }, { transportType: 'sse' }]),
      ),
    ),
  ],
  [
    0.5,
    onEndpoint((args, ref, world) => {
      world.endpoints.delete(ref);
      return call('deleteMcpAccessEndpoint', args);
    }),
  ],
  [2, tagOf('setMcpServerTag', aServer, key)],
  [1, untagOf('deleteMcpServerTag', servers)],
  [
    2,
    on(aVersion, ([server, version], world) => {
      const name = key(world);
      server.versions.get(version)?.add(name);
      return call('setMcpServerVersionTag', [server.name, version, name, 'v']);
    }),
  ],
  [1, untagVersionOf('deleteMcpServerVersionTag', servers)],
  [
    3,
    on(aVersion, ([server, version], { random }) => {
      const alias = random.pick(['stable', 'canary']);
      server.aliases.set(alias, version);
      return call('setMcpServerAlias', [server.name, alias, version]);
    }),
  ],
  [
    1,
    onAlias(servers, (server, alias) => {
      server.aliases.delete(alias);
      return call('deleteMcpServerAlias', [server.name, alias]);
    }),
  ],
];
