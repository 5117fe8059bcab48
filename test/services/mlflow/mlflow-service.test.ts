// The service on a real SQLite file with its real worker: the rows of the origin's behaviour table (M), and what is ours.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { RunspanError } from '../../../src/errors.ts';
import type { RunEntity } from '../../../src/model/entities.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { activeRun } from '../../../src/otel/run/run-context.ts';
import type { RunConfig } from '../../../src/runs/open/run-config.ts';
import type { Run } from '../../../src/runs/run.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import { MlflowService } from '../../../src/services/mlflow/mlflow-service.ts';
import { closedPort, startServer, json } from '../../rest/scripted-server.ts';
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

const config: RunConfig = {
  name: 'testing',
  tags: { service: 'mlflow' },
  description: 'a test run.',
  logSystemMetrics: true,
};

describe('the origin', () => {
  test('M1: a started service has its URIs, and its experiment exists by name', async () => {
    const { mlflow, folder } = shared;
    expect(mlflow.trackingUri).toBe(`sqlite:///${join(folder, 'mlflow.db')}`);
    expect(mlflow.settings.registryUri).toBe(mlflow.trackingUri);
    expect(await mlflow.client().getExperimentByName('exp')).toMatchObject({ name: 'exp', lifecycleStage: 'active' });
  });

  test('M2: client() has both URIs, sees the experiment, and is a new object each call', async () => {
    const { mlflow } = shared;
    const client = mlflow.client();
    expect([client.trackingUri, client.registryUri]).toEqual([mlflow.trackingUri, mlflow.settings.registryUri]);
    expect((await client.searchExperiments().all()).map(({ name }) => name)).toContain('exp');
    expect(mlflow.client()).not.toBe(client);
  });

  test('M3: a run has its name, description and tags, is RUNNING inside and FINISHED after', async () => {
    const { mlflow } = shared;
    let inside: RunEntity | undefined;
    const key = await mlflow.runContext(config, async (run) => {
      inside = await readRun(mlflow, run);
      return run.key;
    });
    expect(inside?.info).toMatchObject({ runName: 'testing', status: 'RUNNING', endTimeMs: undefined });
    expect(Object.values(inside?.data.tags ?? {})).toContain('a test run.');
    expect(inside?.data.tags).toMatchObject({ service: 'mlflow' });
    expect(Object.keys(inside?.data.tags ?? {}).length).toBeGreaterThan(1);
    const after = await readRun(mlflow, { key });
    expect(after.info.status).toBe('FINISHED');
    expect(after.info.endTimeMs).toBeGreaterThanOrEqual(after.info.startTimeMs);
  });

  test('M4: a body that throws ends FAILED, the same error comes out, and no run is active after', async () => {
    const { mlflow, alerts } = shared;
    const error = new TypeError('boom');
    let run: Run | undefined;
    const running = mlflow.runContext('a', (opened) => {
      run = opened;
      throw error;
    });
    await expect(running).rejects.toBe(error);
    expect(activeRun()).toBeUndefined();
    expect((await readRun(mlflow, run as Run)).info.status).toBe('FAILED');
    expect(alerts).toEqual([expect.stringContaining('TypeError: boom')]);
  });

  test('M5: a run ended inside as KILLED stays KILLED', async () => {
    const { mlflow } = shared;
    const key = await mlflow.runContext('a', async (run) => {
      await run.end('KILLED');
      return run.key;
    });
    expect((await readRun(mlflow, { key })).info.status).toBe('KILLED');
  });

  test('M6: a description beside its tag is an error before a run is made', async () => {
    const { mlflow } = shared;
    const running = mlflow.runContext({ ...config, name: 'refused', tags: { 'mlflow.note.content': 'x' } }, () => 1);
    await expect(running).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await runsNamed(mlflow, 'refused')).toEqual([]);
  });

  test('M7: a run inside a run is an error unless nested is given; the outer one goes on', async () => {
    const { mlflow } = shared;
    const keys = await mlflow.runContext('outer', async (outer) => {
      await expect(mlflow.runContext('inner', () => 1)).rejects.toMatchObject({ code: 'RUN_ALREADY_ACTIVE' });
      await expect(mlflow.startRun('inner')).rejects.toMatchObject({ code: 'RUN_ALREADY_ACTIVE' });
      const inner = await mlflow.runContext({ name: 'inner', nested: true }, (run) => run.key);
      return { outer: outer.key, inner };
    });
    const [outer, inner] = await Promise.all([
      readRun(mlflow, { key: keys.outer }),
      readRun(mlflow, { key: keys.inner }),
    ]);
    expect([outer.info.status, inner.info.status]).toEqual(['FINISHED', 'FINISHED']);
    expect(inner.data.tags['mlflow.parentRunId']).toBe(outer.info.runId);
  });

  test('M8: start twice is one start; a deleted experiment and an empty name are errors', async () => {
    const { mlflow, folder } = await startService({ startTimeoutMs: 15_000 });
    await mlflow.start();
    const client = mlflow.client();
    const experiment = await client.getExperimentByName('exp');
    await client.deleteExperiment(experiment?.experimentId ?? '');
    await mlflow.stop();
    await expect(mlflow.start()).rejects.toThrow("Experiment 'exp'");
    expect(mlflow.status).toBe('stopped');
    expect(existsSync(join(folder, '.runspan')) ? readdirSync(join(folder, '.runspan')) : []).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/-\d+-/)]),
    );
    await expect((async () => makeService({ experimentName: '' }).mlflow.start())()).rejects.toThrow(
      /experiment ?name/i,
    );
  });

  test('M10: sets S3 variables only where a value is given and none is set', async () => {
    const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'MLFLOW_S3_ENDPOINT_URL', 'MLFLOW_S3_IGNORE_TLS'];
    const before = names.map((name) => process.env[name]);
    onTestFinished(() =>
      names.forEach((name, index) => {
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      }),
    );
    for (const name of names) delete process.env[name];
    await startService();
    expect(names.map((name) => process.env[name])).toEqual([undefined, undefined, undefined, undefined]);
    process.env['AWS_ACCESS_KEY_ID'] = 'mine';
    await startService({ awsAccessKeyId: 'theirs', s3EndpointUrl: 'http://127.0.0.1:9', s3IgnoreTls: true });
    expect(names.map((name) => process.env[name])).toEqual(['mine', undefined, 'http://127.0.0.1:9', 'true']);
  });
});

describe('the service', () => {
  test('refuses runs before start() and after stop()', async () => {
    const { mlflow } = makeService();
    await expect(mlflow.runContext('a', () => 1)).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
    await mlflow.start();
    await mlflow.stop();
    await expect(mlflow.startRun('a')).rejects.toMatchObject({ code: 'SERVICE_NOT_STARTED' });
    expect(() => mlflow.client()).toThrow(expect.objectContaining({ code: 'SERVICE_NOT_STARTED' }));
  });

  test('stop() ends an open run and delivers it; what comes later is counted, not thrown', async () => {
    const { mlflow } = await startService();
    const run = await mlflow.startRun('a');
    run.logMetric('loss', 1);
    await mlflow.stop();
    run.logMetric('loss', 2);
    await run.end('KILLED');
    expect([run.status, activeRun()]).toEqual(['FINISHED', undefined]);
    await mlflow.start();
    const stored = await readRun(mlflow, run);
    expect([stored.info.status, stored.data.metrics]).toEqual(['FINISHED', { loss: 1 }]);
  });

  test('starts again after a stop, in the same tick too', async () => {
    const { mlflow } = makeService();
    const all = [mlflow.start(), mlflow.stop(), mlflow.start()];
    await Promise.all(all);
    const first = await mlflow.runContext('a', (run) => run.key);
    await mlflow.stop();
    await mlflow.start();
    const second = await mlflow.runContext('b', (run) => run.key);
    expect((await allRuns(mlflow)).map(({ info }) => info.runId).sort()).toEqual([first, second].sort());
  });

  test('leaves no folder behind that it delivered', async () => {
    const { mlflow, folder } = await startService();
    await mlflow.runContext('a', (run) => run.logText('hello', 'a.txt'));
    await mlflow.stop();
    const left = readdirSync(join(folder, '.runspan'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(left).toEqual([]);
  });

  test('two with two stores in one process keep their runs apart', async () => {
    const [one, two] = await Promise.all([startService(), startService()]);
    const [a, b] = await Promise.all([
      one.mlflow.runContext('a', (run) => (run.logMetric('x', 1), run.key)),
      two.mlflow.runContext('b', (run) => (run.logMetric('x', 2), run.key)),
    ]);
    expect((await allRuns(one.mlflow)).map(({ info, data }) => [info.runId, data.metrics['x']])).toEqual([[a, 1]]);
    expect((await allRuns(two.mlflow)).map(({ info, data }) => [info.runId, data.metrics['x']])).toEqual([[b, 2]]);
    await one.mlflow.stop();
    expect(await two.mlflow.runContext('c', () => 'still there')).toBe('still there');
  });

  test('disabled: bodies run, values are there to read, nothing is written', async () => {
    const { mlflow, folder, alerts } = await startService({ isDisabled: true });
    const result = await mlflow.runContext(config, async (run) => {
      run.logMetric('loss', 2);
      run.logText('x', 'a.txt');
      await run.logArtifact('/nowhere/at/all');
      expect(activeRun()?.runKey).toBe(run.key);
      expect(await run.created()).toBe(run.key);
      return run.metrics['loss'];
    });
    await expect(mlflow.runContext('b', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    expect(await mlflow.flush()).toMatchObject({ isComplete: true });
    await mlflow.stop();
    expect([result, alerts, readdirSync(folder)]).toEqual([2, [], []]);
  });

  test('disabled, it waits for no server either', async () => {
    const { mlflow } = await startService({
      isDisabled: true,
      trackingUri: `http://127.0.0.1:${await closedPort()}`,
      startTimeoutMs: 60_000,
    });
    expect(await mlflow.runContext('a', (run) => run.created().then(() => 'ran'))).toBe('ran');
  });

  test('stop() waits for a file that is being copied no longer than its own deadline', async () => {
    const { mlflow, folder } = makeService();
    const slow = new MlflowService(
      { ...optionsIn(folder), logger: new LoggerService({ level: 'CRITICAL' }), keepTelemetry: false },
      {
        openOutbox: (options) => Object.assign(openOutbox(options), { spoolFile: () => new Promise(() => undefined) }),
      },
    );
    await slow.start();
    const run = await slow.startRun('a');
    void run.logArtifact('/large');
    await slow.stop({ timeoutMs: 300 });
    await mlflow.start();
    expect((await readRun(mlflow, run)).info.status).toBe('FINISHED');
  });

  test('strict throws on data that would have been mended, into the body', async () => {
    const { mlflow } = await startService({ strict: true });
    const running = mlflow.runContext('a', (run) => run.logMetric('bad@key', 1));
    await expect(running).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('counts what it refused by reason, and says it once', async () => {
    const { mlflow } = shared;
    await mlflow.runContext('a', (run) => {
      // The casts give what TypeScript would refuse.
      run.logMetric('a', 'x' as unknown as number);
      run.logMetric('b', null as unknown as number);
      run.logText('x', '../outside');
    });
    expect(mlflow.stats().refused).toMatchObject({ invalid: 2, artifact: 1 });
  });

  test('start() goes on when the server is away; what is accepted stays pending', async () => {
    const { mlflow } = makeService({
      trackingUri: `http://127.0.0.1:${await closedPort()}`,
      startTimeoutMs: 50,
      stopTimeoutMs: 50,
    });
    await mlflow.start();
    const result = await mlflow.runContext('a', (run) => (run.logMetric('loss', 1), [run.runId, run.metrics['loss']]));
    expect(result).toEqual([undefined, 1]);
    const { accepted, pending, delivered } = mlflow.stats();
    // create, metric, the spans it keeps, end
    expect([accepted, pending, delivered]).toEqual([4, 4, 0]);
  });

  test('a call of client() that waits for a server rejects once the service stops, not at its own deadline', async () => {
    // It takes the request and never answers; a port that refuses is an answer, and may come before the stop.
    const server = await startServer(() => undefined);
    const { mlflow } = makeService({ trackingUri: server.url, startTimeoutMs: 50, stopTimeoutMs: 50 });
    await mlflow.start();
    // Whether the request is torn off or nobody is left to answer: it is an error of ours, long before the deadline of 30 s.
    const waiting = expect(mlflow.client().getRun('a')).rejects.toBeInstanceOf(RunspanError);
    await mlflow.stop();
    await waiting;
  });

  test('start() rejects on a definite no of the server', async () => {
    const refusal = { error_code: 'PERMISSION_DENIED', message: 'not you' };
    const server = await startServer(json(refusal, 403));
    const { mlflow } = makeService({ trackingUri: server.url, startTimeoutMs: 15_000 });
    await expect(mlflow.start()).rejects.toMatchObject({ errorCode: 'PERMISSION_DENIED', status: 403 });
  });

  test('refuses a config with an unknown field before a run is made', async () => {
    const { mlflow } = shared;
    const bad = { name: 'unheard', nmae: 1 } as unknown as RunConfig;
    await expect(mlflow.runContext(bad, () => 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await runsNamed(mlflow, 'unheard')).toEqual([]);
  });

  test('refuses a body that cannot be called before a run is made', async () => {
    const { mlflow } = shared;
    const none = undefined as unknown as () => number; // what a job in JavaScript may forget
    const opening = mlflow.runContext('bodiless', none);
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(opening).rejects.toThrow('needs a function');
    expect(await runsNamed(mlflow, 'bodiless')).toEqual([]);
  });

  test('a run alerts the sink of its own service, whichever started first', async () => {
    const first = await startService();
    const second = await startService();
    for (const { mlflow } of [second, first])
      await expect(mlflow.runContext('fails', () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
    expect(first.alerts).toEqual([expect.stringContaining('boom')]);
    expect(second.alerts).toEqual([expect.stringContaining('boom')]);
  });

  test('drains inline where it is told to, with the same result', async () => {
    const { mlflow } = await startService({ drain: 'inline' });
    const key = await mlflow.runContext('a', (run) => {
      for (let step = 0; step < 500; step++) run.logMetric('loss', step, { step });
      run.setTag('a', 'b');
      return run.key;
    });
    const stored = await readRun(mlflow, { key });
    expect([stored.info.status, stored.data.metrics, stored.data.tags['a']]).toEqual(['FINISHED', { loss: 499 }, 'b']);
  });

  test('keeps its journal out of the folder it is given, and the folder out of git', async () => {
    const { folder } = shared;
    expect(readdirSync(join(folder, '.runspan'))).toContain('.gitignore');
  });
});
