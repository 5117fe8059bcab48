// Claims on what is noted of a logged model once it is made: tags that come and go, params that stay.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { LoggedModel } from '../../model/entities.ts';
import type { Store } from '../../stores/contract.ts';
import { expectRefusal, makeRun } from './store-fixtures.ts';

/** Registers the claims on marks. */
export function claimModelMarks(store: () => Store): void {
  test('tags are set, replaced and taken off, and params are given once', async () => {
    const { modelId } = await logModel(store());
    const set = (value: string): Promise<void> =>
      store().request('setLoggedModelTags', {
        modelId,
        pairs: [
          { key: 'k', value },
          { key: 'stays', value: 'ü' },
        ],
      });
    await set('one');
    await set('two');
    await store().request('logModelParams', { modelId, pairs: [{ key: 'depth', value: '6' }] });
    expect(await store().getLoggedModel(modelId)).toMatchObject({
      tags: { k: 'two', stays: 'ü' },
      params: { depth: '6' },
    });
    await store().request('deleteLoggedModelTag', { modelId, key: 'k' });
    expect((await store().getLoggedModel(modelId)).tags).not.toHaveProperty('k');
    const gone = store().request('deleteLoggedModelTag', { modelId, key: 'k' });
    await expectRefusal(gone, 'RESOURCE_DOES_NOT_EXIST', 404);
    const again = store().request('logModelParams', { modelId, pairs: [{ key: 'depth', value: '7' }] });
    await expectRefusal(again, 'BAD_REQUEST', 400);
  });

  test('a model in the bin has them still, as in MLflow', async () => {
    const { modelId } = await logModel(store());
    await store().request('setLoggedModelTags', { modelId, pairs: [{ key: 'k', value: 'v' }] });
    await store().deleteLoggedModel(modelId);
    await store().request('deleteLoggedModelTag', { modelId, key: 'k' });
    await expectRefusal(store().request('deleteLoggedModelTag', { modelId, key: 'k' }), 'RESOURCE_DOES_NOT_EXIST', 404);
    await store().request('setLoggedModelTags', { modelId, pairs: [{ key: 'k', value: 'v' }] });
    await store().request('logModelParams', { modelId, pairs: [{ key: 'depth', value: '6' }] });
  });

  test('a model that is not there has neither', async () => {
    const modelId = `m-${'0'.repeat(32)}`;
    const pairs = [{ key: 'k', value: 'v' }];
    for (const asked of [
      () => store().request('setLoggedModelTags', { modelId, pairs }),
      () => store().request('logModelParams', { modelId, pairs }),
      () => store().request('deleteLoggedModelTag', { modelId, key: 'k' }),
    ])
      await expectRefusal(asked(), 'RESOURCE_DOES_NOT_EXIST', 404);
  });
}

/** Makes a model of a run of its own. */
export async function logModel(store: Store): Promise<LoggedModel> {
  const { info } = await makeRun(store);
  return store.createLoggedModel({
    experimentId: info.experimentId,
    modelId: `m-${randomBytes(16).toString('hex')}`,
    name: 'model',
    sourceRunId: info.runId,
    params: [],
    tags: [{ key: 'runspan.model_key', value: randomBytes(16).toString('hex') }],
  });
}
