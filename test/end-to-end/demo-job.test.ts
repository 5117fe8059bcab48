// The demo's job, in this process: what it leaves behind, and what it says to do next.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runDemo } from '../../src/cli/demo-command.ts';
import { readRuns } from './run-job.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runspan-demo-')));
const trackingUri = `sqlite:///${join(folder, 'mlflow.db')}`;
let text = '';

beforeAll(async () => {
  vi.stubEnv('RUNSPAN_DIR', join(folder, '.runspan'));
  vi.stubEnv('RUNSPAN_LOGGER_SINK', join(folder, 'demo.log'));
  vi.stubEnv('MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING', 'false');
  ({ text } = await runDemo({ trackingUri }));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('fits a line for forty epochs: the loss falls, and the slope comes to be three', () => {
  const run = readRuns(folder).find(({ name }) => name === 'fit-a-line');
  expect(run).toMatchObject({
    status: 'FINISHED',
    params: { epochs: '40', 'optimizer.name': 'sgd', 'optimizer.lr': '0.1' },
    tags: { stage: 'demo' },
  });
  const of = (key: string): readonly number[] =>
    (run?.metrics ?? []).filter((metric) => metric.key === key).map(({ value }) => value);
  const losses = of('loss');
  expect(losses).toHaveLength(40);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 10);
  expect(Math.abs((of('slope').at(-1) ?? 0) - 3)).toBeLessThan(1);
});

it('has a nested run, and one that fails on purpose and does not fail the demo', () => {
  const runs = readRuns(folder);
  const parent = runs.find(({ name }) => name === 'fit-a-line');
  expect(runs.find(({ name }) => name === 'evaluate')).toMatchObject({
    status: 'FINISHED',
    tags: { 'mlflow.parentRunId': parent?.runId },
  });
  expect(runs.find(({ name }) => name === 'fails-on-purpose')).toMatchObject({ status: 'FAILED' });
});

it('says by which commands and pages to look at it', () => {
  const parent = readRuns(folder).find(({ name }) => name === 'fit-a-line');
  const place = `--tracking-uri ${trackingUri}`;
  expect(text).toContain(`npx runspan show ${parent?.runId.slice(0, 8)} ${place}\n`);
  expect(text).toContain(`npx runspan show ${parent?.runId.slice(0, 8)} --html ${place} `);
  expect(text).toContain(`mlflow ui --backend-store-uri ${trackingUri}`);
});

it('does not say to look at what is not there yet', async () => {
  vi.stubEnv('RUNSPAN_OFFLINE', 'true');
  vi.stubEnv('RUNSPAN_DIR', join(folder, 'offline'));
  const made = await runDemo({ trackingUri: 'http://127.0.0.1:1' });
  expect(made.isDelivered).toBe(false);
  expect(made.text).toMatch(/did not take them in time: they are kept, and 'npx runspan sync' delivers them\.$/);
});
