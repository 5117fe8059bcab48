// OpenTelemetry's own variables: each means the same under register, whose set-up is put up by hand, and to services, whose is a NodeSDK.
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, readRuns, runJob } from '../end-to-end/run-job.ts';
import { startGrpcEndpoint } from '../otel/grpc-endpoint.ts';
import { startOtlpEndpoint } from '../otel/otlp-endpoint.ts';
import type { OtlpEndpoint, ReceivedItem } from '../otel/otlp-endpoint.ts';
import { REGISTER } from './registered.ts';

type Env = Readonly<Record<string, string>>;

interface Ran {
  readonly endpoint: OtlpEndpoint;
  readonly stdout: string;
  readonly stderr: string;
  readonly said: Said;
}

interface Said {
  readonly traceparent?: string;
  readonly baggage?: string;
  readonly b3?: string;
}

const namesOf = ({ spans }: OtlpEndpoint): readonly string[] => spans.map(({ name }) => String(name)).toSorted();
const workOf = ({ spans }: OtlpEndpoint): ReceivedItem | undefined => spans.find(({ name }) => name === 'work');

async function openEndpoint(): Promise<OtlpEndpoint> {
  const endpoint = await startOtlpEndpoint();
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  return endpoint;
}

/** Runs the job of spans.mjs in one of the two ways. */
async function runVariables(way: string, env: Env): Promise<Ran> {
  const endpoint = await openEndpoint();
  const isRegister = way === 'register';
  const folder = makeFolder();
  const { code, stdout, stderr } = await runJob(isRegister ? 'spans.mjs' : 'spans-by-code.mjs', {
    folder,
    nodeArgs: isRegister ? ['--import', REGISTER] : [],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      RUNSPAN_MLFLOW_EXIT_TIMEOUT_MS: '5000',
      RUNSPAN_ALERTS_ENABLE: 'false',
      ...env,
    },
  });
  expect(code, stderr).toBe(0);
  // Whatever becomes of the spans, the run is there.
  expect(readRuns(folder)).toMatchObject([{ name: 'spans', status: 'FINISHED' }]);
  const [, line = '{}'] = /^carrier (\{.*\})$/m.exec(stdout) ?? [];
  // The cast: the job writes it.
  return { endpoint, stdout, stderr, said: JSON.parse(line) as Said };
}

/** What the job set: the run's key and id stand on each span whatever its limits are. */
const countOfJob = (span: ReturnType<typeof workOf>): number =>
  Object.keys(span?.attributes ?? {}).filter((key) => !/^(?:runspan|mlflow)\./.test(key)).length;

describe.each(['register', 'services'])('under %s', (way) => {
  const run = (env: Env): Promise<Ran> => runVariables(way, env);

  test.each([
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, ['spans', 'work']],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, []],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, []],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, []],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, []],
    [{ OTEL_TRACES_EXPORTER: 'none' }, []],
  ])('%o: spans %o arrive', async (env, names) => {
    const { endpoint } = await run(env);
    expect(namesOf(endpoint)).toEqual(names);
    // The log's way is its own.
    expect(endpoint.logs.map(({ body }) => body)).toContain('a line');
  });

  test('OTEL_LOGS_EXPORTER=none: spans alone arrive; OTEL_SDK_DISABLED: nothing does', async () => {
    const { endpoint } = await run({ OTEL_LOGS_EXPORTER: 'none' });
    expect([namesOf(endpoint), endpoint.logs]).toEqual([['spans', 'work'], []]);
    const disabled = await run({ OTEL_SDK_DISABLED: 'true' });
    expect([disabled.endpoint.spans, disabled.endpoint.logs]).toEqual([[], []]);
  });

  test.each<[Env, (endpoint: OtlpEndpoint) => unknown, unknown]>([
    [{ OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4' }, (e) => workOf(e)?.attributes['long'], '0123'],
    [{ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4' }, (e) => workOf(e)?.attributes['long'], '0123'],
    [{ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1' }, (e) => countOfJob(workOf(e)), 1],
    [{ OTEL_ATTRIBUTE_COUNT_LIMIT: '1' }, (e) => countOfJob(workOf(e)), 1],
    [{ OTEL_ATTRIBUTE_COUNT_LIMIT: '1', OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2' }, (e) => countOfJob(workOf(e)), 2],
    [{ OTEL_SPAN_EVENT_COUNT_LIMIT: '1' }, (e) => workOf(e)?.events?.map(({ name }) => name), ['two']],
    [{ OTEL_SPAN_LINK_COUNT_LIMIT: '1' }, (e) => workOf(e)?.links?.length, 1],
    [{ OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '1' }, (e) => workOf(e)?.events?.[0]?.attributes?.length, 1],
    [{ OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '1' }, (e) => workOf(e)?.links?.[0]?.attributes?.length, 1],
    [{ OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '1' }, (e) => Object.keys(lineOf(e)?.attributes ?? {}).length, 1],
    [
      { OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4' },
      (e) => String(lineOf(e)?.attributes['runspan.run_key']).length,
      4,
    ],
    [{ OTEL_ATTRIBUTE_COUNT_LIMIT: '1' }, (e) => Object.keys(lineOf(e)?.attributes ?? {}).length, 1],
  ])('the limits of %o are kept', async (env, read, expected) => {
    const { endpoint } = await run(env);
    expect(read(endpoint)).toEqual(expected);
  });

  test.each([
    ['tracecontext,baggage', ['baggage', 'traceparent']],
    ['tracecontext', ['traceparent']],
    ['baggage', ['baggage']],
    ['b3', ['b3']],
    ['none', []],
  ])('OTEL_PROPAGATORS=%s: carried on are %o', async (names, headers) => {
    const { said } = await run({ OTEL_PROPAGATORS: names });
    expect(Object.keys(said).toSorted()).toEqual(headers);
  });

  test.each(['http/json', 'http/protobuf'])('headers and resource by %s', async (protocol) => {
    const { endpoint } = await run({
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
    expect(endpoint.spans.length).toBeGreaterThan(0);
    for (const { resource } of [...endpoint.spans, ...endpoint.logs])
      expect(resource).toMatchObject({ 'service.name': 'named', 'deployment.environment.name': 'lab' });
  });

  test('each signal has an endpoint, a protocol and headers of its own', async () => {
    await using traces = await startGrpcEndpoint();
    const logs = await openEndpoint();
    const { endpoint } = await run({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces.url,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-signal=spans',
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${logs.url}/somewhere/else`,
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-signal=lines',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue',
    });
    expect(endpoint.headers).toEqual([]);
    expect(traces.calls[0]).toMatchObject({ signal: 'traces', headers: { 'x-signal': 'spans', 'x-tenant': 'blue' } });
    expect(traces.calls.some(({ body }) => body.includes('work'))).toBe(true);
    expect(logs.headers[0]).toMatchObject({ 'x-signal': 'lines', 'x-tenant': 'blue' });
    expect(logs.paths).toEqual(logs.paths.map(() => '/somewhere/else'));
    expect(logs.logs.map(({ body }) => body)).toContain('a line');
  });

  test('both by gRPC', async () => {
    await using server = await startGrpcEndpoint();
    await run({ OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    const found = (signal: string, text: string): boolean =>
      server.calls.some((call) => call.signal === signal && call.body.includes(text));
    expect([found('traces', 'work'), found('traces', 'spans'), found('logs', 'a line')]).toEqual([true, true, true]);
  });

  test('the console’s exporters print on stdout, beside the endpoint or without one', async () => {
    const both = await run({ OTEL_TRACES_EXPORTER: 'otlp,console', OTEL_LOGS_EXPORTER: 'none' });
    expect(both.stdout).toMatch(/name: 'work'/);
    expect(namesOf(both.endpoint)).toEqual(['spans', 'work']);
    expect(both.endpoint.logs).toEqual([]);
    const alone = await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: '',
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_LOGS_EXPORTER: 'console',
    });
    expect(alone.stdout).toMatch(/name: 'work'/);
    expect(alone.stdout).toMatch(/body: 'a line'/);
  });

  test('an exporter and a protocol that are none of ours are named', async () => {
    const { endpoint, stderr } = await run({
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'pigeon',
    });
    expect(endpoint.spans).toEqual([]);
    expect(stderr).toContain("There is no exporter 'zipkin'");
    expect(stderr).toContain("There is no protocol 'pigeon'");
  });
});

const lineOf = ({ logs }: OtlpEndpoint): ReceivedItem | undefined => logs.find(({ body }) => body === 'a line');

test('register says an unknown sampler, ratio or propagator at OTEL_LOG_LEVEL, and takes the default', async () => {
  const { endpoint, stderr, said } = await runVariables('register', {
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '7',
    OTEL_PROPAGATORS: 'tracecontext,jaeger',
    OTEL_LOG_LEVEL: 'warn',
  });
  expect(namesOf(endpoint)).toEqual(['spans', 'work']);
  expect(stderr).toMatch(/otel error: OTEL_TRACES_SAMPLER_ARG is 7/);
  expect(stderr).toContain('Propagator "jaeger"');
  expect(Object.keys(said)).toEqual(['traceparent']);
});
