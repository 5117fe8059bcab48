// The MCP server registry of MlflowClient: servers, their versions, and where they are reached.
import { mlflowError } from '../../errors.ts';
import type { McpAccessEndpoint, McpServer, McpServerVersion } from '../../model/mcp-servers.ts';
import type {
  McpEndpointFields,
  McpSearch,
  McpServerFields,
  McpVersionFields,
} from '../../rest/endpoints/mcp-servers.ts';
import type { PagedList } from './paged-list.ts';
import { WorkspaceMethods } from './workspace-methods.ts';

/** How long an MCP server may take to say its tools: Python's time. */
const MCP_TIMEOUT_MS = 10_000;

/** The methods of the registry of MCP servers; a tracking server alone has it, from MLflow 3.15 on. */
export abstract class McpServerMethods extends WorkspaceMethods {
  /** Registers a server, `<reverse-DNS namespace>/<name>`; `RESOURCE_ALREADY_EXISTS` where the name is taken. */
  createMcpServer(name: string, options: Pick<McpServerFields, 'description' | 'icons'> = {}): Promise<McpServer> {
    return this.ask('createMcpServer', { ...options, name });
  }

  /** Reads a server. */
  getMcpServer(name: string): Promise<McpServer> {
    return this.ask('getMcpServer', { name });
  }

  /** Searches servers. */
  searchMcpServers(options: McpSearch = {}): PagedList<McpServer> {
    return this.pages((paging) => this.ask('searchMcpServers', { ...options, ...paging }));
  }

  /** Changes a server; what is left out stays, null takes away. */
  updateMcpServer(name: string, options: McpServerFields = {}): Promise<McpServer> {
    return this.ask('updateMcpServer', { ...options, name });
  }

  /** Deletes a server with all its versions. */
  deleteMcpServer(name: string): Promise<void> {
    return this.ask('deleteMcpServer', { name });
  }

  /**
   * Registers a version; the server too where it is new. `serverJson` is the server.json of the MCP specification, with `name` and
   * `version`. No server is asked for its tools: name them in `tools`.
   */
  async createMcpServerVersion(
    serverJson: Readonly<Record<string, unknown>>,
    options: McpVersionFields = {},
  ): Promise<McpServerVersion> {
    const { name, version } = serverJson;
    if (typeof name !== 'string' || name === '' || version === undefined || version === '')
      throw mlflowError('INVALID_PARAMETER_VALUE', "server_json must contain 'name' and 'version' keys");
    return this.ask('createMcpServerVersion', { ...options, name, serverJson });
  }

  /** Reads a version. */
  getMcpServerVersion(name: string, version: string): Promise<McpServerVersion> {
    return this.ask('getMcpServerVersion', { name, version });
  }

  /** Reads the version that an alias leads to. */
  getMcpServerVersionByAlias(name: string, alias: string): Promise<McpServerVersion> {
    return this.ask('getMcpServerVersionByAlias', { name, alias });
  }

  /** Reads the latest version, by the order of semantic versions. */
  getLatestMcpServerVersion(name: string): Promise<McpServerVersion> {
    return this.getMcpServerVersionByAlias(name, 'latest');
  }

  /** Searches a server's versions. */
  searchMcpServerVersions(name: string, options: McpSearch = {}): PagedList<McpServerVersion> {
    return this.pages((paging) => this.ask('searchMcpServerVersions', { ...options, ...paging, name }));
  }

  /** Changes a version; what is left out stays. */
  updateMcpServerVersion(
    name: string,
    version: string,
    options: Omit<McpVersionFields, 'source'> = {},
  ): Promise<McpServerVersion> {
    return this.ask('updateMcpServerVersion', { ...options, name, version });
  }

  /**
   * Asks the MCP server itself for its tools, at the first remote of its `server.json` that speaks streamable HTTP, and keeps them.
   *
   * @param options `mcpServerAccessHeaders` are sent to that server alone; with `dryRun` nothing is kept
   * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where there is no such remote, or it does not answer within 10 s
   */
  async refreshMcpServerVersionTools(
    name: string,
    version: string,
    options: { readonly mcpServerAccessHeaders?: Readonly<Record<string, string>>; readonly dryRun?: boolean } = {},
  ): Promise<McpServerVersion> {
    const { mcpServerAccessHeaders: headers = {}, dryRun = false } = options;
    const current = await this.getMcpServerVersion(name, version);
    // Imported here: it checks answers with zod, which no job's start should wait for.
    const { findRemote, listMcpTools } = await import('../../rest/endpoints/mcp-tools.ts');
    const url = findRemote(current.serverJson);
    const tools = await listMcpTools({ url, headers, timeoutMs: MCP_TIMEOUT_MS });
    return dryRun ? { ...current, tools } : this.updateMcpServerVersion(name, version, { tools });
  }

  /** Deletes a version. */
  deleteMcpServerVersion(name: string, version: string): Promise<void> {
    return this.ask('deleteMcpServerVersion', { name, version });
  }

  /** Says where a server is reached; by `serverVersion` or `serverAlias`, which version runs there. */
  createMcpAccessEndpoint(
    serverName: string,
    url: string,
    options: Omit<McpEndpointFields, 'url'> = {},
  ): Promise<McpAccessEndpoint> {
    const { transportType = 'streamable-http', ...rest } = options;
    return this.ask('createMcpAccessEndpoint', { ...rest, transportType, url, name: serverName });
  }

  /** Reads an address. */
  getMcpAccessEndpoint(serverName: string, endpointId: string): Promise<McpAccessEndpoint> {
    return this.ask('getMcpAccessEndpoint', { name: serverName, endpointId });
  }

  /** Searches addresses, of one server where `serverName` is given. */
  searchMcpAccessEndpoints(
    options: McpSearch & {
      readonly serverName?: string;
      readonly serverVersion?: string;
      readonly serverAlias?: string;
    } = {},
  ): PagedList<McpAccessEndpoint> {
    const { serverName, ...search } = options;
    return this.pages(async (paging) => {
      if (serverName === undefined) return this.ask('searchMcpAccessEndpoints', { ...search, ...paging });
      if (serverName.trim() === '')
        throw mlflowError('INVALID_PARAMETER_VALUE', 'server_name must be a non-empty string when provided');
      return this.ask('searchMcpAccessEndpointsOf', { ...search, ...paging, name: serverName });
    });
  }

  /** Changes an address; what is left out stays, null takes away. */
  updateMcpAccessEndpoint(
    serverName: string,
    endpointId: string,
    options: McpEndpointFields = {},
  ): Promise<McpAccessEndpoint> {
    return this.ask('updateMcpAccessEndpoint', { ...options, name: serverName, endpointId });
  }

  /** Deletes an address. */
  deleteMcpAccessEndpoint(serverName: string, endpointId: string): Promise<void> {
    return this.ask('deleteMcpAccessEndpoint', { name: serverName, endpointId });
  }

  /** Sets a tag of a server. */
  setMcpServerTag(name: string, key: string, value: string): Promise<void> {
    return this.ask('setMcpServerTag', { name, key, value });
  }

  /** Removes a tag of a server. */
  deleteMcpServerTag(name: string, key: string): Promise<void> {
    return this.ask('deleteMcpServerTag', { name, key });
  }

  /** Sets a tag of a version. */
  setMcpServerVersionTag(name: string, version: string, key: string, value: string): Promise<void> {
    return this.ask('setMcpServerVersionTag', { name, version, key, value });
  }

  /** Removes a tag of a version. */
  deleteMcpServerVersionTag(name: string, version: string, key: string): Promise<void> {
    return this.ask('deleteMcpServerVersionTag', { name, version, key });
  }

  /** Lets an alias lead to a version. */
  setMcpServerAlias(name: string, alias: string, version: string): Promise<void> {
    return this.ask('setMcpServerAlias', { name, alias, version });
  }

  /** Removes an alias. */
  deleteMcpServerAlias(name: string, alias: string): Promise<void> {
    return this.ask('deleteMcpServerAlias', { name, alias });
  }
}
