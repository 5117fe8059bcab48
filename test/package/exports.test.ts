// What a user's program gets from the packed package: by import, by require, and by the compiler in both module kinds.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Consumer } from './consumer.ts';

let project: Consumer;
beforeAll(() => {
  project = installPacked();
});
afterAll(() => project.remove());

describe('the tarball', () => {
  it('holds the built package, its sources and its papers, and nothing else', () => {
    const tops = new Set(project.files.map((file) => file.split('/')[0] ?? ''));
    expect([...tops].toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'deploy',
      'dist',
      'docker-compose.yml',
      'docs',
      'otel-collector.yaml',
      'package.json',
      'src',
    ]);
    // The reference is built from what is here already.
    expect(project.files.filter((file) => file.startsWith('docs/api'))).toEqual([]);
    expect(project.files).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/index.cjs', 'dist/index.d.cts', 'dist/cli.js']),
    );
  });

  it('has for every map the sources that it names', () => {
    const home = join(project.folder, 'node_modules/runspan');
    const maps = project.files.filter((file) => file.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(0);
    for (const map of maps) {
      const { sources } = JSON.parse(readFileSync(join(home, map), 'utf8')) as { sources: string[] };
      for (const source of sources) expect(existsSync(join(home, map, '..', source)), `${map}: ${source}`).toBe(true);
    }
  });

  it('has declarations that lead to declarations', () => {
    const home = join(project.folder, 'node_modules/runspan');
    for (const file of project.files.filter((name) => name.startsWith('dist/') && name.endsWith('.d.ts'))) {
      expect(readFileSync(join(home, file), 'utf8'), file).not.toMatch(/(?:from|import\()\s*['"]\.[^'"]*\.ts['"]/);
    }
  });
});

describe('a program', () => {
  it('gets the package by require, without a warning', () => {
    const file = project.write(
      'a.cjs',
      "const { RunspanError } = require('runspan');\nconsole.log(RunspanError.name);",
    );
    expect(project.run('node', [file])).toEqual({ code: 0, stdout: 'RunspanError\n', stderr: '' });
  });

  it('gets the package by import, without a warning', () => {
    const file = project.write('a.mjs', "import { RunspanError } from 'runspan';\nconsole.log(RunspanError.name);");
    expect(project.run('node', [file])).toEqual({ code: 0, stdout: 'RunspanError\n', stderr: '' });
  });

  it('gets the same classes both ways', () => {
    const text =
      "import * as a from 'runspan';\nimport { createRequire } from 'node:module';\nconst b = createRequire(import.meta.url)('runspan');\nconsole.log(Object.keys(a).every((key) => a[key] === b[key]), Object.keys(a).length === Object.keys(b).length);";
    expect(project.run('node', [project.write('b.mjs', text)]).stdout).toBe('true true\n');
  });

  it('ends at once when it only imports the package', () => {
    const text =
      "import 'runspan';\nconsole.log(process.getActiveResourcesInfo().filter((name) => !/TTY|Pipe|FS/.test(name)).join());";
    expect(project.run('node', [project.write('c.mjs', text)])).toEqual({ code: 0, stdout: '\n', stderr: '' });
  });
});

const USE = `
import { RunspanError, MlflowService, LoggerService, AlertsService, startServices, type ErrorCode } from 'runspan';
import type {
  AlertsOptions, AlertSink, AlertsSettings, AutologOptions, DeadlineOptions, Durability, FlushResult, InputOptions, JoinedRun, LogExport,
  LoggerOptions, LoggerSettings, LoggerStats, LogLevel, LogLevelName, MendReason, MetricOptions, MirroredAttributes, MlflowClient,
  MlflowLinks, MlflowOptions, MlflowSettings, MlflowStats, OutboxStats, PagedList, RedactOptions, Run, RunConfig, RunDataset, RunEntity,
  RunLog, RunspanLogger, S3Options, SearchOptions, ServerOptions, ServiceStack, ServiceStatus, SpanBody, StopOptions,
} from 'runspan';
/** A wrapper of the user's own: every type that he needs has a name. */
export class Tracking {
  readonly #mlflow: MlflowService;
  readonly #others: readonly [LoggerService, AlertsService];
  constructor(mlflow: MlflowOptions & MlflowLinks, logger: LoggerOptions, alerts: AlertsOptions) {
    this.#mlflow = new MlflowService(mlflow);
    this.#others = [new LoggerService(logger), new AlertsService(alerts)];
  }
  start(): Promise<ServiceStack> { return startServices(...this.#others, this.#mlflow); }
  train<T>(config: string | RunConfig, body: (run: Run) => Promise<T>): Promise<T> { return this.#mlflow.runContext(config, body); }
  log(run: Run, metrics: Record<string, number>, options: MetricOptions): void { run.logMetrics(metrics, options); }
  read(run: Run, dataset: RunDataset, options: InputOptions): RunLog { run.logInput(dataset, options); return run.log; }
  stats(): MlflowStats { return this.#mlflow.stats(); }
  mended(reason: MendReason): number { return this.stats().mended[reason] ?? 0; }
  flush(): Promise<FlushResult> { return this.#mlflow.flush(); }
  search(client: MlflowClient, options: SearchOptions): PagedList<RunEntity> { return client.searchRuns(['1'], options); }
  stop(options: StopOptions): Promise<void> { return this.#mlflow.stop(options); }
}
export type Others = [
  AlertSink, AlertsSettings, AutologOptions, DeadlineOptions, Durability, JoinedRun, LogExport, LoggerSettings, LoggerStats, LogLevel,
  LogLevelName, MirroredAttributes, MlflowSettings, OutboxStats, RedactOptions, S3Options, ServerOptions, ServiceStatus, SpanBody<void>,
];
class Mine extends RunspanError {}
const code: ErrorCode = 'RUN_ENDED';
export const error: RunspanError = new Mine(code, 'x', { details: { a: 1 } });
// @ts-expect-error no such code
export const wrong = new RunspanError('NO_SUCH_CODE', 'x');
`;

describe('the compiler', () => {
  // The declarations themselves are checked once, in the mode that is the strictest with CommonJS.
  it.each([
    ['node16', false],
    ['nodenext', true],
  ])('finds values and types in module %s, by import and by require', (module, skipLibCheck) => {
    project.write('types/use.mts', USE);
    project.write(
      'types/use.cts',
      `${USE}\nimport runspan = require('runspan');\nexport const other: RunspanError = new runspan.RunspanError('RUN_ENDED', 'x');`,
    );
    const options = { module, target: 'es2023', strict: true, noEmit: true, skipLibCheck, types: ['node'] };
    project.write('types/tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['use.mts', 'use.cts'] }));
    const { code, stdout } = project.run('tsc', ['-p', 'types']);
    expect(stdout.split('\n').filter((line) => /runspan|use\.[cm]ts/.test(line))).toEqual([]);
    expect(code, stdout).toBe(0);
  });
});
