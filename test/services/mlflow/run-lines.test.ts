// The two lines that a person reads of each run: how it began, how it ended, and what shows it.
import { expect, onTestFinished, test, vi } from 'vitest';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import { MlflowService } from '../../../src/services/mlflow/mlflow-service.ts';
import type { Run } from '../../../src/runs/run.ts';
import type { MlflowOptions } from '../../../src/config/settings/mlflow-options.ts';
import { closedPort } from '../../rest/scripted-server.ts';
import { makeFolder, optionsIn } from './mlflow-fixture.ts';

/** What is said of one run whose clock goes on by `tookMs` in it. */
async function linesOf(body: (run: Run) => void, tookMs: number, isUriInCode = true): Promise<readonly string[]> {
  const { trackingUri = '', ...options } = optionsIn(makeFolder());
  if (!isUriInCode) vi.stubEnv('MLFLOW_TRACKING_URI', trackingUri);
  onTestFinished(() => void vi.unstubAllEnvs());
  const lines: string[] = [];
  const logger = new LoggerService(
    { level: 'INFO', format: '{message}' },
    { write: (line) => lines.push(line.trim()) },
  );
  let nowMs = 1_700_000_000_000;
  const mlflow = new MlflowService(
    { ...options, ...(isUriInCode ? { trackingUri } : {}), keepTelemetry: false, logger },
    { now: () => nowMs },
  );
  await using _ = mlflow;
  await mlflow.start();
  await mlflow.runContext('train', (run) => {
    body(run);
    nowMs += tookMs;
    lines.push(run.key);
  });
  return lines;
}

test('name the run, where it goes, its status, how long it took, its points, and what shows it', async () => {
  const [start, key, end] = await linesOf((run) => run.logMetrics({ loss: 1, r2: 0.5 }), 12_340, false);
  expect(start).toMatch(/^Run 'train' started: sqlite:\/\/\/.*mlflow\.db$/);
  expect(end).toBe(`Run 'train' FINISHED after 12.3 s, 2 metric points: npx runspan show ${key}`);
});

test('say of a short run how short it was, and of one point that it is one', async () => {
  const [, , end] = await linesOf((run) => run.logMetric('loss', 1), 87);
  expect(end).toMatch(/^Run 'train' FINISHED after 87 ms, 1 metric point: /);
});

test('show it where it is: a tracking URI that only the code knows is said', async () => {
  const lines = await linesOf((run) => run.fail('too low'), 0);
  const [, key] = lines;
  expect(lines.at(-1)).toMatch(
    new RegExp(
      `^Run 'train' FAILED after 0 ms, 0 metric points: npx runspan show ${key} --tracking-uri sqlite:///.*mlflow\\.db$`,
    ),
  );
});

/** A service whose lines are kept, and a way to wait for one. */
async function startWithLines(options: MlflowOptions): Promise<{
  readonly mlflow: MlflowService;
  readonly warnings: readonly string[];
  readonly until: (pattern: RegExp) => Promise<void>;
}> {
  const warnings: string[] = [];
  let onLine = Promise.withResolvers<void>();
  const logger = new LoggerService(
    { level: 'WARNING', format: '{message}' },
    {
      write: (line) => {
        warnings.push(line.trim());
        onLine.resolve();
        onLine = Promise.withResolvers<void>();
      },
    },
  );
  const mlflow = new MlflowService({ ...optionsIn(makeFolder()), keepTelemetry: false, logger, ...options });
  onTestFinished(() => mlflow.stop({ timeoutMs: 50 }));
  await mlflow.start();
  const until = async (pattern: RegExp): Promise<void> => {
    while (!warnings.some((line) => pattern.test(line))) await onLine.promise;
  };
  return { mlflow, warnings, until };
}

test('say once of a run that is not delivered how much waits, where, and what to do', async () => {
  const trackingUri = `http://127.0.0.1:${await closedPort()}`;
  const { mlflow, warnings, until } = await startWithLines({ trackingUri, startTimeoutMs: 20, flushTimeoutMs: 50 });
  await mlflow.runContext('train', (run) => run.logMetric('loss', 1));
  await until(/^Run 'train'/);
  const { accepted, directory } = mlflow.stats();
  const lines = warnings.filter((line) => line.startsWith("Run 'train'"));
  expect(lines).toEqual([
    `Run 'train': ${accepted} of ${accepted} records are not delivered yet and are kept in ${directory}: they are tried on, and 'npx runspan sync' delivers what is left.`,
  ]);
});

test('say nothing of a run that is delivered, neither at its end nor at the stop', async () => {
  const { mlflow, warnings } = await startWithLines({});
  await mlflow.runContext('train', (run) => run.logMetric('loss', 1));
  expect(await mlflow.flush()).toMatchObject({ isComplete: true, pending: 0, deadLettered: 0 });
  await mlflow.stop();
  expect(warnings).toEqual([]);
});

test('say of a run how much of it the store refused for good, and the stop does not say it again', async () => {
  const { mlflow, warnings, until } = await startWithLines({});
  await mlflow.runContext('train', async (run) => {
    await run.created();
    await mlflow.client().deleteRun(run.key);
    run.logMetric('loss', 1);
  });
  await until(/refused for good/);
  const { deadLettered, accepted, runs } = mlflow.stats();
  expect(deadLettered).toBeGreaterThan(0);
  expect(Object.values(runs)).toMatchObject([{ deadLettered, accepted, pending: 0 }]);
  await mlflow.stop();
  expect(warnings.filter((line) => line.includes('refused for good'))).toEqual([
    `Run 'train': ${deadLettered} of ${accepted} records were refused for good: 'npx runspan outbox' says why.`,
  ]);
});
