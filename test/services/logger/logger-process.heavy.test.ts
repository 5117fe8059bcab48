// The logger in plain node processes: true source lines, broken sinks, and an OTLP endpoint of the environment.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EXIT_LIMIT_MS } from '../../otel/exit-jobs.ts';
import { runFixture, startOtlpEndpoint } from '../../otel/otlp-endpoint.ts';
import type { ChildResult } from '../../otel/otlp-endpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'logger-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (name: string, args: string[] = [], env: Record<string, string> = {}): Promise<ChildResult> =>
  runFixture(join('..', 'logger', name), args, { RUNSPAN_DIR: folder, ...env });

test('L4: each line shows the name, function and line of its caller, wherever it is called from', async () => {
  const { stdout, stderr } = await run('source.ts');
  expect(stderr).toBe('');
  const sources = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => /\]\[(source:[^\]]+)\] (.*)$/.exec(line)?.slice(1).join(' '));
  const code = readFileSync(join(import.meta.dirname, '../../fixtures/logger/source.ts'), 'utf8').split('\n');
  const lineOf = (text: string): number => code.findIndex((line) => line.includes(`'${text}')`)) + 1;
  expect(sources).toEqual([
    `source:<anonymous>:${lineOf('top level')} top level`,
    `source:plain:${lineOf('plain')} plain`,
    `source:later:${lineOf('async')} async`,
    `source:fit:${lineOf('method')} method`,
    `source:<anonymous>:${lineOf('anonymous')} anonymous`,
    `source:<anonymous>:${lineOf('child')} child fold=3`,
    `source:<anonymous>:${lineOf('bound')} bound`,
    `source:<anonymous>:${lineOf('after start')} after start`,
    `source:<anonymous>:${lineOf('level set')} level set`,
    `source:<anonymous>:${lineOf('child level')} child level`,
    `source:<anonymous>:${lineOf('own level')} own level`,
    `source:<anonymous>:${lineOf('own stacks')} own stacks`,
    `source:<anonymous>:${lineOf('put back')} put back isKept=true`,
    `source:<anonymous>:${lineOf('frozen')} frozen`,
  ]);
});

// `script` runs a command on a terminal of its own; it is on every Linux, and on macOS with other options.
test.runIf(process.platform === 'linux').each<[string, Record<string, string>, boolean]>([
  ['as it is', {}, true],
  ['with NO_COLOR', { NO_COLOR: '1' }, false],
  ['with an empty NO_COLOR', { NO_COLOR: '' }, true],
  ['that knows none', { TERM: 'dumb' }, false],
  ['with NO_COLOR where colorize says so', { NO_COLOR: '1', RUNSPAN_LOGGER_COLORIZE: 'yes' }, true],
])('a terminal %s has the colours that its user wants', (_, env, isColorful) => {
  const job = join(import.meta.dirname, '../../fixtures/logger/source.ts');
  const { NO_COLOR: _set, ...inherited } = process.env;
  const { stdout } = spawnSync('script', ['-qec', `"${process.execPath}" "${job}"`, '/dev/null'], {
    cwd: folder,
    env: { ...inherited, TERM: 'xterm-256color', RUNSPAN_DIR: folder, ...env },
    encoding: 'utf8',
  });
  expect(stdout).toContain('top level');
  expect(stdout.includes('\u001B[')).toBe(isColorful);
});

describe('with an endpoint in the environment', () => {
  test('every line of a burst of 20,000 arrives once, with the run’s key and trace, and the span beside it', async () => {
    await using endpoint = await startOtlpEndpoint();
    const result = await run('job.ts', ['stop', '20000'], { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url });
    expect(result.code).toBe(0);
    expect(endpoint.logs).toHaveLength(20_001);
    expect(new Set(endpoint.logs.map((record) => Number(record.attributes['line']))).size).toBe(20_001);
    const [train, load] = ['train', 'load'].map((name) => endpoint.spans.find((span) => span.name === name));
    for (const record of endpoint.logs) {
      expect(record.traceId).toBe(train?.traceId);
      expect(record.attributes['runspan.run_key']).toBe('a'.repeat(32));
    }
    expect(load?.parentSpanId).toBe(train?.spanId);
    expect(endpoint.logs.find((record) => record.body === 'loaded')).toMatchObject({
      spanId: load?.spanId,
      severityText: 'SUCCESS',
    });
    expect(JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      emittedCount: 20_001,
      exportLostCount: 0,
    });
  });

  test('a job that forgets to stop loses nothing when it ends by itself', async () => {
    await using endpoint = await startOtlpEndpoint();
    const result = await run('job.ts', ['forget', '3'], { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url });
    expect(result.code).toBe(0);
    expect(endpoint.logs).toHaveLength(4);
    expect(endpoint.spans).toHaveLength(2);
  });

  test('RUNSPAN_DISABLED writes the job’s lines and sends nothing', async () => {
    await using endpoint = await startOtlpEndpoint();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, RUNSPAN_DISABLED: '1' };
    const result = await run('job.ts', ['stop', '1'], env);
    expect(result.stderr.trim().split('\n')).toHaveLength(2);
    expect([...endpoint.logs, ...endpoint.spans]).toEqual([]);
  });

  test('a name given in code beats the environment’s, and the environment’s the default', async () => {
    await using endpoint = await startOtlpEndpoint();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_SERVICE_NAME: 'from-env' };
    await run('job.ts', ['stop', '1', '{"serviceName":"from-code"}'], env);
    await run('job.ts', ['stop', '1'], env);
    const names = endpoint.spans.map((span) => span.resource['service.name']);
    expect([...new Set(names)]).toEqual(['from-code', 'from-env']);
  });
});

test('a Collector that is away costs its short deadline at the end, and one line says what is kept where', async () => {
  const RUNSPAN_DIR = join(folder, 'away');
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9';
  const result = await run('job.ts', ['stop', '20000'], { OTEL_EXPORTER_OTLP_ENDPOINT, RUNSPAN_DIR });
  expect(result.code).toBe(0);
  expect(result.exitMs).toBeLessThan(EXIT_LIMIT_MS);
  const said = result.stderr.split('\n').filter((line) => line.includes('did not reach the'));
  expect(said).toEqual([expect.stringMatching(/WARNING.* 20003 spans and log records .* are kept in /)]);
  expect(said[0]).toContain(join(RUNSPAN_DIR, 'telemetry'));
});

describe('a sink that is broken', () => {
  test.each(['closed', 'full', 'folder'])(
    '(%s) never reaches the job: lines are counted, and it is said once',
    async (how) => {
      const { code, stderr } = await run('broken-sink.ts', [how]);
      expect(code).toBe(0);
      const lines = stderr.trim().split('\n');
      expect(lines).toEqual([expect.stringContaining('runspan: cannot write log lines'), '{"failures":3}']);
    },
  );

  test('reaches the job where catch is false', async () => {
    const { stderr } = await run('broken-sink.ts', ['full', 'false']);
    expect(stderr.trim()).toBe('{"failures":1,"thrown":"ENOSPC"}');
  });

  test('a reader that goes away is no end of the job', () => {
    const file = join(import.meta.dirname, '../../fixtures/logger/broken-sink.ts');
    const result = spawnSync('sh', ['-c', `"${process.execPath}" "${file}" pipe | true`], { encoding: 'utf8' });
    expect(result.stderr).toMatch(/"failures":\d/);
  });
});

test('OpenTelemetry’s variables of .env and the settings file are honoured', async () => {
  await using endpoint = await startOtlpEndpoint();
  const folder = mkdtempSync(join(tmpdir(), 'runspan-logger-'));
  writeFileSync(
    join(folder, '.env'),
    `OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint.url}\nOTEL_EXPORTER_OTLP_HEADERS=x-tenant=blue\n`,
  );
  const file = join(import.meta.dirname, '../../fixtures/logger/job.ts');
  await new Promise((resolve) => {
    spawn(process.execPath, [file, 'stop', '1'], { cwd: folder, env: {}, stdio: 'ignore' }).on('close', resolve);
  });
  expect(endpoint.logs).toHaveLength(2);
  expect(endpoint.headers[0]).toMatchObject({ 'x-tenant': 'blue' });
});
