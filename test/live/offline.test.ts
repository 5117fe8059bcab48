// A job without its server, offline on purpose or because it is away, delivered by `runspan sync`: Python reads what an online job leaves.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readExperiment, type RunReading } from './backends.ts';
import { makeFolder, plainEnv, runJob } from './live-job.ts';
import { requireBackend } from './require-backend.ts';

const BIN = join(import.meta.dirname, '../../bin/runspan.cjs');
const mlflow = requireBackend('mlflow');

function runspan(folder: string, ...args: readonly string[]): unknown {
  const env = { ...plainEnv(), MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI };
  const { stdout, stderr, status } = spawnSync(process.execPath, [BIN, ...args, '--json'], {
    encoding: 'utf8',
    cwd: folder,
    env,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Without ids, times, and what has them in it. */
function comparable(runs: readonly RunReading[]): unknown {
  const nameOf = (runId: string | undefined): string | undefined =>
    runs.find(({ info }) => info.run_id === runId)?.info.run_name;
  return runs
    .map(({ info, params, tags, metrics, history, inputs, artifacts }) => {
      const { 'mlflow.parentRunId': parent, ...others } = tags;
      const own = /^(otel\.(trace|span)_id|runspan\.run_key|exception\.stacktrace)$/;
      const points = Object.entries(history).map(([key, all]) => [key, all.map(({ value, step }) => [step, value])]);
      const files = artifacts?.map(({ path, sha256, error }) =>
        path.startsWith('runspan/') ? { path, error } : { path, sha256, error },
      );
      return {
        name: info.run_name,
        status: info.status,
        user: info.user_id,
        hasEnded: (info.end_time ?? 0) >= info.start_time,
        parent: nameOf(parent),
        params,
        tags: Object.fromEntries(Object.entries(others).filter(([key]) => !own.test(key))),
        metrics,
        points,
        inputs,
        files,
      };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

test('what a job left is on the server as if it had been there all the time', async () => {
  const uri = mlflow.env.MLFLOW_TRACKING_URI;
  const env = { MLFLOW_TRACKING_URI: uri };
  await runJob('whole.ts', { args: ['online'], env });
  const offline = makeFolder();
  await runJob('whole.ts', { folder: offline, args: ['offline'], env: { ...env, RUNSPAN_OFFLINE: '1' } });
  expect(runspan(offline, 'outbox')).toMatchObject({
    folders: [{ trackingUri: uri, ownership: 'left', doneCount: 0 }],
  });

  const away = makeFolder();
  await mlflow.down();
  try {
    await runJob('whole.ts', { folder: away, args: ['away', '500'], env });
  } finally {
    await mlflow.up();
  }
  for (const folder of [offline, away]) {
    expect(runspan(folder, 'sync')).toMatchObject({ refused: 0, left: 0, reapedRuns: [], skipped: [] });
    expect(runspan(folder, 'outbox')).toMatchObject({ folders: [], graves: [] });
    expect(runspan(folder, 'sync')).toMatchObject({ delivered: 0, refused: 0, left: 0 });
  }

  const online = comparable((await readExperiment(uri, 'online')).runs);
  expect(online).toMatchObject([
    { name: 'fails', status: 'FAILED' },
    { name: 'inner', status: 'FINISHED', parent: 'outer' },
    { name: 'outer', status: 'FINISHED', hasEnded: true, points: [['loss', { length: 500 }]] },
  ]);
  expect(comparable((await readExperiment(uri, 'offline')).runs)).toEqual(online);
  expect(comparable((await readExperiment(uri, 'away')).runs)).toEqual(online);
});
