// What a job under register starts belongs to its run, and never ends it; what the job opens itself is a child of it.
import { expect, test } from 'vitest';
import { journalFolders, readRuns } from '../end-to-end/run-job.ts';
import { runRegistered } from './registered.ts';

test.each([
  ['fork', 'child'],
  ['spawn', 'child'],
  ['cluster', 'cluster'],
  ['worker', 'worker'],
])('by %s: its metrics are the run’s, and the run is over when the job is', async (way, who) => {
  const { folder, stderr } = await runRegistered(way);
  expect(readRuns(folder)).toMatchObject([
    { name: 'registered', status: 'FINISHED', metrics: [{ key: who, value: 1 }] },
  ]);
  expect(readRuns(folder)).toHaveLength(1);
  expect(stderr.match(/Run '.*' started/g)).toHaveLength(1);
  expect(journalFolders(folder)).toEqual([]);
});

test('a child that fails does not fail the run', async () => {
  const { folder } = await runRegistered('spawn-fails');
  expect(readRuns(folder).map(({ status }) => status)).toEqual(['FINISHED']);
});

test('a run that the job opens is a child of its run, and leaves the other as it was', async () => {
  const { folder, stdout } = await runRegistered('nested');
  expect(stdout).toBe('registered\n');
  const [outer, inner] = readRuns(folder).toSorted((a) => (a.name === 'inner' ? 1 : -1));
  expect(outer).toMatchObject({ name: 'registered', status: 'FINISHED', metrics: [{ key: 'around', value: 2 }] });
  expect(inner).toMatchObject({ name: 'inner', status: 'FINISHED', metrics: [{ key: 'inside', value: 1 }] });
  expect(inner?.tags['mlflow.parentRunId']).toBe(outer?.runId);
  expect(inner?.tags['otel.trace_id']).toBe(outer?.tags['otel.trace_id']);
});

test('children are told the run, the trace and the place', async () => {
  const { folder, stdout } = await runRegistered('env');
  const [run] = readRuns(folder);
  const env = JSON.parse(stdout) as Record<string, string>;
  expect(env).toMatchObject({
    RUNSPAN_RUN_KEY: run?.runId,
    MLFLOW_RUN_ID: run?.runId,
    MLFLOW_TRACKING_URI: `sqlite:///${folder}/mlflow.db`,
    MLFLOW_EXPERIMENT_NAME: 'registered',
    TRACEPARENT: `00-${run?.tags['otel.trace_id']}-${run?.tags['otel.span_id']}-01`,
  });
});

test('a process that finds MLFLOW_RUN_ID alone joins that run', async () => {
  const first = await runRegistered('natural');
  const [before] = readRuns(first.folder);
  const { folder } = await runRegistered('child', {
    folder: first.folder,
    env: { MLFLOW_RUN_ID: before?.runId ?? '' },
  });
  expect(readRuns(folder)).toMatchObject([{ endTimeMs: before?.endTimeMs, metrics: [{ key: 'child', value: 1 }] }]);
  expect(readRuns(folder)).toHaveLength(1);
});
