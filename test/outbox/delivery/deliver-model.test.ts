// Logged models on their way: made once, found again by their key, measured, ended with the truth about their files.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mlflowError } from '../../../src/errors.ts';
import type { ArtifactWrite, ModelEndWrite, ModelWrite, Write } from '../../../src/model/write.ts';
import { closeModels } from '../../../src/outbox/delivery/deliver-model.ts';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import type { CreateLoggedModelRequest } from '../../../src/stores/contract.ts';
import { openTestDrain } from '../deliveries.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const run = runKey(1);
const key = 'a'.repeat(32);
const other = 'b'.repeat(32);

function model(modelKey = key): ModelWrite {
  return { kind: 'model', runKey: run, modelKey, name: 'model', params: [{ key: 'epochs', value: '2' }], tags: [] };
}

function modelEnd(status: ModelEndWrite['status'] = 'READY', modelKey = key): ModelEndWrite {
  return { kind: 'model-end', runKey: run, modelKey, status, step: 0 };
}

function file(path: string, name = '/absent/file'): ArtifactWrite {
  const source = { kind: 'file' as const, file: name, sizeBytes: 1, modifiedMs: 1 };
  return { kind: 'artifact', runKey: run, modelKey: key, path, source };
}

const measured: Write = { ...metric(run, 0), modelKey: key };

describe.each([true, false])('a logged model, where the store takes our ids: %s', (chosenRunId) => {
  it('is made, measured, linked and READY', async () => {
    const store = new MemoryStore({ chosenRunId });
    const drain = openTestDrain(store);
    const inputs: Write = { kind: 'inputs', runKey: run, inputs: [], modelKeys: [key] };
    drain.add(create(run), model(), inputs, measured, metric(run, 1), modelEnd(), end(run));
    await drain.deliver();
    const [made] = [...store.models.values()];
    expect(store.models.size).toBe(1);
    expect(made).toMatchObject({ status: 'READY', params: { epochs: '2' }, tags: { 'runspan.model_key': key } });
    if (chosenRunId) expect(made?.modelId).toBe(`m-${key}`);
    const [stored] = store.activeRuns();
    expect(made?.sourceRunId).toBe(stored?.info.runId);
    expect(stored?.metrics.map(({ modelId }) => modelId)).toEqual([made?.modelId, undefined]);
    expect(stored?.modelInputs).toEqual([made?.modelId]);
    expect(stored?.modelOutputs).toEqual([{ modelId: made?.modelId, step: 0 }]);
    expect(drain.counts()).toEqual({ settled: 7, dead: 0 });
  });

  it('is one model where the folder is somebody else’s by now, who may have made it', async () => {
    const paths = folderPaths(tempFolder(), 'own');
    new NodeDisk().makeFolder(paths.spool);
    const store = new MemoryStore({ chosenRunId });
    store.onCall = (method, request) => {
      if (method !== 'createLoggedModel' || store.models.size > 0) return undefined;
      store.onCall = () => undefined;
      new NodeDisk().removeFolder(paths.root);
      // What the drain hands to a store's createLoggedModel.
      void store.createLoggedModel(request as CreateLoggedModelRequest);
      return { when: 'before', error: unavailable() };
    };
    const drain = openTestDrain(store, { paths });
    drain.add(create(run), model());
    await drain.deliver();
    expect(store.models.size).toBe(1);
    expect(drain.state.model(key)?.modelId).toBe([...store.models.keys()][0]);
  });

  it('is one model where the answer to its making was lost', async () => {
    let isLost = true;
    const store = new MemoryStore({
      chosenRunId,
      onCall: (method) => {
        if (method !== 'createLoggedModel' || !isLost) return undefined;
        isLost = false;
        return { when: 'after', error: unavailable(true) };
      },
    });
    const drain = openTestDrain(store);
    drain.add(create(run), model(), measured, modelEnd(), end(run));
    await drain.deliver();
    expect([...store.models.values()]).toMatchObject([{ status: 'READY' }]);
    expect(drain.counts().dead).toBe(0);
  });

  it('keeps the one that was written to where a slow server made a second one', async () => {
    const store = new MemoryStore({ chosenRunId });
    let made = 0;
    store.onCall = (method) => {
      if (method !== 'createLoggedModel') return undefined;
      made += 1;
      return made === 1 ? { when: 'before', error: unavailable(true) } : undefined;
    };
    const drain = openTestDrain(store);
    drain.add(create(run), model(), measured);
    await drain.deliver();
    const [first] = [...store.models.values()];
    if (first === undefined) throw new Error('no model was made');
    // the request that seemed lost is carried out late
    if (!chosenRunId) store.models.set('m-late', { ...first, modelId: 'm-late' });
    drain.add(modelEnd(), end(run));
    await drain.deliver();
    expect([...store.models.keys()]).toEqual([first.modelId]);
  });

  it('is found again by its key when its end comes after that of its run', async () => {
    const store = new MemoryStore({ chosenRunId });
    const drain = openTestDrain(store);
    drain.add(create(run), model(), end(run), measured, modelEnd());
    await drain.deliver();
    expect([...store.models.values()]).toMatchObject([{ status: 'READY' }]);
    expect(store.activeRuns()[0]?.metrics).toMatchObject([{ modelId: [...store.models.keys()][0] }]);
  });
});

describe('the files of a logged model', () => {
  it('go under the model, and MLmodel gets the ids that the store gave', async () => {
    const paths = folderPaths(tempFolder(), 'own');
    new NodeDisk().makeFolder(paths.spool);
    writeFileSync(join(paths.spool, 'weights'), 'bytes');
    const store = new MemoryStore({ chosenRunId: false });
    const drain = openTestDrain(store, { paths });
    const mlmodel: ArtifactWrite = {
      kind: 'artifact',
      runKey: run,
      modelKey: key,
      path: 'MLmodel',
      source: { kind: 'mlmodel', fields: { mlflow_version: '3.17.2', flavors: { tfjs: { code: null } } } },
    };
    const weights: ArtifactWrite = {
      ...mlmodel,
      path: 'data/weights.bin',
      source: { kind: 'spool', file: 'weights' },
    };
    drain.add(create(run), model(), mlmodel, weights, modelEnd(), end(run));
    await drain.deliver();
    const [made] = [...store.models.values()];
    const [stored] = store.activeRuns();
    expect(made?.status).toBe('READY');
    expect(Object.fromEntries(drain.uploads)).toEqual({
      [`${made?.artifactUri}/data/weights.bin`]: 'bytes',
      [`${made?.artifactUri}/MLmodel`]: [
        `artifact_path: "${made?.artifactUri}"`,
        'flavors:',
        '  tfjs:',
        '    code: null',
        'mlflow_version: "3.17.2"',
        `model_id: ${made?.modelId}`,
        `model_uuid: ${made?.modelId}`,
        `run_id: ${stored?.info.runId}`,
        '',
      ].join('\n'),
    });
    expect(readdirSync(paths.spool)).toEqual([]);
  });

  it('that were set aside leave the model PENDING until they have ended, its run ended or not', async () => {
    const paths = folderPaths(tempFolder(), 'own');
    new NodeDisk().makeFolder(paths.spool);
    writeFileSync(join(paths.spool, 'weights'), 'bytes');
    const store = new MemoryStore();
    const drain = openTestDrain(store, { paths });
    let isDown = true;
    const repository = await drain.destination.artifacts(`/artifacts/models/m-${key}`);
    const putFile = repository.putFile.bind(repository);
    repository.putFile = (...args) => (isDown ? Promise.reject(unavailable()) : putFile(...args));
    const weights: ArtifactWrite = { ...file('data/weights.bin'), source: { kind: 'spool', file: 'weights' } };
    drain.add(create(run), model(), weights, modelEnd(), end(run));
    await drain.deliver();
    expect(store.activeRuns()[0]?.info.status).toBe('FINISHED');
    expect(store.activeRuns()[0]?.modelOutputs).toHaveLength(1);
    expect(store.models.get(`m-${key}`)?.status).toBe('PENDING');
    isDown = false;
    await drain.system.clock.runUntil(() => store.models.get(`m-${key}`)?.status === 'READY');
    expect([...drain.uploads.values()]).toEqual(['bytes']);
    drain.lane.close();
  });

  it('know their model after a restart', async () => {
    const paths = folderPaths(tempFolder(), 'own');
    new NodeDisk().makeFolder(paths.spool);
    writeFileSync(join(paths.spool, 'weights'), 'bytes');
    const store = new MemoryStore({ chosenRunId: false });
    const first = openTestDrain(store, { paths });
    first.add(create(run), model(), file('lost'));
    await first.deliver();
    const second = openTestDrain(store, { paths });
    second.add(modelEnd(), end(run));
    await second.deliver();
    expect([...store.models.values()]).toMatchObject([{ status: 'UPLOAD_FAILED' }]);
    expect(store.calls).not.toContain('findLoggedModels');
  });
});

describe('a logged model that does not get whole', () => {
  it('is UPLOAD_FAILED where one of its files could not be delivered', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(run), model(), file('data/weights.bin'), modelEnd(), end(run));
    await drain.deliver();
    expect([...store.models.values()]).toMatchObject([{ status: 'UPLOAD_FAILED' }]);
    expect(drain.counts().dead).toBe(1);
  });

  it('is UPLOAD_FAILED where its run ends first', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(run), model(), model(other), modelEnd('READY', other), end(run));
    await drain.deliver();
    expect(store.models.get(`m-${key}`)?.status).toBe('UPLOAD_FAILED');
    expect(store.models.get(`m-${other}`)?.status).toBe('READY');
  });

  it('costs its own records alone where the store does not take it; the metrics stay with the run', async () => {
    const error = mlflowError('INVALID_PARAMETER_VALUE', 'no models here');
    const store = new MemoryStore({
      onCall: (method) => (method === 'createLoggedModel' ? { when: 'before', error } : undefined),
    });
    const drain = openTestDrain(store);
    drain.add(create(run), model(), measured, file('MLmodel'), modelEnd(), end(run));
    await drain.deliver();
    expect(store.models.size).toBe(0);
    expect(store.activeRuns()[0]?.metrics).toEqual([
      { key: 'loss', value: 0, timestampMs: 1_700_000_000_000, step: 0 },
    ]);
    expect(store.activeRuns()[0]?.info.status).toBe('FINISHED');
    expect(drain.counts()).toEqual({ settled: 6, dead: 3 });
    expect(drain.warnings.join()).toContain('kept with its run alone');
  });

  it('is ended by whoever ends the run of a killed job, once', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(run), model());
    await drain.deliver();
    await closeModels(drain.delivery, run);
    await closeModels(drain.delivery, run);
    expect(store.models.get(`m-${key}`)?.status).toBe('UPLOAD_FAILED');
    expect(store.calls.filter((method) => method === 'finalizeLoggedModel')).toHaveLength(1);
  });
});
