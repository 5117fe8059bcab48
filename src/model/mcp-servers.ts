// MLflow's registry of MCP servers: servers, their versions, and the addresses at which they are reached.

/** How far a version, or the server by its latest one, is. */
export type McpStatus = 'draft' | 'active' | 'deprecated' | 'deleted';

/** How a server is spoken to. */
export type McpTransportType = 'streamable-http' | 'sse';

/** A picture of a server or tool, as the MCP specification has it: `src`, and maybe `sizes`, `mimeType`, `theme`. */
export type McpIcon = Readonly<Record<string, unknown>>;

/** A tool that a server offers, as the MCP specification has it. */
export interface McpTool {
  /** What it is called by. */
  readonly name: string;
  /** What it is called for people. */
  readonly title?: string | undefined;
  /** What it is for. */
  readonly description?: string | undefined;
  /** JSON Schema of what it takes. */
  readonly inputSchema?: Readonly<Record<string, unknown>> | undefined;
  /** JSON Schema of what it gives. */
  readonly outputSchema?: Readonly<Record<string, unknown>> | undefined;
  /** Hints such as `readOnlyHint`. */
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
  /** Its pictures. */
  readonly icons?: readonly McpIcon[] | undefined;
  /** How it is run. */
  readonly execution?: Readonly<Record<string, unknown>> | undefined;
}

/** Who made and changed an entry, and when. */
export interface McpRecord {
  /** The workspace that it is in; undefined where the server has none. */
  readonly workspace: string | undefined;
  /** Undefined where the server does not ask who one is. */
  readonly createdBy: string | undefined;
  /** The same of its last change. */
  readonly lastUpdatedBy: string | undefined;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number | undefined;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number | undefined;
}

/** One version of an MCP server. */
export interface McpServerVersion extends McpRecord {
  /** The server's name. */
  readonly name: string;
  /** As its server.json says. */
  readonly version: string;
  /** Its server.json whole. */
  readonly serverJson: Readonly<Record<string, unknown>>;
  /** How far it is. */
  readonly status: McpStatus;
  /** The tools that it offers, as far as they are known. */
  readonly tools: readonly McpTool[];
  /** The aliases that lead to it. */
  readonly aliases: readonly string[];
  /** The last value wins. */
  readonly tags: Readonly<Record<string, string>>;
  /** By the name of a way to connect, whether it is hidden. */
  readonly connectOptions: Readonly<Record<string, { readonly hidden: boolean }>>;
  /** Where it came from. */
  readonly source: string | undefined;
}

/** An address at which a server is reached. */
export interface McpAccessEndpoint extends McpRecord {
  /** The registry's id. */
  readonly id: string;
  /** The server that it belongs to. */
  readonly serverName: string;
  /** Where it is. */
  readonly url: string;
  /** How it is spoken to. */
  readonly transportType: McpTransportType;
  /** The version that it runs; undefined where it goes by an alias. */
  readonly serverVersion: string | undefined;
  /** The alias that says which version it runs. */
  readonly serverAlias: string | undefined;
  /** The version that it runs now, where the registry knows. */
  readonly resolvedVersion: McpServerVersion | undefined;
}

/** An MCP server: all its versions. */
export interface McpServer extends McpRecord {
  /** `<reverse-DNS namespace>/<name>`, such as `com.example/weather`. */
  readonly name: string;
  /** What it is called for people. */
  readonly displayName: string | undefined;
  /** What it is for. */
  readonly description: string | undefined;
  /** Its pictures. */
  readonly icons: readonly McpIcon[] | undefined;
  /** That of its latest version. */
  readonly status: McpStatus | undefined;
  /** The last value wins. */
  readonly tags: Readonly<Record<string, string>>;
  /** The version that each alias leads to. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Where it is reached. */
  readonly accessEndpoints: readonly McpAccessEndpoint[];
  /** Undefined where it has none. */
  readonly latestVersion: string | undefined;
}
