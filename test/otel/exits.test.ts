// The ways out of a job and what a Collector has of it afterwards: every span and log record, now or by the next job, and no long wait.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runFixture, startOtlpEndpoint } from './otlp-endpoint.ts';
import type { ChildResult, OtlpEndpoint } from './otlp-endpoint.ts';

/** How long a job may take from its last act to the end of its process, beyond what this machine takes to start a bare one now. */
const EXIT_LIMIT_MS = 2_500;

function expectSoon(exitMs: number): void {
  const startMs = performance.now();
  spawnSync(process.execPath, ['-e', '']);
  expect(exitMs).toBeLessThan(EXIT_LIMIT_MS + performance.now() - startMs);
}

const REFUSING = 'http://127.0.0.1:9';

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'exits-'));
  get telemetry(): readonly string[] {
    try {
      return readdirSync(join(this.path, 'telemetry')).filter((name) => !name.startsWith('.'));
    } catch {
      // Not made: nothing was ever kept.
      return [];
    }
  }
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

interface Job {
  readonly folder: Folder;
  readonly endpoint: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function run({ folder, endpoint, args, env }: Job, onEnding?: Parameters<typeof runFixture>[3]): Promise<ChildResult> {
  const all = { RUNSPAN_DIR: folder.path, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env };
  return runFixture('exit-job.ts', args, all, onEnding);
}

const CODES: Readonly<Record<string, number | string>> = {
  natural: 0,
  'exit-0': 0,
  'exit-3': 3,
  throw: 1,
  reject: 1,
  SIGTERM: 'SIGTERM',
  SIGINT: 'SIGINT',
};

/** The job's own items, each name once, in the order of their numbers. */
function names(endpoint: OtlpEndpoint): { spans: string[]; lines: string[] } {
  const pick = (items: readonly (string | undefined)[], what: string): string[] =>
    items.filter((item): item is string => item?.startsWith(`${what} `) === true).toSorted(byNumber);
  return {
    spans: pick(
      endpoint.spans.map(({ name }) => name),
      'span',
    ),
    lines: pick(
      endpoint.logs.map(({ body }) => body),
      'line',
    ),
  };
}

const byNumber = (a: string, b: string): number => Number(a.split(' ')[1]) - Number(b.split(' ')[1]);
const numbered = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${what} ${index}`);

function expectAll(endpoint: OtlpEndpoint, count: number, spanCount = count): void {
  const { spans, lines } = names(endpoint);
  expect(lines).toEqual(numbered('line', count));
  expect(spans).toEqual(numbered('span', spanCount));
}

/** The next job with the same folder: it makes nothing of its own. */
async function runNext(folder: Folder, endpoint: OtlpEndpoint): Promise<ChildResult> {
  const next = await run({ folder, endpoint: endpoint.url, args: ['exit-0', 'logger', '0'] });
  expect(next).toMatchObject({ code: 0, stderr: '' });
  return next;
}

/** Jobs, one after the other, until nothing is left for one. */
async function runUntilSent(folder: Folder, endpoint: OtlpEndpoint): Promise<void> {
  for (let tries = 0; tries < 10 && folder.telemetry.length > 0; tries++) await runNext(folder, endpoint);
  expect(folder.telemetry).toEqual([]);
}

describe.each(['logger', 'run'])('with a Collector that takes it, %s', (mode) => {
  test.each(Object.keys(CODES))(
    '%s: 1000 of 1000 spans and lines arrive, once, before the process is gone',
    async (way) => {
      using folder = new Folder();
      await using endpoint = await startOtlpEndpoint();
      const { code, signal } = await run({ folder, endpoint: endpoint.url, args: [way, mode] });
      expect(code ?? signal).toBe(CODES[way]);
      expectAll(endpoint, 1_000);
      expect(folder.telemetry).toEqual([]);
    },
  );
});

test('an MlflowService that is given no logger exports its log records too', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  await run({ folder, endpoint: endpoint.url, args: ['natural', 'alone', '3'] });
  expectAll(endpoint, 3);
});

test('a sampler that is always_off costs the spans only', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  await run({ folder, endpoint: endpoint.url, args: ['throw', 'run'], env: { OTEL_TRACES_SAMPLER: 'always_off' } });
  expectAll(endpoint, 1_000, 0);
});

test('without an endpoint no folder is made and nothing waits', async () => {
  using folder = new Folder();
  const { exitMs } = await run({ folder, endpoint: '', args: ['exit-0', 'logger'] });
  expect(folder.telemetry).toEqual([]);
  expect(exitMs).toBeLessThan(1_000);
});

test('a burst of 100,000 lines and exit: what was not sent in time is sent by the next job', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  const { code } = await run({ folder, endpoint: endpoint.url, args: ['exit-0', 'logger', '100000', '10'] });
  expect(code).toBe(0);
  await runUntilSent(folder, endpoint);
  const { spans, lines } = names(endpoint);
  expect(spans).toEqual(numbered('span', 10));
  expect([...new Set(lines)]).toEqual(numbered('line', 100_000));
  // At least once: a line that was on its way as the process ended, or whose answer came too late.
  expect(lines.length).toBeLessThanOrEqual(100_000 + 2 * 1_024);
}, 60_000);

const AWAY = [
  ...Object.keys(CODES).map((way) => ({ how: 'refuses', way })),
  ...Object.keys(CODES).map((way) => ({ how: 'hangs', way })),
  { how: 'answers 503', way: 'natural' },
  { how: 'answers 503', way: 'exit-0' },
];

test.each(AWAY)(
  'with a Collector that $how, $way: ends soon, says what is kept, and the next job sends it, once',
  async ({ how, way }) => {
    using folder = new Folder();
    await using endpoint = await startOtlpEndpoint(how === 'hangs' ? 'hang' : 503);
    const url = how === 'refuses' ? REFUSING : endpoint.url;
    const { code, signal, stderr, exitMs } = await run({ folder, endpoint: url, args: [way, 'logger'] });
    expect(code ?? signal).toBe(CODES[way]);
    expectSoon(exitMs);
    expect(
      stderr.match(/^runspan: 2000 spans and log records did not reach the Collector and are kept in .*$/gm),
    ).toHaveLength(1);
    endpoint.answer = 200;
    await runUntilSent(folder, endpoint);
    expectAll(endpoint, 1_000);
  },
);

test('a failing run does not wait for a Collector that hangs', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint('hang');
  const { exitMs } = await run({ folder, endpoint: endpoint.url, args: ['throw', 'run', '5000', '100'] });
  expectSoon(exitMs);
  endpoint.answer = 200;
  await runUntilSent(folder, endpoint);
  expect(new Set(names(endpoint).lines).size).toBe(5_000);
});

test('stop() waits once for a Collector that hangs, and the end of the process not again', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint('hang');
  // Once is 1 s; the budget of an exit on top of it would be too long.
  const env = { OTEL_EXPORTER_OTLP_TIMEOUT: '1000' };
  const { code, exitMs } = await run({ folder, endpoint: endpoint.url, args: ['stop', 'logger'], env });
  expect(code).toBe(0);
  expectSoon(exitMs);
  expect(folder.telemetry).toHaveLength(1);
});

test('kill -9: what was spilled before is sent by the next job', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  const args = ['waits', 'logger', '40000', '0'];
  const killed = await run({ folder, endpoint: REFUSING, args }, (child) => child.kill('SIGKILL'));
  expect(killed.signal).toBe('SIGKILL');
  await runNext(folder, endpoint);
  const { lines } = names(endpoint);
  expect(lines.length).toBeGreaterThanOrEqual(40_000 - 32_768 - 8_192);
  expect(lines).toEqual(numbered('line', lines.length));
});

test('a Collector that is back while the job runs gets what was kept, from the job itself', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint(503);
  const back = Promise.withResolvers<void>();
  const job = run({ folder, endpoint: endpoint.url, args: ['waits', 'logger'] }, (child) => {
    endpoint.receive(1_000).then(() => child.kill('SIGTERM'), back.reject);
    endpoint.refuse(2).then(() => {
      endpoint.answer = 200;
      back.resolve();
    }, back.reject);
  });
  await back.promise;
  expect(await job).toMatchObject({ signal: 'SIGTERM', stderr: '' });
  expectAll(endpoint, 1_000);
  expect(folder.telemetry).toEqual([]);
});

test('what the Collector refuses with 400 is counted and kept with its words', async () => {
  using folder = new Folder();
  const body = JSON.stringify({ code: 3, message: 'no such tenant' });
  await using endpoint = await startOtlpEndpoint({ status: 400, body });
  const { code, stdout } = await run({ folder, endpoint: endpoint.url, args: ['stop', 'logger'] });
  expect(code).toBe(0);
  const stats = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
  expect(stats).toMatchObject({ exportPendingCount: 0, exportRefusedCount: 2_000, exportLostCount: 0 });
  const graveyard = join(folder.path, 'telemetry', 'dead-letters');
  const letters = readdirSync(graveyard).flatMap((name) =>
    readFileSync(join(graveyard, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { count: number; reason: string; status: number; record: object }),
  );
  expect(letters.map(({ count, reason, status }) => ({ count, reason, status }))).toEqual([
    { count: 1_000, reason: 'HTTP 400: no such tenant', status: 400 },
    { count: 1_000, reason: 'HTTP 400: no such tenant', status: 400 },
  ]);
  expect(folder.telemetry).toEqual(['dead-letters']);
});

test('headers are read when it is sent, and are in no file', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  const secret = (token: string): Record<string, string> => ({ OTEL_EXPORTER_OTLP_HEADERS: `authorization=${token}` });
  await run({ folder, endpoint: REFUSING, args: ['exit-0', 'logger'], env: secret('s3cret-old') });
  const files = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(2);
  for (const { parentPath, name } of files)
    expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain('s3cret');
  const env = secret('s3cret-new');
  await run({ folder, endpoint: endpoint.url, args: ['exit-0', 'logger', '0'], env });
  expectAll(endpoint, 1_000);
  expect(new Set(endpoint.headers.map(({ authorization }) => authorization))).toEqual(new Set(['s3cret-new']));
});
