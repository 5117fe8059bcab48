// MLflow's own server on PostgreSQL: both contracts, and jobs at once.
import { describe, expect, test } from 'vitest';
import { openHttpStore } from '../../src/stores/http/http-store.ts';
import { describeRegistry } from '../../src/testing/contract/store-registry.ts';
import { describeStore, type OpenedStore } from '../../src/testing/contract/store-suite.ts';
import { readExperiment } from './backends.ts';
import { expectSteps } from './expect-steps.ts';
import { makeFolder, startJob } from './live-job.ts';
import { requireBackend } from './require-backend.ts';
import { waitForSteps } from './wait-for-steps.ts';

describe('a server on PostgreSQL', () => {
  const mlflow = requireBackend('mlflow-postgres');

  const open = (): Promise<OpenedStore> => {
    const store = openHttpStore(mlflow.env.MLFLOW_TRACKING_URI, {});
    return Promise.resolve({ store, close: () => store.close() });
  };
  describeStore('http, PostgreSQL behind it', open);
  describeRegistry('http, PostgreSQL behind it', open);

  test('two jobs at once, that make one experiment in one folder, keep their runs apart', async () => {
    const folder = makeFolder();
    const env = { MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI };
    const jobs = [1, 2].map(() => startJob('steady.ts', { folder, args: ['both'], env }));
    const started = await Promise.all(jobs.map((job) => job.next('created')));
    await Promise.all(jobs.map((job) => waitForSteps(job, 500)));
    for (const job of jobs) job.send('end');
    const counts = await Promise.all(jobs.map(async (job) => (await job.next('ended'))['stepCount'] as number)); // the job's own count
    for (const job of jobs) expect(await job.ended).toMatchObject({ code: 0, stderr: '' });
    const { runs } = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, 'both', { artifacts: false });
    expect(runs).toHaveLength(2);
    for (const [index, { runId }] of started.entries()) {
      const run = runs.find(({ info }) => info.run_id === runId);
      expect(run?.info.status).toBe('FINISHED');
      expectSteps(run, counts[index] ?? 0);
    }
  });
});
