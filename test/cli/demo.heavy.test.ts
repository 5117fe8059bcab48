// `runspan demo` and what is said about it, by the built command in an empty folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const BIN = join(import.meta.dirname, '../../bin/runspan.cjs');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runspan-demo-')));
afterAll(() => rmSync(folder, { recursive: true }));

function runspan(args: readonly string[], extra: Readonly<Record<string, string>> = {}) {
  const ours = /^(RUNSPAN|MLFLOW|OTEL|AWS|NODE_OPTIONS|VITEST|NO_COLOR|FORCE_COLOR|TERM$|COLORTERM|CI$)/;
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name));
  const env = { ...Object.fromEntries(kept), ...extra };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

const Span = z.strictObject({
  name: z.string(),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().nullable(),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  startMs: z.number(),
  endMs: z.number(),
  isError: z.boolean(),
  message: z.string().nullable(),
  attributes: z.record(z.string(), z.string()),
  exceptions: z.array(z.string()),
  depth: z.number().int(),
});
const Line = z.strictObject({
  timeMs: z.number(),
  level: z.string(),
  message: z.string(),
  spanId: z.string().nullable(),
  attributes: z.record(z.string(), z.string()),
});
const Metric = z.strictObject({
  key: z.string(),
  last: z.number(),
  min: z.number(),
  max: z.number(),
  pointCount: z.number().int(),
  lastStep: z.number().int(),
});
const Shown = z.object({
  runId: z.string(),
  runName: z.string(),
  status: z.enum(['FINISHED', 'FAILED']),
  runUrl: z.null(),
  params: z.record(z.string(), z.string()),
  metrics: z.array(Metric),
  artifacts: z.array(z.object({ path: z.string(), isDir: z.boolean(), fileSize: z.number() })),
  spans: z.array(Span),
  logs: z.array(Line),
});

describe('runspan demo', () => {
  let demo: ReturnType<typeof runspan>;
  beforeAll(() => {
    demo = runspan(['demo']);
  }, 30_000);

  it('ends well, says that its failure is on purpose, and how to look at it', () => {
    expect(demo.code, demo.stderr).toBe(0);
    expect(demo.stdout).toMatch(/failed on purpose\. Look at it:/);
    expect(demo.stdout).toMatch(/npx runspan show [0-9a-f]{8}\n/);
  });

  it('leaves runs that the line it prints shows: spans, logs, metrics, a file, an input', () => {
    const id = /npx runspan show ([0-9a-f]{8})\n/.exec(demo.stdout)?.[1] ?? '';
    const { stdout, code } = runspan(['show', id, '--json', '--lines', '100']);
    expect(code).toBe(0);
    const shown = Shown.parse(JSON.parse(stdout));
    expect(shown).toMatchObject({ runName: 'fit-a-line', status: 'FINISHED' });
    const own = shown.metrics.filter(({ key }) => !key.startsWith('system/'));
    expect(own.map(({ key, pointCount }) => [key, pointCount])).toEqual(
      ['loss', 'offset', 'slope'].map((key) => [key, 40]),
    );
    expect(shown.spans.map(({ name, depth }) => [name, depth]).slice(0, 2)).toEqual([
      ['fit-a-line', 0],
      ['load', 1],
    ]);
    expect(shown.logs.map(({ message }) => message)).toEqual(expect.arrayContaining(['loaded', 'fitted']));
    expect(shown.artifacts.map(({ path }) => path)).toContain('model/line.json');
  });

  it('says in JSON what it made, and nothing else on stdout', () => {
    const { code, stdout } = runspan(['demo', '--json', '--tracking-uri', 'sqlite:///other.db']);
    const runs = [
      { name: 'fit-a-line', status: 'FINISHED' },
      { name: 'evaluate', status: 'FINISHED' },
      { name: 'fails-on-purpose', status: 'FAILED' },
    ];
    const made: unknown = JSON.parse(stdout);
    expect([code, made]).toEqual([0, { trackingUri: 'sqlite:///other.db', experimentName: 'runspan-demo', isDelivered: true, runs: runs.map((run) => expect.objectContaining(run)) }]); // prettier-ignore
  });

  it('leaves a run that failed, with its error in the trace', () => {
    const shown = Shown.parse(JSON.parse(runspan(['show', 'fails-on-purpose', '--json']).stdout));
    expect(shown.spans).toMatchObject([{ isError: true, exceptions: [expect.stringMatching(/^RangeError: /)] }]);
    const listed = runspan(['runs', '--status', 'failed', '--json']).stdout;
    expect(JSON.parse(listed)).toMatchObject([{ runName: 'fails-on-purpose' }]);
  });

  it('is a table that sorts, with the metric it sorts by, and keeps within a narrow terminal', () => {
    const { stdout } = runspan(['runs', '-e', 'runspan-demo', '--sort', 'metrics.loss DESC']);
    const [header, first] = stdout.split('\n');
    expect(header).toMatch(/^NAME +STATUS +loss +STARTED +DURATION +ID +EXPERIMENT$/);
    expect(first).toMatch(/^fit-a-line +FINISHED +0\.0\d+ /);
    expect(runspan(['runs', '--sort', 'name', '--limit', '1']).stdout).toContain('evaluate');
  });

  it.runIf(process.platform === 'linux')('is shown on a terminal of 60 columns with colours and without tears', () => {
    const command = `stty cols 60; "${process.execPath}" "${BIN}" show fit-a-line`;
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color' },
      encoding: 'utf8',
    });
    expect(stdout).toContain('\u001b[32mFINISHED');
    expect(stdout).not.toContain('\u001b[2m\u001b[22m'); // a line without fields
    const bars = stripVTControlCharacters(stdout).split(/\r?\n/).filter((line) => line.includes('█·') || line.includes('··')); // prettier-ignore
    expect(bars.length).toBeGreaterThan(3);
    for (const line of bars) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('is one page, in a file of its name or on stdout', () => {
    const { stdout, code } = runspan(['show', 'fit-a-line', '--html']);
    expect(code).toBe(0);
    const file = /is in (runspan-[0-9a-f]{8}\.html)/.exec(stdout)?.[1] ?? '';
    const page = readFileSync(join(folder, file), 'utf8');
    expect(page).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(runspan(['show', 'fit-a-line', '--html', '--out', '-']).stdout).toMatch(/^<!doctype html>/);
    const refused = runspan(['show', '--html', '--out', 'no/such/folder/x.html']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^runspan: Cannot write the page: /)]);
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});

describe('runspan config', () => {
  it('is non-zero with the name of what is wrong, and masks what is secret', () => {
    const wrong = runspan(['config'], { RUNSPAN_MLFLOW_DRAIN: 'sometimes' });
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toMatch(/^runspan: Invalid setting 'mlflow\.drain' \(from RUNSPAN_MLFLOW_DRAIN\)/);
    const { code, stdout } = runspan(['config', '--json'], { MLFLOW_TRACKING_TOKEN: 'hunter2' });
    expect(code).toBe(0);
    expect(stdout).not.toContain('hunter2');
    const Setting = z.strictObject({
      service: z.enum(['logger', 'alerts', 'mlflow']),
      name: z.string(),
      value: z.unknown(),
      source: z.enum(['code', 'env', '.env', 'file', 'default']),
      from: z.string().nullable(),
    });
    expect(
      z
        .array(Setting)
        .parse(JSON.parse(stdout))
        .find(({ name }) => name === 'token'),
    ).toMatchObject({
      value: '[REDACTED]',
      from: 'MLFLOW_TRACKING_TOKEN (environment)',
    });
  });
});

describe('help', () => {
  it.each(['runs', 'show', 'config', 'demo'])('of %s has examples', (command) => {
    const { code, stdout } = runspan([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\\n {2}.*runspan ${command}`));
  });

  it.each([
    [['shwo'], /Did you mean show\?/],
    [['show', '--htm'], /Did you mean --html\?/],
    [['runs', '--status', 'sad'], /Allowed choices are|one of running/],
    [['show', '--lines', '-1'], /whole number from 0/],
    [['show', '--json', '--html'], /cannot be used with/],
  ])('is near where %j is wrong: 2 and a hint', (args, message) => {
    const { code, stdout, stderr } = runspan(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});
