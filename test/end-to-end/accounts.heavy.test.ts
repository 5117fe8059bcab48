// What stats() says in the exit of a job: everything accepted is accounted for, in the whole and run by run.
import { describe, expect, test } from 'vitest';
import type { MlflowStats } from '../../src/services/mlflow/run-book.ts';
import { closedPort } from '../rest/scripted-server.ts';
import { runJob } from './run-job.ts';

function check({ accepted, delivered, pending, deadLettered, runs }: MlflowStats): void {
  expect(accepted).toBe(delivered + pending + deadLettered);
  const rows = Object.values(runs);
  expect(rows).toHaveLength(2);
  const sum = (field: 'accepted' | 'delivered' | 'pending' | 'deadLettered'): number =>
    rows.reduce((total, row) => total + row[field], 0);
  expect([sum('accepted'), sum('delivered'), sum('pending'), sum('deadLettered')]).toEqual([
    accepted,
    delivered,
    pending,
    deadLettered,
  ]);
}

describe('accepted = delivered + pending + dead, run by run, in the exit of a job', () => {
  test('that delivers all of it', async () => {
    const { stdout, stderr, code } = await runJob('accounts.mjs', { args: ['0'] });
    const stats = JSON.parse(stdout) as MlflowStats;
    expect({ code, ...stats }, stderr).toMatchObject({ code: 0, pending: 0, deadLettered: 0 });
    expect(stats.delivered).toBeGreaterThan(20_000);
    check(stats);
  });

  test('whose server is away', async () => {
    const env = {
      MLFLOW_TRACKING_URI: `http://127.0.0.1:${await closedPort()}`,
      RUNSPAN_MLFLOW_EXIT_TIMEOUT_MS: '200',
    };
    const { stdout, stderr, code } = await runJob('accounts.mjs', { args: ['3'], env });
    const stats = JSON.parse(stdout) as MlflowStats;
    expect({ code, ...stats }, stderr).toMatchObject({ code: 3, delivered: 0, deadLettered: 0 });
    expect(stats.pending).toBe(stats.accepted);
    check(stats);
  });
});
