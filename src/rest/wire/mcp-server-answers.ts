// What MLflow's registry of MCP servers answers, as this package's nouns; null is its word for absent.
import { z } from 'zod';
import type { Page } from '../../model/entities.ts';
import type { McpAccessEndpoint, McpRecord, McpServer, McpServerVersion, McpTool } from '../../model/mcp-servers.ts';
import type { Decoder } from './endpoint.ts';
import * as wire from './wire-values.ts';

const text = z.string().nullish();
const object = z.record(z.string(), z.unknown());
const texts = z.record(z.string(), z.string()).default({});
const status = z.enum(['draft', 'active', 'deprecated', 'deleted']);

const record = {
  workspace: text,
  created_by: text,
  last_updated_by: text,
  creation_timestamp: wire.int64.nullish(),
  last_updated_timestamp: wire.int64.nullish(),
};

function recordOf(from: z.infer<z.ZodObject<typeof record>>): McpRecord {
  return {
    workspace: from.workspace ?? undefined,
    createdBy: from.created_by ?? undefined,
    lastUpdatedBy: from.last_updated_by ?? undefined,
    creationTimeMs: from.creation_timestamp ?? undefined,
    lastUpdateTimeMs: from.last_updated_timestamp ?? undefined,
  };
}

/** A tool, as the registry and MCP servers themselves say it. */
export const tool: z.ZodType<McpTool> = z
  .object({
    name: z.string(),
    title: text,
    description: text,
    inputSchema: object.nullish(),
    outputSchema: object.nullish(),
    annotations: object.nullish(),
    icons: z.array(object).nullish(),
    execution: object.nullish(),
  })
  .transform((from): McpTool => ({
    name: from.name,
    title: from.title ?? undefined,
    description: from.description ?? undefined,
    inputSchema: from.inputSchema ?? undefined,
    outputSchema: from.outputSchema ?? undefined,
    annotations: from.annotations ?? undefined,
    icons: from.icons ?? undefined,
    execution: from.execution ?? undefined,
  }));

const version = z
  .object({
    ...record,
    name: z.string(),
    version: z.string(),
    server_json: object,
    status: status.default('draft'),
    tools: z.array(tool).nullish(),
    aliases: z.array(z.string()).default([]),
    tags: texts,
    connect_options: z.record(z.string(), z.object({ hidden: z.boolean().default(false) })).default({}),
    source: text,
  })
  .transform((from): McpServerVersion => ({
    ...recordOf(from),
    name: from.name,
    version: from.version,
    serverJson: from.server_json,
    status: from.status,
    tools: from.tools ?? [],
    aliases: from.aliases,
    tags: from.tags,
    connectOptions: from.connect_options,
    source: from.source ?? undefined,
  }));

const endpoint = z
  .object({
    ...record,
    id: wire.id,
    server_name: z.string(),
    url: z.string(),
    transport_type: z.enum(['streamable-http', 'sse']).default('streamable-http'),
    server_version: text,
    server_alias: text,
    resolved_version: version.nullish(),
  })
  .transform((from): McpAccessEndpoint => ({
    ...recordOf(from),
    id: from.id,
    serverName: from.server_name,
    url: from.url,
    transportType: from.transport_type,
    serverVersion: from.server_version ?? undefined,
    serverAlias: from.server_alias ?? undefined,
    resolvedVersion: from.resolved_version ?? undefined,
  }));

const server = z
  .object({
    ...record,
    name: z.string(),
    display_name: text,
    description: text,
    icons: z.array(object).nullish(),
    status: status.nullish(),
    tags: texts,
    aliases: z.array(z.object({ alias: z.string(), version: z.string() })).default([]),
    access_endpoints: z.array(endpoint).default([]),
    latest_version: text,
  })
  .transform((from): McpServer => ({
    ...recordOf(from),
    name: from.name,
    displayName: from.display_name ?? undefined,
    description: from.description ?? undefined,
    icons: from.icons ?? undefined,
    status: from.status ?? undefined,
    tags: from.tags,
    aliases: Object.fromEntries(from.aliases.map((each) => [each.alias, each.version])),
    accessEndpoints: from.access_endpoints,
    latestVersion: from.latest_version ?? undefined,
  }));

const pageToken = z.string().nullish();

/** A server. */
export const mcpServerAnswer: Decoder<McpServer> = server;

/** A version. */
export const mcpVersionAnswer: Decoder<McpServerVersion> = version;

/** An address. */
export const mcpEndpointAnswer: Decoder<McpAccessEndpoint> = endpoint;

/** A page of servers. */
export const mcpServersAnswer: Decoder<Page<McpServer>> = z
  .object({ mcp_servers: z.array(server), next_page_token: pageToken })
  .transform((from) => wire.pageOf(from.mcp_servers, from.next_page_token ?? undefined));

/** A page of versions. */
export const mcpVersionsAnswer: Decoder<Page<McpServerVersion>> = z
  .object({ mcp_server_versions: z.array(version), next_page_token: pageToken })
  .transform((from) => wire.pageOf(from.mcp_server_versions, from.next_page_token ?? undefined));

/** A page of addresses. */
export const mcpEndpointsAnswer: Decoder<Page<McpAccessEndpoint>> = z
  .object({ mcp_access_endpoints: z.array(endpoint), next_page_token: pageToken })
  .transform((from) => wire.pageOf(from.mcp_access_endpoints, from.next_page_token ?? undefined));
