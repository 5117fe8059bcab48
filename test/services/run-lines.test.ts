// The two lines that a person reads of each run: how it began, how it ended, and what shows it.
import { expect, onTestFinished, test, vi } from 'vitest';
import { LoggerService } from '../../src/services/logger-service.ts';
import { MlflowService } from '../../src/services/mlflow-service.ts';
import type { Run } from '../../src/runs/run.ts';
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
