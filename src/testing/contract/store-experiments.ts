// Claims on experiments: names, ids, stages, tags, and the searches for them.
import { expect, test } from 'vitest';
import type { Store } from '../../stores/contract.ts';
import { expectRefusal, makeExperiment, makeRun, uniqueName } from './store-fixtures.ts';

/** Registers the claims on experiments. */
export function claimExperiments(store: () => Store): void {
  claimExperimentLife(store);
  claimExperimentSearches(store);
}

function claimExperimentLife(store: () => Store): void {
  test('the default experiment is there from the start', async () => {
    expect(await store().getExperiment('0')).toMatchObject({ experimentId: '0', name: 'Default' });
  });

  test('reads back what was made, by id and by name', async () => {
    const name = uniqueName('größe 測試 🚀');
    const id = await store().createExperiment({ name, tags: [{ key: 'team', value: 'é🦊' }] });
    const experiment = await store().getExperiment(id);
    expect(experiment).toMatchObject({ experimentId: id, name, lifecycleStage: 'active' });
    expect(experiment.tags).toMatchObject({ team: 'é🦊' });
    expect(experiment.artifactLocation).toMatch(new RegExp(`/${id}$`));
    expect(experiment.creationTimeMs).toBeGreaterThan(1_600_000_000_000);
    expect(experiment.lastUpdateTimeMs).toBe(experiment.creationTimeMs);
    expect(await store().getExperimentByName(name)).toEqual(experiment);
  });

  test('an unknown name is undefined, an unknown id is RESOURCE_DOES_NOT_EXIST', async () => {
    expect(await store().getExperimentByName(uniqueName('absent'))).toBeUndefined();
    const error = await expectRefusal(store().getExperiment('987654321'), 'RESOURCE_DOES_NOT_EXIST', 404);
    expect(error.message).toContain('No Experiment with id=987654321 exists');
    expect(error.isRetryable).toBe(false);
  });

  test('an id that is no integer is INVALID_PARAMETER_VALUE', async () => {
    await expectRefusal(store().getExperiment('abc'), 'INVALID_PARAMETER_VALUE', 400);
  });

  test('a name is taken once, and stays taken when its experiment is deleted', async () => {
    const name = uniqueName();
    const id = await store().createExperiment({ name });
    const error = await expectRefusal(store().createExperiment({ name }), 'RESOURCE_ALREADY_EXISTS', 400);
    expect(error.message).toContain(`Experiment(name=${name}) already exists`);
    await store().deleteExperiment(id);
    await expectRefusal(store().createExperiment({ name }), 'RESOURCE_ALREADY_EXISTS', 400);
    expect(await store().getExperimentByName(name)).toMatchObject({ experimentId: id, lifecycleStage: 'deleted' });
  });

  // MLflow checks for 500; its columns hold 256, and PostgreSQL keeps to that.
  test('of many that make one name at once, one does, and the others are told', async () => {
    const name = uniqueName('raced');
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => store().createExperiment({ name })));
    const made = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(made).toHaveLength(1);
    for (const each of outcomes)
      if (each.status === 'rejected') await expectRefusal(Promise.reject(each.reason), 'RESOURCE_ALREADY_EXISTS', 400);
    expect((await store().getExperimentByName(name))?.experimentId).toBe(made[0]);
  });

  test('one that is taken out of the bin is the same as before, runs and tags with it', async () => {
    const name = uniqueName('back');
    const id = await store().createExperiment({ name, tags: [{ key: 'team', value: 'growth' }] });
    const { info } = await makeRun(store(), { experimentId: id });
    await store().deleteExperiment(id);
    await expectRefusal(store().createExperiment({ name }), 'RESOURCE_ALREADY_EXISTS', 400);
    await store().restoreExperiment(id);
    expect(await store().getExperimentByName(name)).toMatchObject({
      experimentId: id,
      lifecycleStage: 'active',
      tags: { team: 'growth' },
    });
    const { items } = await store().searchRuns({ experimentIds: [id] });
    expect(items.map((run) => run.info.runId)).toEqual([info.runId]);
  });

  test('an empty name and one of 501 characters are INVALID_PARAMETER_VALUE; 256 are taken', async () => {
    await expectRefusal(store().createExperiment({ name: '' }), 'INVALID_PARAMETER_VALUE', 400);
    await expectRefusal(store().createExperiment({ name: 'n'.repeat(501) }), 'INVALID_PARAMETER_VALUE', 400);
    const name = uniqueName('n'.repeat(230)).padEnd(256, 'x');
    expect(await store().getExperiment(await store().createExperiment({ name }))).toMatchObject({ name });
  });

  test('is renamed while active; the new name must be free', async () => {
    const [first, second] = [await makeExperiment(store()), await makeExperiment(store())];
    const name = uniqueName('renamed');
    await store().renameExperiment(first, name);
    expect(await store().getExperiment(first)).toMatchObject({ name });
    await expectRefusal(store().renameExperiment(second, name), 'BAD_REQUEST', 400);
    await store().deleteExperiment(first);
    await expectRefusal(store().renameExperiment(first, uniqueName()), 'INVALID_STATE', 500);
  });

  test('its tags are set, the last write wins, and not while it is deleted', async () => {
    const id = await makeExperiment(store());
    await store().setExperimentTag(id, { key: 'stage', value: 'dev' });
    await store().setExperimentTag(id, { key: 'stage', value: 'prod' });
    expect((await store().getExperiment(id)).tags).toMatchObject({ stage: 'prod' });
    await store().deleteExperiment(id);
    const refused = store().setExperimentTag(id, { key: 'stage', value: 'late' });
    const error = await expectRefusal(refused, 'INVALID_PARAMETER_VALUE', 400);
    expect(error.message).toContain(`The experiment ${id} must be in the 'active' state. Current state is deleted.`);
  });

  test('takes a tag off, and refuses one that is not there', async () => {
    const id = await store().createExperiment({ name: uniqueName(), tags: [{ key: 'stage', value: 'dev' }] });
    await store().deleteExperimentTag(id, 'stage');
    expect((await store().getExperiment(id)).tags).not.toHaveProperty('stage');
    await expectRefusal(store().deleteExperimentTag(id, 'stage'), 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test('takes its runs into the bin and back', async () => {
    const run = await makeRun(store());
    const id = run.info.experimentId;
    await store().deleteExperiment(id);
    expect((await store().getRun(run.info.runId)).info.lifecycleStage).toBe('deleted');
    await expectRefusal(makeRun(store(), { experimentId: id }), 'INVALID_PARAMETER_VALUE', 400);
    await store().restoreExperiment(id);
    expect((await store().getExperiment(id)).lifecycleStage).toBe('active');
    expect((await store().getRun(run.info.runId)).info.lifecycleStage).toBe('active');
  });

  test('is deleted once and restored once', async () => {
    const id = await makeExperiment(store());
    await expectRefusal(store().restoreExperiment(id), 'RESOURCE_DOES_NOT_EXIST', 404);
    await store().deleteExperiment(id);
    await expectRefusal(store().deleteExperiment(id), 'RESOURCE_DOES_NOT_EXIST', 404);
  });
}

function claimExperimentSearches(store: () => Store): void {
  test('searches by name and tag, in each view, page by page', async () => {
    const prefix = uniqueName('search');
    const ids: string[] = [];
    for (const [index, team] of ['red', 'blue', 'Red', 'green'].entries()) {
      ids.push(await store().createExperiment({ name: `${prefix}-${index}`, tags: [{ key: 'a team', value: team }] }));
    }
    await store().deleteExperiment(ids[3] as string); // there are four
    const found = async (filter: string, viewType?: 'DELETED_ONLY' | 'ALL'): Promise<readonly string[]> => {
      const orderBy = ['name ASC'];
      const page = await store().searchExperiments({
        filter,
        orderBy,
        ...(viewType === undefined ? {} : { viewType }),
      });
      return page.items.map((experiment) => experiment.experimentId);
    };
    expect(await found(`name LIKE '${prefix}%'`)).toEqual(ids.slice(0, 3));
    expect(await found(`name LIKE '${prefix}%'`, 'DELETED_ONLY')).toEqual(ids.slice(3));
    expect(await found(`name LIKE '${prefix}%'`, 'ALL')).toEqual(ids);
    expect(await found(`name LIKE '${prefix.toUpperCase()}%'`)).toEqual([]);
    expect(await found(`name ILIKE '${prefix.toUpperCase()}%' AND tags.\`a team\` = 'red'`)).toEqual([ids[0]]);
    expect(await found(`name LIKE '${prefix}%' AND tag.\`a team\` ILIKE 'red'`)).toEqual([ids[0], ids[2]]);
    expect(await found(`attribute.name = '${prefix}-1' and creation_time > 5`)).toEqual([ids[1]]);
    expect(await found(`name LIKE '${prefix}%' AND tags.\`a team\` != 'red'`)).toEqual([ids[1], ids[2]]);

    const query = { filter: `name LIKE '${prefix}%'`, orderBy: ['name DESC'], maxResults: 2 };
    const first = await store().searchExperiments(query);
    expect(first.items.map((each) => each.experimentId)).toEqual([ids[2], ids[1]]);
    const second = await store().searchExperiments({ ...query, pageToken: first.nextPageToken ?? 'none' });
    expect(second.items.map((each) => each.experimentId)).toEqual([ids[0]]);
    expect(second.nextPageToken).toBeUndefined();
  });

  test('by default the newest come first, and of one millisecond the first made', async () => {
    const prefix = uniqueName('newest');
    for (const suffix of ['a', 'b', 'c']) await store().createExperiment({ name: `${prefix}-${suffix}` });
    const { items } = await store().searchExperiments({ filter: `name LIKE '${prefix}%'` });
    const newestFirst = items.toSorted(
      (a, b) => (b.creationTimeMs ?? 0) - (a.creationTimeMs ?? 0) || Number(a.experimentId) - Number(b.experimentId),
    );
    expect(items).toHaveLength(3);
    expect(items).toEqual(newestFirst);
  });

  test.each(['nonsense', "name = 'a' OR name = 'b'", "bogus = 'a'", 'name = 5', "params.a = 'b'", "name > 'a'"])(
    'refuses the filter %s',
    async (filter) => {
      await expectRefusal(store().searchExperiments({ filter }), 'INVALID_PARAMETER_VALUE', 400);
    },
  );

  test('refuses a page of 0 and of 50,001', async () => {
    await expectRefusal(store().searchExperiments({ maxResults: 0 }), 'INVALID_PARAMETER_VALUE', 400);
    await expectRefusal(store().searchExperiments({ maxResults: 50_001 }), 'INVALID_PARAMETER_VALUE', 400);
  });
}
