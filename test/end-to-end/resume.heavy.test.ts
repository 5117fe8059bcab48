// A training that is killed twice and goes on each time, by MLFLOW_RUN_ID and by `runId`: one run, with everything in it.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/stores/open/open.ts';
import { makeFolder, runJob } from './run-job.ts';

describe.each([
  ['a database', (folder: string) => `sqlite:///${folder}/mlflow.db`],
  ['a folder of runs', (folder: string) => join(folder, 'mlruns')],
])('a run in %s whose process is killed', (_, uriIn) => {
  test('is continued by MLFLOW_RUN_ID and by runId: steps go on, a changed param keeps its history, the end is the last one', async () => {
    const folder = makeFolder();
    const env = { MLFLOW_TRACKING_URI: uriIn(folder) };
    const job = (args: readonly string[], more: Readonly<Record<string, string>> = {}): ReturnType<typeof runJob> =>
      runJob('preempted.mjs', { folder, args, env: { ...env, ...more } });

    const first = await job(['0', '99', '0.1', 'kill']);
    const runId = /^[0-9a-f]{32}$/m.exec(first.stdout)?.[0] ?? '';
    expect(first, first.stderr).toMatchObject({ signal: 'SIGKILL' });
    const second = await job(['100', '199', '0.2', 'kill'], { MLFLOW_RUN_ID: runId });
    expect(second.stdout, second.stderr).toContain(runId);
    const third = await job(['200', '299', '0.3', 'end', runId]);
    expect(third, third.stderr).toMatchObject({ code: 0 });
    expect(third.stdout).toContain(runId);

    const store = await openStore(env.MLFLOW_TRACKING_URI, { connection: {}, artifactRoot: folder });
    const { experimentId = '' } = (await store.getExperimentByName('preempted')) ?? {};
    const { items } = await store.searchRuns({ experimentIds: [experimentId], viewType: 'ALL' });
    const { items: points } = await store.getMetricHistory({ runId, key: 'loss' });
    await store.close();
    expect(items.map(({ info }) => [info.runId, info.status])).toEqual([[runId, 'FINISHED']]);
    expect(points.map(({ step }) => step).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 300 }, (__, at) => at),
    );
    expect(items[0]?.data).toMatchObject({
      params: { rate: '0.1' },
      tags: { 'param.rate': '0.3', 'param.rate.history': '["0.1","0.2","0.3"]' },
    });
  });
});
