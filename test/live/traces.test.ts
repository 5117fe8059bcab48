// The spans of runs as MLflow's own client shows them: the trace of the run, named, with its tree and its state.
import { expect, test } from 'vitest';
import { LoggerService } from '../../src/services/logger/logger-service.ts';
import { readTraces } from './backends.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const logger = new LoggerService({ level: 'CRITICAL', otel: 'off' });

test('a run leads to its trace, with the tree of its spans', async () => {
  const uri = mlflow.env.MLFLOW_TRACKING_URI;
  const service = await startService({ trackingUri: uri, experimentName: 'traces' });
  const { runId, traceId } = await service.runContext('train', async (run) => {
    await logger.span('load', async () => logger.span('read', () => Promise.resolve()));
    for (let epoch = 0; epoch < 100; epoch++) logger.span('epoch', { epoch }, () => undefined);
    return { runId: await run.created(), traceId: run.span.spanContext().traceId };
  });
  expect(await service.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  const epochs = Array.from({ length: 100 }, () => ['epoch', 'train', 'UNSET']);
  expect(await readTraces(uri, runId)).toEqual([
    {
      traceId: `tr-${traceId}`,
      name: 'train',
      state: 'OK',
      spans: [...epochs, ['load', 'train', 'UNSET'], ['read', 'load', 'UNSET'], ['train', null, 'UNSET']],
    },
  ]);
});

test('a run that failed leads to a trace in error; a run inside it has the same trace', async () => {
  const uri = mlflow.env.MLFLOW_TRACKING_URI;
  const service = await startService({ trackingUri: uri, experimentName: 'traces' });
  let inner = '';
  let outer = '';
  const failing = service.runContext('outer', async (run) => {
    outer = await run.created();
    await service.runContext({ name: 'inner', nested: true }, async (child) => {
      inner = await child.created();
    });
    throw new RangeError('too high');
  });
  await expect(failing).rejects.toThrow('too high');
  expect(await service.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  const [trace, ...others] = await readTraces(uri, outer);
  expect(others).toEqual([]);
  expect(trace).toMatchObject({ name: 'outer', state: 'ERROR' });
  expect(trace?.spans).toEqual([
    ['inner', 'outer', 'UNSET'],
    ['outer', null, 'ERROR'],
  ]);
  expect((await readTraces(uri, inner)).map(({ traceId }) => traceId)).toEqual([trace?.traceId]);
});
