// System metrics of real runs in a real store, under MLflow's names.
import { expect, test } from 'vitest';
import { startService } from './mlflow-fixture.ts';

/** What MLflow's own client logs on any machine without a GPU. */
const NAMES_OF_MLFLOW = [
  'system/cpu_utilization_percentage',
  'system/disk_available_megabytes',
  'system/disk_usage_megabytes',
  'system/disk_usage_percentage',
  'system/network_receive_megabytes',
  'system/network_transmit_megabytes',
  'system/system_memory_usage_megabytes',
  'system/system_memory_usage_percentage',
];
const NAMES_OF_NODE = [
  'system/node_event_loop_delay_milliseconds',
  'system/node_garbage_collection_milliseconds',
  'system/node_heap_usage_megabytes',
  'system/node_memory_usage_megabytes',
];

test('a run that asks for them has all of them, from its first moment to its last', async () => {
  const { mlflow } = await startService();
  const config = { name: 'measured', logSystemMetrics: true };
  const key = await mlflow.runContext(config, async (run) => {
    const endMs = performance.now() + 150; // work enough for a few ticks of the processor's clock
    while (performance.now() < endMs);
    return Promise.resolve(run.key);
  });
  await mlflow.flush();
  const client = mlflow.client();
  const { data } = await client.getRun(key);
  expect(Object.keys(data.metrics).toSorted()).toEqual([...NAMES_OF_MLFLOW, ...NAMES_OF_NODE].toSorted());
  const history = await client.getMetricHistory(key, 'system/system_memory_usage_megabytes').all();
  expect(history.map(({ step }) => step)).toEqual([0, 1]);
  const loop = await client.getMetricHistory(key, 'system/node_event_loop_delay_milliseconds').all();
  expect(loop[1]?.value).toBeGreaterThan(20);
});

test('a resumed run goes on behind its last step', async () => {
  const { mlflow } = await startService({ logSystemMetrics: true });
  const key = await mlflow.runContext('first', (run) => run.key);
  const resumed = await mlflow.startRun({ name: 'first', runId: key });
  const steps = async (): Promise<number[]> => {
    await mlflow.flush();
    const points = await mlflow.client().getMetricHistory(key, 'system/disk_usage_percentage').all();
    return points.map(({ step }) => step);
  };
  await expect.poll(steps, { timeout: 15_000 }).toEqual([0, 1, 2]);
  await resumed.end();
  expect(await steps()).toEqual([0, 1, 2, 3]);
});
