// The endpoints of MLflow's registry of MCP servers, and what they are asked.
import type { Page } from '../../model/entities.ts';
import type {
  McpAccessEndpoint,
  McpIcon,
  McpServer,
  McpServerVersion,
  McpStatus,
  McpTool,
  McpTransportType,
} from '../../model/mcp-servers.ts';
import { integer, optional, text } from '../wire/checked.ts';
import { API_3, by, get, post, type Effect, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import * as answers from '../wire/mcp-server-answers.ts';
import { nothing } from '../wire/wire-values.ts';

/** What a server is told; null takes away what is there. */
export interface McpServerFields {
  /** What people read. */
  readonly displayName?: string | null;
  /** What it is for. */
  readonly description?: string | null;
  /** Its pictures. */
  readonly icons?: readonly McpIcon[] | null;
}

/** What a version is told beside its server.json. */
export interface McpVersionFields {
  /** Where it comes from. */
  readonly source?: string;
  /** Whether it is in use. */
  readonly status?: McpStatus;
  /** What it offers; null: nobody has asked it yet. */
  readonly tools?: readonly McpTool[] | null;
  /** By the name of a way to connect: whether it is hidden. */
  readonly connectOptions?: Readonly<Record<string, { readonly hidden: boolean }>> | null;
}

/** What an address is told; null takes away what is there. */
export interface McpEndpointFields {
  /** Where it answers. */
  readonly url?: string;
  /** How it is spoken to. */
  readonly transportType?: McpTransportType;
  /** The version that answers there; not beside an alias. */
  readonly serverVersion?: string | null;
  /** The alias of the version that answers there. */
  readonly serverAlias?: string | null;
}

/** What every search here takes. */
export interface McpSearch {
  /** In MLflow's filter language. */
  readonly filterString?: string;
  /** How many a page holds. @default 1000 */
  readonly maxResults?: number;
  /** Such as `name ASC`. */
  readonly orderBy?: readonly string[];
  /** Where to begin: of the page before. */
  readonly pageToken?: string;
}

interface Named {
  readonly name: string;
}
interface Versioned extends Named {
  readonly version: string;
}
interface EndpointId extends Named {
  readonly endpointId: string;
}
interface Tagged {
  readonly key: string;
  readonly value: string;
}
type Aliased = Named & { readonly alias: string };
type EndpointSearch = McpSearch & Pick<McpEndpointFields, 'serverVersion' | 'serverAlias'>;

/** The endpoints, by the name this package has for them. */
export interface McpServerEndpoints {
  readonly createMcpServer: Endpoint<Named & McpServerFields, McpServer>;
  readonly getMcpServer: Endpoint<Named, McpServer>;
  readonly searchMcpServers: Endpoint<McpSearch, Page<McpServer>>;
  readonly updateMcpServer: Endpoint<Named & McpServerFields, McpServer>;
  readonly deleteMcpServer: Endpoint<Named, void>;
  readonly createMcpServerVersion: Endpoint<
    Named & McpVersionFields & { readonly serverJson: Readonly<Record<string, unknown>> },
    McpServerVersion
  >;
  readonly getMcpServerVersion: Endpoint<Versioned, McpServerVersion>;
  readonly getMcpServerVersionByAlias: Endpoint<Aliased, McpServerVersion>;
  readonly searchMcpServerVersions: Endpoint<Named & McpSearch, Page<McpServerVersion>>;
  readonly updateMcpServerVersion: Endpoint<Versioned & McpVersionFields, McpServerVersion>;
  readonly deleteMcpServerVersion: Endpoint<Versioned, void>;
  readonly createMcpAccessEndpoint: Endpoint<Named & McpEndpointFields, McpAccessEndpoint>;
  readonly getMcpAccessEndpoint: Endpoint<EndpointId, McpAccessEndpoint>;
  readonly searchMcpAccessEndpoints: Endpoint<EndpointSearch, Page<McpAccessEndpoint>>;
  readonly searchMcpAccessEndpointsOf: Endpoint<Named & EndpointSearch, Page<McpAccessEndpoint>>;
  readonly updateMcpAccessEndpoint: Endpoint<EndpointId & McpEndpointFields, McpAccessEndpoint>;
  readonly deleteMcpAccessEndpoint: Endpoint<EndpointId, void>;
  readonly setMcpServerTag: Endpoint<Named & Tagged, void>;
  readonly deleteMcpServerTag: Endpoint<Named & { readonly key: string }, void>;
  readonly setMcpServerVersionTag: Endpoint<Versioned & Tagged, void>;
  readonly deleteMcpServerVersionTag: Endpoint<Versioned & { readonly key: string }, void>;
  readonly setMcpServerAlias: Endpoint<Aliased & { readonly version: string }, void>;
  readonly deleteMcpServerAlias: Endpoint<Aliased, void>;
}

/** Python's own, which it always sends. */
const DEFAULT_MAX_RESULTS = 1000;

const all = `${API_3}mcp-servers`;
const one = `${all}/{name}`;
const version = `${one}/versions/{version}`;
const endpoint = `${one}/endpoints/{endpoint_id}`;

/**
 * The table. `{name}` and the like are in bodies too, where the server ignores them.
 *
 * @see https://mlflow.org/docs/latest/genai/mcp/
 */
export const MCP_SERVER_ENDPOINTS: McpServerEndpoints = {
  createMcpServer: post(all, 'once', serverFields, answers.mcpServerAnswer),
  getMcpServer: get(one, named, answers.mcpServerAnswer),
  searchMcpServers: get(all, searchFields, answers.mcpServersAnswer),
  updateMcpServer: by('PATCH', post(one, 'repeatable', serverFields, answers.mcpServerAnswer)),
  deleteMcpServer: removal(one, named),
  createMcpServerVersion: post(
    `${one}/versions`,
    'once',
    (from) => ({ ...named(from), ...versionFields(from), server_json: from.serverJson }),
    answers.mcpVersionAnswer,
  ),
  getMcpServerVersion: get(version, versioned, answers.mcpVersionAnswer),
  getMcpServerVersionByAlias: get(`${one}/aliases/{alias}`, aliased, answers.mcpVersionAnswer),
  searchMcpServerVersions: get(
    `${one}/versions`,
    (from) => ({ ...named(from), ...searchFields(from) }),
    answers.mcpVersionsAnswer,
  ),
  updateMcpServerVersion: by(
    'PATCH',
    post(version, 'repeatable', (from) => ({ ...versioned(from), ...versionFields(from) }), answers.mcpVersionAnswer),
  ),
  deleteMcpServerVersion: removal(version, versioned),
  createMcpAccessEndpoint: post(`${one}/endpoints`, 'once', endpointFields, answers.mcpEndpointAnswer),
  getMcpAccessEndpoint: get(endpoint, endpointId, answers.mcpEndpointAnswer),
  searchMcpAccessEndpoints: get(`${all}/endpoints`, endpointSearch, answers.mcpEndpointsAnswer),
  searchMcpAccessEndpointsOf: get(
    `${one}/endpoints`,
    (from) => ({ ...named(from), ...endpointSearch(from) }),
    answers.mcpEndpointsAnswer,
  ),
  updateMcpAccessEndpoint: by(
    'PATCH',
    post(
      endpoint,
      'repeatable',
      (from) => ({ ...endpointFields(from), ...endpointId(from) }),
      answers.mcpEndpointAnswer,
    ),
  ),
  deleteMcpAccessEndpoint: removal(endpoint, endpointId),
  setMcpServerTag: silent(`${one}/tags`, 'repeatable', (from) => ({ ...named(from), ...tagged(from) })),
  deleteMcpServerTag: removal(`${one}/tags/{key}`, (from) => ({ ...named(from), key: text(from.key, 'tag key') })),
  setMcpServerVersionTag: silent(`${version}/tags`, 'repeatable', (from) => ({ ...versioned(from), ...tagged(from) })),
  deleteMcpServerVersionTag: removal(`${version}/tags/{key}`, (from) => ({
    ...versioned(from),
    key: text(from.key, 'tag key'),
  })),
  setMcpServerAlias: silent(`${one}/aliases`, 'repeatable', (from) => ({ ...aliased(from), ...versioned(from) })),
  deleteMcpServerAlias: removal(`${one}/aliases/{alias}`, aliased),
};

/** What is answered with nothing, or with `{}`. */
function silent<Q>(path: string, effect: Effect, encode: (request: Q) => WireFields): Endpoint<Q, void> {
  return { ...post(path, effect, encode, nothing), isSilent: true };
}

function removal<Q>(path: string, encode: (request: Q) => WireFields): Endpoint<Q, void> {
  return by('DELETE', silent(path, 'once', encode));
}

function named({ name }: Named): WireFields {
  return { name: text(name, 'MCP server name') };
}

function versioned(from: Versioned): WireFields {
  return { ...named(from), version: text(from.version, 'version') };
}

function aliased(from: Aliased): WireFields {
  return { ...named(from), alias: text(from.alias, 'alias') };
}

function endpointId(from: EndpointId): WireFields {
  return { ...named(from), endpoint_id: text(from.endpointId, 'endpoint id') };
}

function tagged({ key, value }: Tagged): WireFields {
  return { key: text(key, 'tag key'), value: text(value, 'tag value') };
}

function searchFields(from: McpSearch): WireFields {
  return {
    filter_string: optional(from.filterString, 'filter'),
    max_results: integer(from.maxResults ?? DEFAULT_MAX_RESULTS, 'max results'),
    order_by: from.orderBy?.map((column) => text(column, 'order')),
    page_token: optional(from.pageToken, 'page token'),
  };
}

function endpointSearch(from: EndpointSearch): WireFields {
  return {
    ...searchFields(from),
    server_version: optional(from.serverVersion ?? undefined, 'server version'),
    server_alias: optional(from.serverAlias ?? undefined, 'server alias'),
  };
}

function serverFields(from: Named & McpServerFields): WireFields {
  return {
    ...named(from),
    display_name: nullable(from.displayName, 'display name'),
    description: nullable(from.description, 'description'),
    icons: from.icons,
  };
}

function versionFields(from: McpVersionFields): WireFields {
  return {
    source: optional(from.source, 'source'),
    status: optional(from.status, 'status'),
    tools: from.tools,
    connect_options: from.connectOptions,
  };
}

function endpointFields(from: Named & McpEndpointFields): WireFields {
  return {
    ...named(from),
    url: optional(from.url, 'url'),
    transport_type: optional(from.transportType, 'transport type'),
    server_version: nullable(from.serverVersion, 'server version'),
    server_alias: nullable(from.serverAlias, 'server alias'),
  };
}

function nullable(value: string | null | undefined, what: string): string | null | undefined {
  return value === null ? null : optional(value, what);
}
