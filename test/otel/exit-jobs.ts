// The jobs of the ways out with a Collector, their folders, and what must have arrived.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runFixture, startOtlpEndpoint } from './otlp-endpoint.ts';
import type { Answer, ChildResult, OtlpEndpoint } from './otlp-endpoint.ts';

/** The deadline of an exit is 1.5 s, and an exporter's own is ten: between them is what a busy machine may add. */
export const EXIT_LIMIT_MS = 5_000;

/** Holds the end of a job, from its last act on, to a limit beyond what this machine takes to start a bare process now. */
export function expectSoon(exitMs: number, limitMs: number = EXIT_LIMIT_MS): void {
  const startMs = performance.now();
  spawnSync(process.execPath, ['-e', '']);
  expect(exitMs).toBeLessThan(limitMs + performance.now() - startMs);
}

/** Runs a job some times: what it waits for, it waits for each time; what a busy machine adds is not always there. */
export async function quickest(runOnce: () => Promise<ChildResult>): Promise<number> {
  const results = [await runOnce(), await runOnce(), await runOnce()];
  return Math.min(...results.map(({ exitMs }) => exitMs));
}

/** An endpoint where nobody listens. */
export const REFUSING = 'http://127.0.0.1:9';

/** A journal folder that is removed after its test. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'exits-'));
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

/** Runs the job to its end. */
export function run(
  { folder, endpoint, args, env }: Job,
  onEnding?: Parameters<typeof runFixture>[3],
): Promise<ChildResult> {
  const all = { RUNSPAN_DIR: folder.path, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env };
  return runFixture('exit-job.ts', args, all, onEnding);
}

/** Each way out with the exit code or the signal that it leaves. */
export const CODES: Readonly<Record<string, number | string>> = {
  natural: 0,
  'exit-0': 0,
  'exit-3': 3,
  throw: 1,
  reject: 1,
  SIGTERM: 'SIGTERM',
  SIGINT: 'SIGINT',
};

/** The job's own items, each name once, in the order of their numbers. */
export function names(endpoint: OtlpEndpoint): { spans: string[]; lines: string[] } {
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
/** The names of so many items. */
export const numbered = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_: unknown, index: number) => `${what} ${index}`);

/** Each line and each span has arrived, once. */
export function expectAll(endpoint: OtlpEndpoint, count: number, spanCount: number = count): void {
  const { spans, lines } = names(endpoint);
  expect(lines).toEqual(numbered('line', count));
  expect(spans).toEqual(numbered('span', spanCount));
}

/** The next job with the same folder: it makes nothing of its own. */
export async function runNext(folder: Folder, endpoint: OtlpEndpoint): Promise<ChildResult> {
  const next = await run({ folder, endpoint: endpoint.url, args: ['exit-0', 'logger', '0'] });
  expect(next).toMatchObject({ code: 0, stderr: '' });
  return next;
}

/** Jobs, one after the other, until nothing is left for one. */
export async function runUntilSent(folder: Folder, endpoint: OtlpEndpoint): Promise<void> {
  for (let tries = 0; tries < 10 && folder.telemetry.length > 0; tries++) await runNext(folder, endpoint);
  expect(folder.telemetry).toEqual([]);
}

/** A Collector that takes it: 1000 of 1000 spans and lines arrive, once, before the process is gone. */
export async function expectArrival(way: string, mode: string): Promise<void> {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  const { code, signal } = await run({ folder, endpoint: endpoint.url, args: [way, mode] });
  expect(code ?? signal).toBe(CODES[way]);
  expectAll(endpoint, 1_000);
  expect(folder.telemetry).toEqual([]);
}

/** How a Collector is away. */
export const AWAY: Readonly<Record<string, Answer | undefined>> = {
  refuses: undefined,
  hangs: 'hang',
  'answers 503': 503,
};

/** A Collector that is away: the job ends soon, says what is kept, and the next job sends it, once. */
export async function expectKept(how: string, way: string): Promise<void> {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint(AWAY[how] ?? 200);
  const url = AWAY[how] === undefined ? REFUSING : endpoint.url;
  const { code, signal, stderr, exitMs } = await run({ folder, endpoint: url, args: [way, 'logger'] });
  expect(code ?? signal).toBe(CODES[way]);
  expectSoon(exitMs);
  expect(
    stderr.match(/^runspan: 2000 spans and log records did not reach the Collector and are kept in .*$/gm),
  ).toHaveLength(1);
  endpoint.answer = 200;
  await runUntilSent(folder, endpoint);
  expectAll(endpoint, 1_000);
}
