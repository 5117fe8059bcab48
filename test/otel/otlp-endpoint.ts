// A local OTLP/HTTP endpoint that keeps what it is sent, and child processes that send to it.
import { expect } from 'vitest';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A span or log record as OTLP's JSON has it, with its attributes as an object. */
export interface ReceivedItem {
  readonly name?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: string;
  readonly timeUnixNano?: string;
  readonly status?: { readonly code?: number };
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly KeyValue[] }[];
  readonly links?: readonly { readonly attributes?: readonly KeyValue[] }[];
  readonly scope: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A local OTLP endpoint. */
export interface OtlpEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly spans: ReceivedItem[];
  readonly logs: ReceivedItem[];
  readonly headers: Readonly<Record<string, unknown>>[];
  readonly paths: string[];
  /** How requests are answered from now on. */
  answer: Answer;
  /** Resolves once so many log records have been taken. */
  receive(logCount: number): Promise<void>;
  /** Resolves once so many requests have been answered with a failure. */
  refuse(requestCount: number): Promise<void>;
}

/** How a request is answered: with a status, a status and a body, or never. @default 200 */
export type Answer = number | 'hang' | { readonly status: number; readonly body: string };

/** Starts a local OTLP endpoint on a free port; with certificates by TLS. */
export async function startOtlpEndpoint(answer: Answer = 200, tls?: ServerOptions): Promise<OtlpEndpoint> {
  const spans: ReceivedItem[] = [];
  const logs: ReceivedItem[] = [];
  const headers: Record<string, unknown>[] = [];
  const paths: string[] = [];
  const waiting: { readonly isDue: () => boolean; readonly resolve: () => void }[] = [];
  const until = (isDue: () => boolean): Promise<void> => new Promise((resolve) => waiting.push({ isDue, resolve }));
  let refusedCount = 0;
  const take: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (endpoint.answer === 'hang') return;
      headers.push(request.headers);
      paths.push(String(request.url));
      const { status, body } =
        typeof endpoint.answer === 'number' ? { status: endpoint.answer, body: '{}' } : endpoint.answer;
      if (status === 200 && request.headers['content-type'] !== 'application/x-protobuf')
        collect(JSON.parse(Buffer.concat(chunks).toString()), { spans, logs });
      else refusedCount++;
      for (const { isDue, resolve } of waiting) if (isDue()) resolve();
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  };
  const server = tls === undefined ? createServer(take) : createSecureServer(tls, take);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint: OtlpEndpoint = {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    spans,
    logs,
    headers,
    paths,
    answer,
    receive: (count) => until(() => logs.length >= count),
    refuse: (count) => until(() => refusedCount >= count),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return endpoint;
}

/** What became of a child process. */
export interface ChildResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the child's line `ending` on stdout to its exit, in milliseconds; NaN without the line. */
  readonly exitMs: number;
}

/** Runs a fixture in a plain node process. */
export function runFixture(
  name: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  onEnding: (child: ChildProcess) => void = () => undefined,
): Promise<ChildResult> {
  const file = join(import.meta.dirname, '../fixtures/otel', name);
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [file, ...args], { env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let endingAt = NaN;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (!Number.isNaN(endingAt) || !/^ending$/m.test(stdout)) return;
    endingAt = performance.now();
    onEnding(child);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, exitMs: performance.now() - endingAt }),
    );
  });
}

interface Group {
  readonly resource: { readonly attributes: KeyValue[] };
  readonly scopeSpans?: readonly ScopeGroup[];
  readonly scopeLogs?: readonly ScopeGroup[];
}

interface ScopeGroup {
  readonly scope: { readonly name: string };
  readonly spans?: readonly Record<string, unknown>[];
  readonly logRecords?: readonly Record<string, unknown>[];
}

function collect(body: unknown, into: { spans: ReceivedItem[]; logs: ReceivedItem[] }): void {
  const { resourceSpans = [], resourceLogs = [] } = body as { resourceSpans?: Group[]; resourceLogs?: Group[] };
  for (const group of [...resourceSpans, ...resourceLogs]) {
    const resource = toObject(group.resource.attributes);
    for (const { scope, spans = [], logRecords = [] } of group.scopeSpans ?? group.scopeLogs ?? []) {
      into.spans.push(...spans.map((item) => toItem(item, scope.name, resource)));
      into.logs.push(...logRecords.map((item) => toItem(item, scope.name, resource)));
    }
  }
}

function toItem(item: Record<string, unknown>, scope: string, resource: Record<string, unknown>): ReceivedItem {
  const attributes = toObject(item['attributes'] as KeyValue[] | undefined);
  const body = (item['body'] as { stringValue?: string } | undefined)?.stringValue;
  return { ...item, ...(body === undefined ? {} : { body }), scope, attributes, resource } as ReceivedItem;
}

function toObject(list: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** The last line that a fixture printed, once it has ended well and said nothing on stderr. */
export function report(result: ChildResult): Record<string, unknown> {
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}
