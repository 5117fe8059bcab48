// OpenTelemetry's own variables under register: each means what it means to a NodeSDK.
import { expect, onTestFinished, test } from 'vitest';
import { startOtlpEndpoint } from '../otel/otlp-endpoint.ts';
import type { OtlpEndpoint } from '../otel/otlp-endpoint.ts';
import { readRuns } from '../end-to-end/run-job.ts';
import { runRegistered } from './registered.ts';

async function runVariables(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly endpoint: OtlpEndpoint; readonly stdout: string; readonly stderr: string; readonly said: Said }> {
  const endpoint = await startOtlpEndpoint();
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  const { stdout, stderr, folder } = await runRegistered('', {
    job: 'spans.mjs',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, RUNSPAN_MLFLOW_EXIT_TIMEOUT_MS: '5000', ...env },
  });
  // Whatever becomes of the spans, the run is there.
  expect(readRuns(folder)).toMatchObject([{ name: 'spans', status: 'FINISHED' }]);
  const [, line = '{}'] = /^carrier (\{.*\})$/m.exec(stdout) ?? [];
  // The cast: the job writes it.
  return { endpoint, stdout, stderr, said: JSON.parse(line) as Said };
}

interface Said {
  readonly traceparent?: string;
  readonly baggage?: string;
  readonly b3?: string;
}

const namesOf = ({ spans }: OtlpEndpoint): readonly string[] => spans.map(({ name }) => String(name)).toSorted();

test.each([
  [{ OTEL_TRACES_SAMPLER: 'always_on' }, ['spans', 'work']],
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, []],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, []],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, []],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, []],
  [{ OTEL_TRACES_EXPORTER: 'none' }, []],
])('%o: spans %o arrive', async (env, names) => {
  const { endpoint } = await runVariables(env);
  expect(namesOf(endpoint)).toEqual(names);
  // The log's way is its own.
  expect(endpoint.logs.map(({ body }) => body)).toContain('a line');
});

test('an unknown sampler or ratio is said at OTEL_LOG_LEVEL, and the default taken', async () => {
  const { endpoint, stderr } = await runVariables({
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '7',
    OTEL_LOG_LEVEL: 'error',
  });
  expect(namesOf(endpoint)).toEqual(['spans', 'work']);
  expect(stderr).toMatch(/otel error: OTEL_TRACES_SAMPLER_ARG is 7/);
});

test('limits cut what is on spans and log records', async () => {
  const { endpoint } = await runVariables({
    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4',
    OTEL_SPAN_EVENT_COUNT_LIMIT: '1',
  });
  const work = endpoint.spans.find(({ name }) => name === 'work');
  expect(work?.attributes['long']).toBe('0123');
  const { endpoint: counted } = await runVariables({ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1' });
  expect(Object.keys(counted.spans.find(({ name }) => name === 'work')?.attributes ?? {})).toHaveLength(1);
});

test.each([
  ['tracecontext,baggage', ['baggage', 'traceparent']],
  ['tracecontext', ['traceparent']],
  ['baggage', ['baggage']],
  ['b3', ['b3']],
  ['none', []],
  ['tracecontext,jaeger', ['traceparent']],
])('OTEL_PROPAGATORS=%s: carried on are %o', async (names, headers) => {
  const { said, stderr } = await runVariables({ OTEL_PROPAGATORS: names, OTEL_LOG_LEVEL: 'warn' });
  expect(Object.keys(said).toSorted()).toEqual(headers);
  expect(stderr.includes('Propagator "jaeger"')).toBe(names.includes('jaeger'));
});

test.each(['http/json', 'http/protobuf'])('headers and resource by %s', async (protocol) => {
  const { endpoint } = await runVariables({
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue%20team',
    OTEL_SERVICE_NAME: 'named',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=lab,service.name=other',
  });
  expect(new Set(endpoint.headers.map((headers) => headers['x-tenant']))).toEqual(new Set(['blue team']));
  expect(new Set(endpoint.headers.map((headers) => headers['content-type']))).toEqual(
    new Set([protocol === 'http/json' ? 'application/json' : 'application/x-protobuf']),
  );
  if (protocol === 'http/protobuf') return; // What it holds is the SDK's own serializer's.
  for (const { resource } of [...endpoint.spans, ...endpoint.logs])
    expect(resource).toMatchObject({ 'service.name': 'named', 'deployment.environment.name': 'lab' });
});

test('the console’s exporters print on stdout, beside the endpoint or without one', async () => {
  const both = await runVariables({ OTEL_TRACES_EXPORTER: 'otlp,console', OTEL_LOGS_EXPORTER: 'none' });
  expect(both.stdout).toMatch(/name: 'work'/);
  expect(namesOf(both.endpoint)).toEqual(['spans', 'work']);
  expect(both.endpoint.logs).toEqual([]);
  const alone = await runVariables({
    OTEL_EXPORTER_OTLP_ENDPOINT: '',
    OTEL_TRACES_EXPORTER: 'console',
    OTEL_LOGS_EXPORTER: 'console',
  });
  expect(alone.stdout).toMatch(/name: 'work'/);
  expect(alone.stdout).toMatch(/body: 'a line'/);
});

test('an exporter that is none of ours is named', async () => {
  const { endpoint, stderr } = await runVariables({ OTEL_TRACES_EXPORTER: 'zipkin' });
  expect(endpoint.spans).toEqual([]);
  expect(stderr).toContain("There is no exporter 'zipkin'");
});
