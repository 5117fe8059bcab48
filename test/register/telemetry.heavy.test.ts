// What an unchanged job's spans and log records are under register, at a local OTLP endpoint; and when there are none.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readRuns } from '../end-to-end/run-job.ts';
import { startOtlpEndpoint } from '../otel/otlp-endpoint.ts';
import type { OtlpEndpoint, ReceivedItem } from '../otel/otlp-endpoint.ts';
import { FILE_SDK, runRegistered } from './registered.ts';

interface Called {
  readonly url: string;
  readonly parents: Map<string, string | undefined>;
}

/** A server that answers, and remembers the traceparent of each path. */
async function startServer(): Promise<Called> {
  const parents = new Map<string, string | undefined>();
  const server = createServer((request, response) => {
    parents.set(String(request.url).slice(1), request.headers['traceparent'] as string | undefined);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, parents };
}

async function collector(): Promise<OtlpEndpoint> {
  const endpoint = await startOtlpEndpoint();
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  return endpoint;
}

const rootOf = (spans: readonly ReceivedItem[]): ReceivedItem | undefined =>
  spans.find(({ attributes }) => attributes['runspan.kind'] === 'run');

test.each([
  ['talks.mjs', ['by-fetch', 'by-named-get', 'by-default-get']],
  ['talks.cjs', ['by-fetch', 'by-default-get']],
])('%s: its calls are children of the run’s span, and its lines are log records of the run', async (job, paths) => {
  const [server, endpoint] = await Promise.all([startServer(), collector()]);
  const { folder, stdout } = await runRegistered('calls', {
    job,
    args: [server.url],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_SERVICE_NAME: 'talker' },
  });
  const root = rootOf(endpoint.spans);
  const [run] = readRuns(folder);
  expect(root).toMatchObject({ name: 'talks', attributes: { 'mlflow.run.status': 'FINISHED' } });
  const calls = endpoint.spans.filter((span) => span !== root);
  expect(calls.map(({ parentSpanId, traceId }) => [parentSpanId, traceId])).toEqual(
    paths.map(() => [root?.spanId, root?.traceId]),
  );
  for (const span of endpoint.spans) {
    expect(span.attributes['runspan.run_key']).toBe(run?.runId);
    expect(span.resource['service.name']).toBe('talker');
  }
  // Each call carried the trace on, by the span of its own.
  const ids = paths.map((path) => server.parents.get(path)?.split('-')[2]);
  expect(new Set(ids)).toEqual(new Set(calls.map(({ spanId }) => spanId)));
  const lines = endpoint.logs.filter(({ body }) => body?.startsWith('said'));
  expect(lines.map(({ body, traceId, attributes }) => [body, traceId, attributes['runspan.run_key']])).toEqual([
    ['said by console', root?.traceId, run?.runId],
    ['said by pino', root?.traceId, run?.runId],
  ]);
  expect(stdout.match(/said by console\n/g)).toHaveLength(1);
  expect(stdout.match(/"msg":"said by pino"/g)).toHaveLength(1);
});

test('requests of ours leave no span, wherever they come from: a sandbox has a context of its own', async () => {
  const [server, endpoint] = await Promise.all([startServer(), collector()]);
  await runRegistered(server.url, { job: 'own-traffic.mjs', env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url } });
  expect([...server.parents.keys()].toSorted()).toEqual(['exporter', 'fetch', 'http', 'other', 'undici']);
  const urls = endpoint.spans.flatMap(({ attributes }) => attributes['url.full'] ?? []);
  expect(urls).toEqual([`${server.url}/other`]);
});

test('levels, errors and secrets of foreign lines arrive as our own do', async () => {
  const [server, endpoint] = await Promise.all([startServer(), collector()]);
  const { stderr } = await runRegistered('calls', {
    job: 'talks.mjs',
    args: [server.url],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, RUNSPAN_MLFLOW_EXIT_TIMEOUT_MS: '5000' },
  });
  const find = (text: RegExp): ReceivedItem[] => endpoint.logs.filter(({ body }) => text.test(body ?? ''));
  expect(find(/careful/)).toMatchObject([{ severityText: 'WARNING' }]);
  expect(find(/careful/)[0]?.body).not.toContain('hunter2');
  expect(stderr).toContain('hunter2');
  expect(find(/where/)).toMatchObject([{ severityText: 'TRACE' }]);
  expect(find(/said by pino/)).toMatchObject([
    { severityText: 'ERROR', attributes: { fold: expect.anything(), 'exception.type': 'RangeError' } },
  ]);
  expect(Number(find(/said by pino/)[0]?.timeUnixNano)).toBeGreaterThan(1.7e18);
});

test('without an endpoint nothing is sent, and the job’s output is its own', async () => {
  const server = await startServer();
  const { folder, stdout } = await runRegistered('calls', { job: 'talks.mjs', args: [server.url] });
  expect(readRuns(folder)).toMatchObject([{ name: 'talks', status: 'FINISHED' }]);
  expect([...server.parents.values()]).toEqual([undefined, undefined, undefined]);
  expect(stdout.match(/said by console/g)).toHaveLength(1);
});

test('OTEL_SDK_DISABLED: the run is there, and nothing is exported', async () => {
  const [server, endpoint] = await Promise.all([startServer(), collector()]);
  const { folder } = await runRegistered('calls', {
    job: 'talks.mjs',
    args: [server.url],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_SDK_DISABLED: 'true' },
  });
  expect(readRuns(folder)).toMatchObject([{ name: 'talks', status: 'FINISHED' }]);
  expect([endpoint.spans, endpoint.logs]).toEqual([[], []]);
});

test('a name by env is the run’s', async () => {
  const { folder } = await runRegistered('natural', { env: { RUNSPAN_RUN_NAME: 'nightly' } });
  expect(readRuns(folder).map(({ name }) => name)).toEqual(['nightly']);
});

test('OTEL_LOG_LEVEL=debug: one line says what was found', async () => {
  const { stderr, stdout } = await runRegistered('natural', { env: { OTEL_LOG_LEVEL: 'debug' } });
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('runspan: register:'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /opened run [\da-f]{32}; OpenTelemetry: no endpoint.*; instrumented: none; log records of: none/,
  );
});

test('RUNSPAN_DISABLED: nothing at all', async () => {
  const { folder, stdout, stderr } = await runRegistered('env', { env: { RUNSPAN_DISABLED: '1' } });
  expect(JSON.parse(stdout)).not.toHaveProperty('RUNSPAN_RUN_KEY');
  expect(stderr).toBe('');
  expect(() => readRuns(folder)).toThrow();
});

test('a setting that is wrong is one line on stderr; the job runs', async () => {
  const { stdout, stderr } = await runRegistered('natural', { env: { MLFLOW_HTTP_REQUEST_TIMEOUT: 'soon' } });
  expect(stdout).toBe('done\n');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^runspan: the job runs without a run: .*soon/);
});

test('a registered SDK is used, and not instrumented again', async () => {
  const [server, endpoint] = await Promise.all([startServer(), collector()]);
  const { folder } = await runRegistered('calls', {
    job: 'talks.mjs',
    args: [server.url],
    nodeArgs: ['--import', FILE_SDK],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, SPANS: '/dev/null' },
  });
  expect(readRuns(folder)).toMatchObject([{ status: 'FINISHED' }]);
  expect(endpoint.spans).toEqual([]);
  expect([...server.parents.values()]).toEqual([undefined, undefined, undefined]);
});
