// Asks an MCP server which tools it has, over the protocol's streamable HTTP: JSON-RPC by POST, answered as JSON or as a stream of events.
import { z } from 'zod';
import { type MlflowError, mlflowError } from '../../errors.ts';
import type { McpTool } from '../../model/mcp-servers.ts';
import { tool } from '../wire/mcp-server-answers.ts';
import { untraced } from '../transport/untraced.ts';
import { isError } from '../../model/any-realm.ts';

/** Where to ask. */
export interface McpRemote {
  /** The server's address. */
  readonly url: string;
  /** Sent with every request, such as `Authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole exchange, in milliseconds. */
  readonly timeoutMs: number;
}

/** The protocol's version that is asked for; an older one that the server names is taken. */
const PROTOCOL_VERSION = '2025-06-18';

/** More pages than this no server has. */
const MAX_PAGE_COUNT = 100;

const reply = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
const initialized = z.object({ protocolVersion: z.string() });
const toolsPage = z.object({ tools: z.array(tool), nextCursor: z.string().optional() });
const remotes = z.array(z.unknown()).nullish();
const remote = z.object({ url: z.string(), type: z.string().nullish() });

/**
 * Finds the first remote of a `server.json` that can be asked.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where there is none
 */
export function findRemote(serverJson: Readonly<Record<string, unknown>>): string {
  for (const each of remotes.catch(undefined).parse(serverJson['remotes']) ?? []) {
    const found = remote.safeParse(each);
    if (found.success && found.data.url.trim() !== '' && (found.data.type ?? 'streamable-http') === 'streamable-http')
      return found.data.url.trim();
  }
  throw invalid(
    'No usable MCP remote found in server_json.remotes for tool discovery: it takes one of type streamable-http.',
  );
}

/**
 * Lists a server's tools.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where it does not answer as an MCP server does, or not in time
 */
export async function listMcpTools(at: McpRemote): Promise<readonly McpTool[]> {
  const signal = AbortSignal.timeout(at.timeoutMs);
  const session = new Session(at, signal);
  try {
    return await untraced(() => session.listTools());
  } catch (error) {
    const why = signal.aborted ? `no answer within ${at.timeoutMs / 1000} s` : messageOf(error);
    throw invalid(`Failed to discover MCP tools from '${at.url}': ${why}`, error);
  }
}

class Session {
  readonly #at: McpRemote;
  readonly #signal: AbortSignal;
  readonly #headers: Record<string, string>;
  #serial = 0;

  constructor(at: McpRemote, signal: AbortSignal) {
    this.#at = at;
    this.#signal = signal;
    this.#headers = {
      ...at.headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
  }

  async listTools(): Promise<readonly McpTool[]> {
    const client = { name: 'runspan', version: '0' };
    const params = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo: client };
    const { protocolVersion } = initialized.parse(await this.#ask('initialize', params));
    this.#headers['mcp-protocol-version'] = protocolVersion;
    await (await this.#post({ method: 'notifications/initialized' })).body?.cancel();
    const tools: McpTool[] = [];
    let cursor: string | undefined;
    for (let count = 0; count < MAX_PAGE_COUNT; count++) {
      const page = toolsPage.parse(await this.#ask('tools/list', cursor === undefined ? {} : { cursor }));
      tools.push(...page.tools);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    await this.#end();
    return tools;
  }

  async #ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#serial;
    const answer = await this.#post({ id, method, params });
    const sessionId = answer.headers.get('mcp-session-id');
    if (sessionId !== null) this.#headers['mcp-session-id'] = sessionId;
    for await (const message of messagesOf(answer)) {
      const { id: ofMessage, result, error } = reply.parse(message);
      if (ofMessage !== id) continue;
      if (error !== undefined) throw new Error(`${method} was refused: ${error.message} (${error.code})`);
      return result;
    }
    throw new Error(`${method} was not answered`);
  }

  async #post(message: object): Promise<Response> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const answer = await this.#send({ method: 'POST', body });
    if (answer.ok) return answer;
    await answer.body?.cancel();
    throw new Error(`HTTP ${answer.status}`);
  }

  /** Headers may hold credentials: they go to this address alone. */
  #send(request: { readonly method: string; readonly body?: string }): Promise<Response> {
    return fetch(this.#at.url, { ...request, headers: this.#headers, redirect: 'error', signal: this.#signal });
  }

  /** Politeness: a session that is not ended is forgotten by the server in time. */
  async #end(): Promise<void> {
    if (this.#headers['mcp-session-id'] === undefined) return;
    await this.#send({ method: 'DELETE' }).then(
      (answer) => answer.body?.cancel(),
      () => undefined, // what was asked for is here
    );
  }
}

/** The messages of an answer: one as JSON, or those of its events, read until nobody wants more. */
async function* messagesOf(answer: Response): AsyncGenerator<unknown> {
  if (!(answer.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
    yield await answer.json();
    return;
  }
  let rest = '';
  for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (rest + piece).replaceAll('\r\n', '\n').split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = event.split('\n').flatMap((line) => (line.startsWith('data:') ? line.slice(5).trimStart() : []));
      if (data.length > 0) yield JSON.parse(data.join('\n'));
    }
  }
}

function messageOf(error: unknown): string {
  const cause = isError(error) && isError(error.cause) ? `: ${error.cause.message}` : '';
  if (error instanceof z.ZodError) return 'it does not answer as an MCP server does';
  return `${isError(error) ? error.message : String(error)}${cause}`;
}

function invalid(message: string, cause?: unknown): MlflowError {
  return mlflowError('INVALID_PARAMETER_VALUE', message, cause);
}
