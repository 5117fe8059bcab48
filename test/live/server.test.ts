// The package over HTTP against real MLflow servers: the client, errors, nesting, resuming, hosts and passwords.
import dns from 'node:dns';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { MlflowError, RunspanError } from '../../src/index.ts';
import { readExperiment, readRun } from './backends.ts';
import { makeService, startService } from './in-process.ts';
import { PASSWORD, passwordEnv } from './password.ts';
import { requireBackend } from './require-backend.ts';

describe('a server on SQLite', () => {
  const mlflow = requireBackend('mlflow');
  const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;

  test('client(): experiments, from their making to the bin and back', async () => {
    const client = (await startService({ trackingUri: uri(), experimentName: 'clients' })).client();
    const id = await client.createExperiment('made', { tags: { team: 'a' } });
    expect(await client.getExperiment(id)).toMatchObject({
      name: 'made',
      lifecycleStage: 'active',
      tags: { team: 'a' },
    });
    await client.setExperimentTag(id, 'stage', 'dev');
    await client.renameExperiment(id, 'renamed');
    expect(await client.getExperimentByName('made')).toBeUndefined();
    expect(await client.getExperimentByName('renamed')).toMatchObject({ experimentId: id, tags: { stage: 'dev' } });
    const found = await client.searchExperiments({ filterString: "tags.stage = 'dev'" }).all();
    expect(found.map(({ experimentId }) => experimentId)).toEqual([id]);
    await client.deleteExperiment(id);
    const deleted = await client.searchExperiments({ viewType: 'DELETED_ONLY' }).all();
    expect(deleted.map(({ experimentId }) => experimentId)).toEqual([id]);
    await client.restoreExperiment(id);
    expect(await client.getExperiment(id)).toMatchObject({ lifecycleStage: 'active' });
  });

  test('client(): runs, as Python reads them back', async () => {
    const service = await startService({ trackingUri: uri(), experimentName: 'clients' });
    const client = service.client();
    const experimentId = (await client.getExperimentByName('clients'))?.experimentId ?? '';
    const made = await client.createRun(experimentId, { runName: 'first', tags: { stage: 'dev' }, startTimeMs: 1_000 });
    const runId = made.info.runId;
    await client.logMetric(runId, 'loss', 0.5, { step: 1, timestampMs: 2_000 });
    const points = Array.from({ length: 2_500 }, (_, step) => ({
      key: 'acc',
      value: step / 2_500,
      timestampMs: step,
      step,
    }));
    await client.logBatch(runId, {
      metrics: points,
      params: [{ key: 'a', value: '1' }],
      tags: [{ key: 'b', value: '2' }],
    });
    await client.logParam(runId, 'lr', '0.1');
    await client.setTag(runId, 'gone', 'soon');
    await client.deleteTag(runId, 'gone');
    const dataset = { name: 'rows', digest: 'd1', sourceType: 'local', source: '{"uri":"rows.csv"}' };
    await client.logInputs(runId, [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'test' }] }]);
    await client.updateRun(runId, { name: 'second' });
    await client.setTerminated(runId, { status: 'FAILED', endTimeMs: 9_000 });
    expect(await client.getMetricHistory(runId, 'acc').all()).toHaveLength(2_500);
    const read = await readRun(uri(), runId);
    expect(read.info).toMatchObject({ run_name: 'second', status: 'FAILED', start_time: 1_000, end_time: 9_000 });
    expect(read.params).toEqual({ a: '1', lr: '0.1' });
    expect(read.tags).toEqual({ stage: 'dev', b: '2', 'mlflow.runName': 'second' });
    expect(read.metrics).toEqual({ loss: 0.5, acc: 2_499 / 2_500 });
    expect(read.inputs.dataset_inputs).toMatchObject([
      { dataset: { name: 'rows' }, tags: { 'mlflow.data.context': 'test' } },
    ]);

    const others = await Promise.all(
      ['other-a', 'other-b', 'other-c'].map((runName) => client.createRun(experimentId, { runName })),
    );
    const search = {
      filterString: "attributes.run_name LIKE 'other-%'",
      orderBy: ['attributes.run_name DESC'],
      maxResults: 2,
    };
    const page = await client.searchRuns([experimentId], search).firstPage();
    expect(page.items.map(({ info }) => info.runName)).toEqual(['other-c', 'other-b']);
    expect(page.nextPageToken).toBeDefined();
    expect((await client.searchRuns([experimentId], search).all()).map(({ info }) => info.runName)).toEqual([
      'other-c',
      'other-b',
      'other-a',
    ]);
    expect(await client.searchRuns([]).all()).toEqual([]);
    const [first] = others;
    if (first === undefined) throw new Error('no run was made');
    await client.deleteRun(first.info.runId);
    expect((await client.getRun(first.info.runId)).info.lifecycleStage).toBe('deleted');
    await client.restoreRun(first.info.runId);
    expect((await client.getRun(first.info.runId)).info.lifecycleStage).toBe('active');
  });

  test('client() comes behind what was logged, and takes a run key', async () => {
    const service = await startService({ trackingUri: uri(), experimentName: 'behind' });
    await service.runContext('behind', async (run) => {
      for (let step = 0; step < 1_000; step++) run.logMetric('loss', step, { step });
      const history = await service.client().getMetricHistory(run.key, 'loss').all();
      expect(history).toHaveLength(1_000);
      expect((await service.client().getRun(run.key)).info.runId).toBe(run.runId);
    });
  });

  test('errors carry the code and the status of MLflow', async () => {
    const service = await startService({ trackingUri: uri(), experimentName: 'errors' });
    const client = service.client();
    const rejected = async (promise: Promise<unknown>): Promise<unknown> => {
      const error = await promise.catch((each: unknown) => each);
      expect(error).toBeInstanceOf(MlflowError);
      const { code, errorCode, status, isRetryable } = error as MlflowError; // as was just checked
      return { code, errorCode, status, isRetryable };
    };
    const answer = (errorCode: string, status: number): unknown => ({
      code: 'MLFLOW_ERROR',
      errorCode,
      status,
      isRetryable: false,
    });
    const nobody = '0'.repeat(32);
    const absent = answer('RESOURCE_DOES_NOT_EXIST', 404);
    expect(await rejected(client.getRun(nobody))).toEqual(absent);
    expect(await rejected(client.getExperiment('999999'))).toEqual(absent);
    expect(await rejected(client.logMetric(nobody, 'loss', 1))).toEqual(absent);
    expect(await rejected(client.createExperiment('errors'))).toEqual(answer('RESOURCE_ALREADY_EXISTS', 400));
    const bad = answer('INVALID_PARAMETER_VALUE', 400);
    expect(await rejected(client.searchRuns(['0'], { filterString: 'nonsense' }).all())).toEqual(bad);
    const { info } = await client.createRun('0', {});
    await client.logParam(info.runId, 'lr', '1');
    expect(await rejected(client.logParam(info.runId, 'lr', '2'))).toEqual(bad);
    expect(await rejected(client.deleteTag(info.runId, 'none'))).toEqual(absent);
    expect(await rejected(client.getRegisteredModel('m'))).toEqual(absent);
    await expect(client.getSkill('m')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });

  test('start() rejects for a deleted experiment, and says how to restore it', async () => {
    const client = (await startService({ trackingUri: uri(), experimentName: 'bin' })).client();
    const id = (await client.getExperimentByName('bin'))?.experimentId ?? '';
    await client.deleteExperiment(id);
    const starting = makeService({ trackingUri: uri(), experimentName: 'bin' }).start();
    await expect(starting).rejects.toBeInstanceOf(RunspanError);
    await expect(starting).rejects.toThrow(`restoreExperiment('${id}')`);
  });

  test('a run has its id and its page within 2 s of the call', async () => {
    const service = await startService({ trackingUri: uri(), experimentName: 'ids' });
    const startedAt = performance.now();
    const run = await service.startRun('ids');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(run.runId).toMatch(/^[0-9a-f]{32}$/);
    expect(run.runId).not.toBe(run.key);
    expect(await run.created()).toBe(run.runId);
    const experimentId = (await service.client().getExperimentByName('ids'))?.experimentId;
    // RunSpan is readable under any SDK; its type is the API's, which is not.
    const { attributes } = run.span as unknown as { readonly attributes: Readonly<Record<string, unknown>> };
    expect(attributes).toMatchObject({
      'mlflow.run_id': run.runId,
      'mlflow.run_url': `${uri()}/#/experiments/${experimentId}/runs/${run.runId}`,
    });
    await run.end();
  });

  test('runs inside runs know their parents; a run is resumed under its id', async () => {
    const service = await startService({ trackingUri: uri(), experimentName: 'nested' });
    const resumedId = await service.runContext('outer', async (outer) => {
      await service.runContext({ name: 'inner', nested: true }, async () => {
        await service.runContext({ name: 'innermost', nested: true }, () => undefined);
      });
      outer.logMetric('loss', 1, { step: 0 });
      return outer.created();
    });
    await service.runContext({ name: 'beside', parentRunId: resumedId }, () => undefined);
    const resumed = { name: 'outer again', runId: resumedId, tags: { resumed: true }, description: 'twice' };
    await service.runContext(resumed, (run) => {
      expect(run.runId).toBe(resumedId);
      run.logMetric('loss', 0.5, { step: 1 });
    });
    expect(await service.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
    const { runs } = await readExperiment(uri(), 'nested', { artifacts: false });
    const named = Object.fromEntries(runs.map((run) => [run.info.run_name, run]));
    expect(Object.keys(named).toSorted()).toEqual(['beside', 'inner', 'innermost', 'outer again']);
    const parentOf = (name: string): string | undefined => named[name]?.tags['mlflow.parentRunId'];
    expect(parentOf('inner')).toBe(resumedId);
    expect(parentOf('innermost')).toBe(named['inner']?.info.run_id);
    expect(parentOf('beside')).toBe(resumedId);
    expect(parentOf('outer again')).toBeUndefined();
    const outer = named['outer again'];
    expect(outer?.info).toMatchObject({ run_id: resumedId, status: 'FINISHED' });
    expect(outer?.tags).toMatchObject({ resumed: 'true', 'mlflow.note.content': 'twice' });
    expect(outer?.history['loss']?.map(({ value }) => value)).toEqual([1, 0.5]);
  });

  test('a host name that the server does not know: start() says what to start the server with', async () => {
    // A container's name, as docker-compose.yml has it; this machine's resolver knows none of them.
    const lookup = dns.lookup;
    const here = vi
      .spyOn(dns, 'lookup')
      .mockImplementation(((_: string, ...rest: unknown[]) =>
        Reflect.apply(lookup, dns, ['127.0.0.1', ...rest])) as typeof dns.lookup);
    onTestFinished(() => here.mockRestore());
    const { port } = new URL(uri());
    const trackingUri = `http://mlflow:${port}`;
    // In this thread, where the resolver can be replaced.
    const starting = makeService({ trackingUri, experimentName: 'hosts', drain: 'inline' }).start();
    await expect(starting).rejects.toMatchObject({ status: 403, errorCode: 'PERMISSION_DENIED', isRetryable: false });
    await expect(starting).rejects.toThrow(`--allowed-hosts mlflow:${port}`);
  });
});

describe('a server that asks for a password', () => {
  const mlflow = requireBackend('mlflow', { env: passwordEnv() });

  test('takes the right one', async () => {
    const service = await startService({
      trackingUri: mlflow.env.MLFLOW_TRACKING_URI,
      experimentName: 'secret',
      username: 'admin',
      password: PASSWORD,
    });
    await service.runContext('train', (run) => {
      run.logMetric('loss', 0.5);
      run.logText('kept', 'a.txt');
    });
    expect(await service.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
    const read = new URL(mlflow.env.MLFLOW_TRACKING_URI);
    Object.assign(read, { username: 'admin', password: PASSWORD });
    const { runs } = await readExperiment(read.href, 'secret');
    expect(runs).toMatchObject([
      {
        info: { status: 'FINISHED', user_id: 'admin' },
        metrics: { loss: 0.5 },
        artifacts: expect.arrayContaining([expect.objectContaining({ path: 'a.txt' })]) as unknown,
      },
    ]);
    expect(JSON.stringify(runs)).not.toContain(PASSWORD);
  });

  test.each([
    ['a wrong one', { username: 'admin', password: 'wrong but long enough' }],
    ['a token', { token: 'not-a-password' }],
    ['none', {}],
  ])('start() rejects with 401 for %s, without showing it', async (_, credentials) => {
    const trackingUri = mlflow.env.MLFLOW_TRACKING_URI;
    const service = makeService({ trackingUri, experimentName: 'secret', ...credentials });
    const error: unknown = await service.start().catch((each: unknown) => each);
    expect(error).toMatchObject({ code: 'MLFLOW_ERROR', errorCode: 'UNAUTHENTICATED', status: 401 });
    for (const secret of Object.values(credentials))
      if (secret !== 'admin') expect(String(error)).not.toContain(secret);
  });
});
