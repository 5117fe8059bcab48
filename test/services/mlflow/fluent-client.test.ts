// The functions that Python's `mlflow.…` has beside those of the active run, on a real store.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as runspan from '../../../src/index.ts';
import { shareService } from './mlflow-fixture.ts';

const service = shareService();

test('what is called in a run is kept of it', async () => {
  const { mlflow, folder } = service;
  mkdirSync(join(folder, 'source'));
  writeFileSync(join(folder, 'source', 'a.txt'), 'a');
  const key = await mlflow.runContext('files', async (run) => {
    runspan.logText('three epochs', 'notes/summary.txt');
    runspan.logDict({ rows: 442 }, 'profile.yaml');
    await runspan.logArtifact(join(folder, 'source', 'a.txt'), 'one');
    await runspan.logArtifacts(join(folder, 'source'), 'all');
    runspan.logImage({ data: [0, 255], width: 2, height: 1, channels: 1 }, { artifactFile: 'image.png' });
    runspan.logTable({ question: ['Why?'], answer: ['42'] }, 'eval.json');
    runspan.logFigure('<svg xmlns="http://www.w3.org/2000/svg"/>', 'plot.svg');
    runspan.logInput({ name: 'rows', source: 'data/rows.csv' }, { context: 'training' });
    runspan.setTags({ stays: 'yes', goes: 'no' });
    await runspan.deleteTag('goes');
    return run.key;
  });
  const names = (await mlflow.client().listArtifacts(key)).map(({ path }) => path);
  expect(names).toEqual(
    expect.arrayContaining(['all', 'eval.json', 'image.png', 'notes', 'one', 'plot.svg', 'profile.yaml']),
  );
  const run = await runspan.getRun(key);
  expect(run.data.tags).toMatchObject({ stays: 'yes' });
  expect(run.data.tags).not.toHaveProperty('goes');
  expect(run.inputs.datasetInputs.map(({ dataset }) => dataset.name)).toEqual(['rows']);
  expect(await runspan.loadTable('eval.json')).toEqual([{ question: 'Why?', answer: '42' }]);
  await expect(runspan.deleteTag('stays')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('outside any run files are counted and not kept', async () => {
  const before = runspan.stats().outsideRunCount;
  runspan.logText('x', 'a.txt');
  await runspan.logArtifact('a.txt');
  expect(runspan.stats().outsideRunCount).toBe(before + 2);
});

test('runs are searched in the experiment of the service, in others by id and name, and in all', async () => {
  const { mlflow } = service;
  const other = await runspan.createExperiment('other', { tags: { team: 'growth' } });
  const inOther = await mlflow.client().createRun(other, { runName: 'there' });
  const parent = await mlflow.runContext('here', async (run) => {
    await mlflow.runContext({ name: 'child', nested: true }, () => undefined);
    return run.key;
  });
  const names = async (options?: runspan.RunSearchOptions): Promise<readonly string[]> =>
    (await (await runspan.searchRuns(options)).all()).map(({ info }) => info.runName);
  expect(await names()).toEqual(expect.arrayContaining(['here', 'child']));
  expect(await names()).not.toContain('there');
  expect(await names({ experimentIds: [other] })).toEqual(['there']);
  expect(await names({ experimentNames: ['other', 'nobody'] })).toEqual(['there']);
  expect(await names({ searchAllExperiments: true })).toEqual(expect.arrayContaining(['here', 'there']));
  const [child] = await (await runspan.searchRuns({ filterString: "attributes.run_name = 'child'" })).all();
  expect((await runspan.getParentRun(child?.info.runId ?? ''))?.info.runId).toBe(parent);
  await runspan.deleteRun(inOther.info.runId);
  expect(await names({ experimentIds: [other] })).toEqual([]);
  await runspan.restoreRun(inOther.info.runId);
  expect(await names({ experimentIds: [other] })).toEqual(['there']);
});

test('experiments are read, tagged, deleted and restored', async () => {
  const id = await runspan.createExperiment('to delete');
  expect(await runspan.getExperiment(id)).toMatchObject({ name: 'to delete' });
  await runspan.deleteExperiment(id);
  expect((await (await runspan.searchExperiments()).all()).map(({ name }) => name)).not.toContain('to delete');
  await runspan.restoreExperiment(id);
  await runspan.setExperimentTag('stage', 'dev');
  await runspan.setExperimentTags({ team: 'growth', owner: 'ann' });
  await runspan.deleteExperimentTag('stage');
  const own = await runspan.getExperimentByName('exp');
  expect(own?.tags).toEqual({ team: 'growth', owner: 'ann' });
});

test('logged models are made, of the active run where there is one', async () => {
  const { mlflow } = service;
  const { modelId, runId } = await mlflow.runContext('train', async (run) => {
    const model = await runspan.initializeLoggedModel({ name: 'churn', params: { depth: 6 } });
    return { modelId: model.modelId, runId: await run.created() };
  });
  await runspan.logModelParams(modelId, { rate: 0.1 });
  await runspan.setLoggedModelTags(modelId, { stage: 'dev', gone: 'x' });
  await runspan.deleteLoggedModelTag(modelId, 'gone');
  await runspan.finalizeLoggedModel(modelId, 'READY');
  expect(await runspan.getLoggedModel(modelId)).toMatchObject({
    sourceRunId: runId,
    status: 'READY',
    params: { depth: '6', rate: '0.1' },
    tags: { stage: 'dev' },
  });
  const alone = await runspan.initializeLoggedModel({ name: 'alone' });
  expect(alone).toMatchObject({ sourceRunId: '', status: 'PENDING' });
});

test('the registry and prompts are reached', async () => {
  const { mlflow } = service;
  const client = mlflow.client();
  await client.createRegisteredModel('churn');
  const { version } = await client.createModelVersion('churn', 's3://bucket/model');
  await runspan.setModelVersionTag('churn', version, 'validated', true);
  expect((await (await runspan.searchRegisteredModels()).all()).map(({ name }) => name)).toEqual(['churn']);
  const [found] = await (await runspan.searchModelVersions({ filterString: "name = 'churn'" })).all();
  expect(found?.tags).toEqual({ validated: 'true' });
  await runspan.registerPrompt('greeting', 'Hello {{name}}!');
  await runspan.setPromptAlias('greeting', 'live', 1);
  expect((await runspan.loadPrompt('prompts:/greeting@live'))?.template).toBe('Hello {{name}}!');
  await runspan.deletePromptAlias('greeting', 'live');
  expect((await (await runspan.searchPrompts()).all()).map(({ name }) => name)).toEqual(['greeting']);
});
