// Runs as MlflowService opens them, on a real SQLite file with its real worker.
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RunEntity } from '../../../src/model/entities.ts';
import { activeRun } from '../../../src/otel/run/run-context.ts';
import type { Run } from '../../../src/runs/run.ts';
import { closedPort } from '../../rest/scripted-server.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import { MlflowService } from '../../../src/services/mlflow/mlflow-service.ts';
import { makeService, optionsIn, shareService, startService } from './mlflow-fixture.ts';

async function readRun(mlflow: MlflowService, run: Pick<Run, 'key'>): Promise<RunEntity> {
  return mlflow.client().getRun(run.key);
}

async function allRuns(mlflow: MlflowService): Promise<readonly RunEntity[]> {
  const experiment = await mlflow.client().getExperimentByName('exp');
  return mlflow
    .client()
    .searchRuns([experiment?.experimentId ?? ''])
    .all();
}

/** One started service for all tests that only open runs in it. */
const shared = shareService();
beforeEach(() => {
  shared.alerts.length = 0;
});

async function runsNamed(mlflow: MlflowService, name: string): Promise<readonly RunEntity[]> {
  return (await allRuns(mlflow)).filter(({ info }) => info.runName === name);
}

describe('a run', () => {
  test('resolves to what its body returns, and carries the run key wherever it is asked', async () => {
    const { mlflow } = shared;
    const result = await mlflow.runContext('a', async (run) => {
      await new Promise((resolve) => setImmediate(resolve));
      return [activeRun()?.runKey === run.key, run.key];
    });
    expect(result).toEqual([true, expect.stringMatching(/^[0-9a-f]{32}$/)]);
  });

  test('created() gives the id of the store, which is its key in an embedded one', async () => {
    const { mlflow } = shared;
    await mlflow.runContext('a', async (run) => {
      expect(await run.created()).toBe(run.key);
      expect([run.runId, run.span.isRecording()]).toEqual([run.key, true]);
    });
  });

  test('created() of a run that the store refuses rejects at once with its reason, and the body goes on', async () => {
    const { mlflow } = await startService();
    const result = await mlflow.runContext({ name: 'a', runId: 'absent' }, async (run) => {
      await expect(run.created()).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
      run.logMetric('loss', 1);
      return 'done';
    });
    await mlflow.flush();
    expect([result, mlflow.stats().pending]).toEqual(['done', 0]);
    expect(mlflow.stats().deadLettered).toBeGreaterThan(0);
  });

  test('created() of a run that is not confirmed yet rejects when the service stops', async () => {
    const { mlflow } = makeService({
      trackingUri: `http://127.0.0.1:${await closedPort()}`,
      startTimeoutMs: 50,
      stopTimeoutMs: 50,
    });
    await mlflow.start();
    const run = await mlflow.startRun('a');
    const waiting = expect(run.created()).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
    await mlflow.stop();
    await waiting;
  });

  test('parentRunId makes it a child of a run by id or by key, wherever it is opened', async () => {
    const { mlflow } = shared;
    const parent = await mlflow.runContext('parent', (run) => run.key);
    const child = await mlflow.runContext({ name: 'child', parentRunId: parent }, (run) => run.key);
    expect((await mlflow.client().getParentRun(child))?.info.runId).toBe(parent);
  });

  test('runId resumes a run that FINISHED: the same run, RUNNING again, then ended anew', async () => {
    const { mlflow } = shared;
    const first = await mlflow.runContext('first', (run) => {
      run.logParam('a', 1);
      return run.key;
    });
    const resumed = await mlflow.runContext({ name: 'again', runId: first, tags: { more: 'yes' } }, async (run) => {
      const inside = await mlflow.client().getRun(first);
      expect(inside.info).toMatchObject({ status: 'RUNNING', runName: 'again' });
      run.logMetric('loss', 1);
      run.fail('second thoughts');
      return { key: run.key, id: await run.created() };
    });
    expect(resumed.id).toBe(first);
    expect(resumed.key).not.toBe(first);
    const stored = await mlflow.client().getRun(resumed.key);
    expect(stored.info).toMatchObject({ runId: first, status: 'FAILED', runName: 'again' });
    expect(stored.data).toMatchObject({ params: { a: '1' }, metrics: { loss: 1 }, tags: { more: 'yes' } });
    expect(await runsNamed(mlflow, 'first')).toEqual([]);
    expect(await runsNamed(mlflow, 'again')).toHaveLength(1);
  });

  test('a name that is empty becomes a random one of the store', async () => {
    const { mlflow } = shared;
    const key = await mlflow.runContext('', (run) => run.key);
    const stored = await readRun(mlflow, { key });
    expect(stored.info.runName).toMatch(/^\w+-\w+-\d+$/);
    expect(stored.data.tags['mlflow.runName']).toBe(stored.info.runName);
  });

  test('client() takes a run key wherever a run id stands, also of a run that has not ended', async () => {
    const { mlflow } = shared;
    await mlflow.runContext('a', async (run) => {
      const client = mlflow.client();
      for (let step = 0; step < 300; step++) run.logMetric('loss', step, { step, timestampMs: 1000 + step });
      await client.setTag(run.key, 'by', 'client');
      await client.logMetric(run.key, 'direct', 5);
      const points = await client.getMetricHistory(run.key, 'loss').all();
      expect(points.map(({ value }) => value)).toEqual(Array.from({ length: 300 }, (_, step) => step));
      expect((await client.getRun(run.key)).data).toMatchObject({ tags: { by: 'client' }, metrics: { direct: 5 } });
      await expect(client.getRun('absent')).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
    });
  });

  test('client() refuses what Python refuses, with its code, before anything is stored', async () => {
    const { mlflow } = shared;
    const client = mlflow.client();
    const key = await mlflow.runContext('a', (run) => run.key);
    // The casts give what TypeScript would refuse.
    const refused: readonly (() => Promise<unknown>)[] = [
      () => client.setTag(key, 'bad@key', 'v'),
      () => client.setTag(key, 'k'.repeat(251), 'v'),
      () => client.logParam(key, 'a//b', 'v'),
      () => client.logMetric(key, '../m', 1),
      () => client.logMetric(key, 'm', '1' as unknown as number),
      () => client.logMetric(key, 'm', 1, { step: 1.5 }),
      () => client.logMetric(key, 'm', 1, { timestampMs: -1 }),
      () => client.updateRun(key, { status: 'BOGUS' as unknown as 'FAILED' }),
      () => client.setTerminated(key, { status: 'BOGUS' as unknown as 'FAILED' }),
      () => client.createRun('1', { tags: { 'bad@key': 'v' } }),
      () => client.createExperiment('other', { tags: { long: 'x'.repeat(20_001) } }),
      () => client.setExperimentTag('1', 'bad@key', 'v'),
      () => client.logBatch(key, { metrics: [], params: [{ key: 'ok', value: 'v' }], tags: [{ key: '', value: 'v' }] }),
    ];
    for (const act of refused)
      await expect(act(), String(act)).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', status: 400 });
    expect((await client.getRun(key)).data).toMatchObject({ metrics: {}, params: {} });
  });

  test('client() stores texts as Python and the server do: made text, cut at the limit', async () => {
    const { mlflow } = shared;
    const client = mlflow.client();
    const key = await mlflow.runContext('a', (run) => run.key);
    // The cast gives what TypeScript would refuse.
    await client.logParam(key, 'n', 1 as unknown as string);
    await client.logParam(key, 'n', '1');
    await client.logParam(key, 'long', 'x'.repeat(7000));
    await client.setTag(key, 'long', 'x'.repeat(9000));
    await expect(client.logParam(key, 'n', '2')).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
    const { params, tags } = (await client.getRun(key)).data;
    expect([params['n'], params['long']?.length, tags['long']?.length]).toEqual(['1', 6000, 8000]);
  });

  test('flush() means delivered: nothing is pending and another reader sees all of it', async () => {
    const { mlflow, folder } = await startService();
    const run = await mlflow.startRun('a');
    for (let step = 0; step < 2_000; step++) run.logMetric('loss', step, { step });
    expect(await mlflow.flush()).toEqual({
      isComplete: true,
      delivered: mlflow.stats().accepted,
      pending: 0,
      deadLettered: 0,
      durability: 'os',
    });
    const stats = mlflow.stats();
    expect(stats.accepted).toBe(2_001);
    expect([stats.delivered, stats.pending, stats.deadLettered]).toEqual([2_001, 0, 0]);
    const other = new MlflowService({
      ...optionsIn(folder),
      directory: join(folder, '.other'),
      logger: new LoggerService({ level: 'CRITICAL' }),
    });
    await other.start();
    expect(await other.client().getMetricHistory(run.key, 'loss').all()).toHaveLength(2_000);
    await other.stop();
  });

  test('a fallback run is active for code outside any context until a second one opens', async () => {
    const { mlflow } = shared;
    const first = await mlflow.startRun('first');
    expect(activeRun()?.runKey).toBe(first.key);
    await expect(mlflow.startRun('second')).rejects.toMatchObject({ code: 'RUN_ALREADY_ACTIVE' });
    const nested = await mlflow.startRun({ name: 'second', nested: true });
    expect(activeRun()).toBeUndefined();
    expect(nested.with(() => activeRun()?.runKey)).toBe(nested.key);
    await nested.end();
    expect(activeRun()?.runKey).toBe(first.key);
    await first.end();
    expect(activeRun()).toBeUndefined();
  });

  test('`await using` ends it, as its span and fail() say', async () => {
    const { mlflow } = shared;
    const keys: string[] = [];
    {
      await using run = await mlflow.startRun('good');
      keys.push(run.key);
    }
    {
      await using run = await mlflow.startRun('bad');
      run.fail('no');
      keys.push(run.key);
    }
    const runs = await Promise.all(keys.map((key) => readRun(mlflow, { key })));
    expect(runs.map(({ info }) => info.status)).toEqual(['FINISHED', 'FAILED']);
  });

  test('has the tags that Python sets, and the ids of its trace', async () => {
    const { mlflow } = await startService({ traceUrlTemplate: 'http://traces/{traceId}' });
    const { key, traceId, spanId } = await mlflow.runContext('a', (run) => ({
      key: run.key,
      ...run.span.spanContext(),
    }));
    const { tags } = (await readRun(mlflow, { key })).data;
    expect(tags).toMatchObject({
      'mlflow.runName': 'a',
      'mlflow.source.type': 'LOCAL',
      'mlflow.source.name': process.argv[1],
      'mlflow.user': expect.stringMatching(/./),
      'otel.trace_id': traceId,
      'otel.span_id': spanId,
      'otel.trace_url': `http://traces/${traceId}`,
      'runspan.run_key': key,
    });
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([[undefined], [null], [0], ['text'], [{ a: 1 }]])(
    'a body that throws %j is FAILED and the same comes out',
    async (thrown) => {
      const { mlflow, alerts } = shared;
      let key = '';
      const running = mlflow.runContext('a', (run) => {
        key = run.key;
        throw thrown;
      });
      let caught: unknown = 'nothing';
      await running.catch((error: unknown) => (caught = error));
      expect(caught).toBe(thrown);
      expect((await readRun(mlflow, { key })).info.status).toBe('FAILED');
      expect(alerts).toHaveLength(1);
    },
  );

  test('two at once keep their own spans, values and ends', async () => {
    const { mlflow } = shared;
    const runs = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name, index) =>
        mlflow.runContext(name, async (run) => {
          for (let step = 0; step < 50; step++) {
            run.logMetric('value', index * 1000 + step, { step });
            if (step % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
            expect(activeRun()?.runKey).toBe(run.key);
          }
          if (name === 'c') run.fail('c fails');
          return { key: run.key, traceId: run.span.spanContext().traceId };
        }),
      ),
    );
    expect(new Set(runs.map(({ traceId }) => traceId)).size).toBe(4);
    for (const [index, { key }] of runs.entries()) {
      const points = await mlflow.client().getMetricHistory(key, 'value').all();
      expect(points.map(({ value }) => value).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, step) => index * 1000 + step),
      );
    }
    const statuses = await Promise.all(runs.map(async (run) => (await readRun(mlflow, run)).info.status));
    expect(statuses).toEqual(['FINISHED', 'FINISHED', 'FAILED', 'FINISHED']);
  });

  test('a generator bound to it logs as its own wherever it is consumed', async () => {
    const { mlflow } = shared;
    function* rows(): Generator<string | undefined> {
      yield activeRun()?.runKey;
      yield activeRun()?.runKey;
    }
    const { key, bound, loose } = await mlflow.runContext('a', (run) => ({
      key: run.key,
      bound: run.bind(rows)(),
      loose: rows(),
    }));
    expect([[...bound], [...loose]]).toEqual([
      [key, key],
      [undefined, undefined],
    ]);
  });
});
