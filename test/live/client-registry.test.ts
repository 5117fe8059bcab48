// The model registry of a real server: Python reads what our client made, ours reads what Python made, and both fail alike.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { MlflowClient } from '../../src/index.ts';
import { openHttpStore } from '../../src/stores/http/http-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { describeRegistry } from '../../src/testing/contract/store-registry.ts';
import { callPython, type PythonCall } from './backends.ts';
import { startService } from './in-process.ts';
import { type Call, expectRefusedAlike } from './refused-alike.ts';
import { requireBackend } from './require-backend.ts';

describe('the registry of a real server', () => {
  const mlflow = requireBackend('mlflow');
  const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;
  const client = async (): Promise<MlflowClient> =>
    (await startService({ trackingUri: uri(), experimentName: 'registry' })).client();

  describeRegistry('http', async () => {
    const store = openHttpStore(uri(), {});
    return { store, close: () => store.close() };
  });

  test('is read by Python as our client wrote it', async () => {
    const ours = await client();
    const made = await ours.createRegisteredModel('churn', { description: 'who leaves', tags: { team: 'growth' } });
    expect(made).toMatchObject({
      name: 'churn',
      description: 'who leaves',
      tags: { team: 'growth' },
      latestVersions: [],
    });
    const experimentId = (await ours.getExperimentByName('registry'))?.experimentId ?? '';
    const { runId } = (await ours.createRun(experimentId)).info;
    const first = await ours.createModelVersion('churn', 's3://bucket/a', { runId, tags: { ok: true, n: 1 } });
    expect(first).toMatchObject({
      version: '1',
      status: 'READY',
      source: 's3://bucket/a',
      runId,
      tags: { ok: 'true', n: '1' },
    });
    await ours.createModelVersion('churn', 's3://bucket/b', { description: 'better' });
    await ours.setRegisteredModelAlias('churn', 'champion', 2);
    await ours.setRegisteredModelAlias('churn', 'gone', 1);
    await ours.deleteRegisteredModelAlias('churn', 'gone');
    await ours.setRegisteredModelTag('churn', 'stage', 'live');
    await ours.deleteRegisteredModelTag('churn', 'team');
    await ours.setModelVersionTag('churn', 2, 'f1', 0.9);
    await ours.deleteModelVersionTag('churn', 1, 'n');
    await ours.transitionModelVersionStage('churn', 2, 'production', { archiveExistingVersions: true });
    await ours.setModelVersionTag('churn', { stage: 'Production' }, 'newest', 'yes');
    await ours.updateModelVersion('churn', 1, { description: 'the first' });
    await ours.copyModelVersion('models:/churn@champion', 'copied');
    await ours.renameRegisteredModel('copied', 'churn live');
    await ours.updateRegisteredModel('churn', { description: 'who is to leave' });
    const [model, versions, byAlias, copy] = await callPython(uri(), [
      ['get_registered_model', ['churn']],
      ['search_model_versions', ["name = 'churn'"], { order_by: ['version_number ASC'] }],
      ['get_model_version_by_alias', ['churn', 'champion']],
      ['get_model_version', ['churn live', '1']],
    ]);
    expect(model).toMatchObject({
      value: { name: 'churn', description: 'who is to leave', tags: { stage: 'live' }, aliases: { champion: '2' } },
    });
    expect(versions).toMatchObject({
      value: [
        { version: '1', description: 'the first', tags: { ok: 'true' }, run_id: runId, current_stage: 'None' },
        { version: '2', description: 'better', tags: { f1: '0.9', newest: 'yes' }, current_stage: 'Production' },
      ],
    });
    expect(byAlias).toMatchObject({ value: { version: '2', aliases: ['champion'] } });
    expect(copy).toMatchObject({ value: { source: 'models:/churn/2', tags: { f1: '0.9', newest: 'yes' } } });
    await ours.deleteModelVersion('churn', 1);
    await ours.deleteRegisteredModel('churn live');
    const [left, gone] = await callPython(uri(), [
      ['search_model_versions', ["name = 'churn'"]],
      ['get_registered_model', ['churn live']],
    ]);
    expect(left).toMatchObject({ value: [{ version: '2' }] });
    expect(gone).toEqual({ error_code: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
  });

  test('is read by our client as Python wrote it', async () => {
    const ours = await client();
    const made = await callPython(uri(), [
      ['create_registered_model', ['von Python'], { tags: { 'a/b c': 'ü' }, description: 'd' }],
      [
        'create_model_version',
        ['von Python', 's3://bucket/x'],
        { tags: { k: 'v' }, run_link: 'http://run', description: 'e' },
      ],
      ['set_registered_model_alias', ['von Python', 'best', '1']],
      ...Array.from({ length: 5 }, (_, n): PythonCall => ['create_registered_model', [`many ${n}`]]),
    ]);
    expect(made.filter((answer) => !('value' in answer))).toEqual([]);
    expect(await ours.getRegisteredModel('von Python')).toMatchObject({
      description: 'd',
      tags: { 'a/b c': 'ü' },
      aliases: { best: '1' },
      latestVersions: [{ version: '1' }],
    });
    expect(await ours.getModelVersionByAlias('von Python', 'best')).toMatchObject({
      version: '1',
      description: 'e',
      runLink: 'http://run',
      tags: { k: 'v' },
      aliases: ['best'],
    });
    expect(await ours.getModelVersionByAlias('von Python', 'latest')).toMatchObject({ version: '1' });
    expect(await ours.getModelVersionDownloadUri('von Python', 1)).toBe('s3://bucket/x');
    expect(await ours.getLatestVersions('von Python')).toMatchObject([{ version: '1' }]);
    const pages = ours.searchRegisteredModels({
      filterString: "name LIKE 'many %'",
      maxResults: 2,
      orderBy: ['name DESC'],
    });
    expect((await pages.firstPage()).items).toHaveLength(2);
    expect((await pages.all()).map(({ name }) => name)).toEqual([4, 3, 2, 1, 0].map((n) => `many ${n}`));
  });

  test('fails alike for both', async () => {
    const ours = await client();
    const made = await callPython(uri(), [
      ['create_registered_model', ['taken']],
      ['create_model_version', ['taken', 's3://bucket/x']],
      ['register_prompt', ['a.prompt', 'Hi {{name}}']],
    ]);
    expect(made.filter((answer) => !('value' in answer))).toEqual([]);
    const calls: readonly Call[] = [
      ['createRegisteredModel', 'taken'],
      ['createRegisteredModel', 'a.prompt'],
      ['createRegisteredModel', ''],
      ['createRegisteredModel', 'a/b'],
      ['getRegisteredModel', 'absent'],
      ['getRegisteredModel', 'a.prompt'],
      ['renameRegisteredModel', 'taken', ' '],
      ['renameRegisteredModel', 'taken', 'a.prompt'],
      ['deleteRegisteredModel', 'absent'],
      ['getLatestVersions', 'absent'],
      ['setRegisteredModelTag', 'absent', 'k', 'v'],
      ['setRegisteredModelTag', 'taken', 'a'.repeat(251), 'v'],
      ['setRegisteredModelTag', 'taken', 'k', 'v'.repeat(100_001)],
      ['deleteRegisteredModelTag', 'taken', 'absent'],
      ['createModelVersion', 'absent', 's3://bucket/x'],
      ['createModelVersion', 'taken', ''],
      ['createModelVersion', 'taken', '/etc'],
      ['createModelVersion', 'taken', 'models:/m-absent'],
      ['createModelVersion', 'taken', 'models:/absent/1'],
      ['createModelVersion', 'taken', 'runs:/absent/model'],
      ['getModelVersion', 'taken', '9'],
      ['getModelVersion', 'taken', 'x'],
      ['getModelVersion', 'a.prompt', '1'],
      ['getModelVersionDownloadUri', 'taken', '9'],
      ['getModelVersionDownloadUri', 'a.prompt', '1'],
      ['deleteModelVersion', 'taken', '9'],
      ['setModelVersionTag', 'taken', '9', 'k', 'v'],
      ['setModelVersionTag', 'taken', '', 'k', 'v'],
      ['deleteModelVersionTag', 'taken', '1', 'absent'],
      ['transitionModelVersionStage', 'taken', '1', 'Nowhere'],
      ['transitionModelVersionStage', 'taken', '1', ' '],
      ['setRegisteredModelAlias', 'taken', 'latest', '1'],
      ['setRegisteredModelAlias', 'taken', 'v1', '1'],
      ['setRegisteredModelAlias', 'taken', 'a b', '1'],
      ['setRegisteredModelAlias', 'taken', 'a', '9'],
      ['setRegisteredModelAlias', 'taken', 'a', 'one'],
      ['deleteRegisteredModelAlias', 'taken', 'absent'],
      ['getModelVersionByAlias', 'taken', 'absent'],
      ['getModelVersionByAlias', 'absent', 'a'],
      ['getModelVersionByAlias', 'a.prompt', 'latest'],
      ['copyModelVersion', 'models:/taken/9', 'b'],
      ['copyModelVersion', 'models:/a.prompt/1', 'b'],
      ['copyModelVersion', 'runs:/a/b', 'b'],
      ['updateModelVersion', 'taken', '1'],
      ['searchRegisteredModels', { filterString: "nonsense = 'a'" }],
      ['searchRegisteredModels', { maxResults: 1001 }],
      ['searchRegisteredModels', { orderBy: ['nonsense'] }],
      ['searchModelVersions', { filterString: "version_number = 'a'" }],
      ['searchModelVersions', { filterString: "name > 'a'" }],
      ['searchModelVersions', { maxResults: 200_001 }],
    ];
    await expectRefusedAlike(ours, uri(), calls);
  });
});

describe('the registry in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-registry-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const trackingUri = `sqlite:///${join(folder, 'mlflow.db')}`;

  test('is read by Python as our client wrote it, and read on after Python has brought the file up to date', async () => {
    const service = await startService({ trackingUri, artifactRoot: join(folder, 'mlruns'), experimentName: 'file' });
    const ours = service.client();
    const experimentId = (await ours.getExperimentByName('file'))?.experimentId ?? '';
    const { runId } = (await ours.createRun(experimentId)).info;
    const model = await ours.createLoggedModel(experimentId, { name: 'tree', sourceRunId: runId });
    await ours.createRegisteredModel('churn', { tags: { team: 'growth' } });
    await ours.createModelVersion('churn', `models:/${model.modelId}`, { modelId: model.modelId, tags: { f1: 0.9 } });
    await ours.createModelVersion('churn', `runs:/${runId}/model`, { runId, description: 'second' });
    await ours.setRegisteredModelAlias('churn', 'champion', 1);
    await ours.registerPrompt('hello', 'Hi {{name}}', { commitMessage: 'c', modelConfig: { temperature: 0 } });
    await ours.setPromptAlias('hello', 'live', 1);
    await ours.linkPromptVersionToRun(runId, 'prompts:/hello@live');
    await service.stop();
    const answers = await callPython(trackingUri, [
      ['get_registered_model', ['churn']],
      ['search_model_versions', ["tags.f1 = '0.9'"]],
      ['get_model_version_download_uri', ['churn', '1']],
      ['load_prompt', ['prompts:/hello@live']],
      ['search_registered_models', []],
      ['create_model_version', ['churn', 's3://bucket/a'], { tags: { from: 'Python' } }],
      ['register_prompt', ['hello', 'Hello {{name}}']],
      ['set_registered_model_alias', ['churn', 'newest', '3']],
      ['create_registered_model', ['hello']],
      ['create_model_version', ['absent', 's3://bucket/a']],
    ]);
    const [read, found, location, prompt, models, ...written] = answers;
    expect(read).toMatchObject({
      value: { tags: { team: 'growth' }, aliases: { champion: 1 }, latest_versions: [{ version: 2 }] },
    });
    expect(found).toMatchObject({ value: [{ version: 1, run_id: runId, source: `models:/${model.modelId}` }] });
    expect(location).toEqual({ value: model.artifactUri });
    expect(prompt).toMatchObject({
      value: { template: 'Hi {{name}}', commit_message: 'c', model_config: { temperature: 0 } },
    });
    expect(models).toMatchObject({ value: [{ name: 'churn' }] });
    expect(written.map((answer) => ('value' in answer ? 'made' : answer.error_code))).toEqual([
      'made',
      'made',
      'made',
      'RESOURCE_ALREADY_EXISTS',
      'RESOURCE_DOES_NOT_EXIST',
    ]);
    const after = (
      await startService({ trackingUri, artifactRoot: join(folder, 'mlruns'), experimentName: 'file' })
    ).client();
    expect(await after.getModelVersionByAlias('churn', 'newest')).toMatchObject({
      version: '3',
      tags: { from: 'Python' },
    });
    expect(await after.loadPrompt('hello')).toMatchObject({ version: 2, template: 'Hello {{name}}' });
    expect(await after.createModelVersion('churn', 's3://bucket/b')).toMatchObject({ version: '4' });
  });

  describeRegistry('sqlite, a file of MLflow 3.17.2', async () => {
    const path = join(folder, 'theirs.db');
    await callPython(`sqlite:///${path}`, [['create_registered_model', ['first']]]);
    const store = openSqliteStore({ path, artifactRoot: join(folder, 'mlruns') });
    return { store, close: () => store.close() };
  });
});

describe('a registry on a server of its own', () => {
  const tracking = requireBackend('mlflow');
  const registry = requireBackend('mlflow');

  test('has the models, and the tracking server the runs', async () => {
    const [trackingUri, registryUri] = [tracking.env.MLFLOW_TRACKING_URI, registry.env.MLFLOW_TRACKING_URI];
    const ours = (await startService({ trackingUri, registryUri, experimentName: 'apart' })).client();
    const experimentId = (await ours.getExperimentByName('apart'))?.experimentId ?? '';
    const run = await ours.createRun(experimentId, { runName: 'here' });
    await ours.createRegisteredModel('there');
    await ours.createModelVersion('there', 's3://bucket/x');
    await ours.registerPrompt('there.too', 'Hi {{name}}');
    await ours.linkPromptVersionToRun(run.info.runId, 'prompts:/there.too/1');
    const calls: readonly PythonCall[] = [
      ['search_model_versions', ["name = 'there'"]],
      ['load_prompt', ['there.too'], { allow_missing: true }],
      ['get_run', [run.info.runId]],
    ];
    const both = await callPython(trackingUri, calls, { registryUri });
    expect(both).toMatchObject([{ value: [{ version: '1' }] }, { value: { template: 'Hi {{name}}' } }, { value: {} }]);
    const [versions, prompt] = await callPython(trackingUri, calls);
    expect([versions, prompt]).toEqual([{ value: [] }, { value: null }]);
    expect(await callPython(registryUri, [['get_experiment_by_name', ['apart']]])).toEqual([{ value: null }]);
  });
});
