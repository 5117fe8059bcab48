// An MCP server of one page of tools, or more, over streamable HTTP on this machine.
import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';

/** How the server answers. */
export interface TinyMcpOptions {
  /** Pages of tools. */
  readonly pages: readonly (readonly object[])[];
  /** @default 'json' */
  readonly answers?: 'json' | 'events';
  /** Answers every `tools/list` by this status, or never. */
  readonly fails?: number | 'never' | 'refused';
}

/** What was asked of it. */
export interface TinyMcpServer {
  readonly url: string;
  readonly seen: { readonly method: string | undefined; readonly headers: IncomingMessage['headers'] }[];
}

/** Starts one, which ends with the test. */
export async function startTinyMcpServer(options: TinyMcpOptions): Promise<TinyMcpServer> {
  const seen: TinyMcpServer['seen'] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const asked = (body === '' ? {} : JSON.parse(body)) as {
        id?: number;
        method?: string;
        params?: { cursor?: string };
      };
      seen.push({ method: asked.method ?? request.method, headers: request.headers });
      if (asked.method === 'tools/list' && options.fails === 'never') return;
      if (asked.method === 'tools/list' && typeof options.fails === 'number') {
        response.writeHead(options.fails, { location: 'http://127.0.0.1:1/elsewhere' }).end();
        return;
      }
      if (asked.id === undefined) {
        response.writeHead(202).end();
        return;
      }
      const message = JSON.stringify({ jsonrpc: '2.0', id: asked.id, ...answerTo(asked, options) });
      const isEvents = options.answers === 'events';
      response.writeHead(200, {
        'content-type': isEvents ? 'text/event-stream' : 'application/json',
        'mcp-session-id': 'session-1',
      });
      // what a server says between is not the answer
      const between = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message' })}\r\n\r\n`;
      response.end(isEvents ? `: hello\n\n${between}event: message\ndata: ${message}\n\n` : message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/mcp`, seen };
}

function answerTo(asked: { method?: string; params?: { cursor?: string } }, options: TinyMcpOptions): object {
  if (asked.method === 'initialize')
    return { result: { protocolVersion: '2025-03-26', capabilities: { tools: {} }, serverInfo: { name: 'tiny' } } };
  if (options.fails === 'refused') return { error: { code: -32_603, message: 'no tools today' } };
  const at = Number(asked.params?.cursor ?? 0);
  return {
    result: { tools: options.pages[at], ...(at + 1 < options.pages.length ? { nextCursor: String(at + 1) } : {}) },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) body += String(piece);
  return body;
}
