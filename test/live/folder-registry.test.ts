// The model registry of a folder of runs: MLflow's own Python client reads what ours wrote there and the other way round, both at once, and
// its migration takes all of it into a database.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import type { MlflowClient } from '../../src/index.ts';
import type { ModelVersion, RegisteredModel } from '../../src/model/registry.ts';
import type { Store } from '../../src/stores/contract.ts';
import { openFileStore } from '../../src/stores/file/file-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { describeRegistry } from '../../src/testing/contract/store-registry.ts';
import { askPython } from './ask-python.ts';
import { callPython, findPython, type PythonCall } from './backends.ts';
import { startService } from './in-process.ts';
import { writeTwice } from './python-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-folder-registry-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = promisify(execFile);
const pathOf = (name: string): string => join(folder, name, 'mlruns');
const open = (name: string): Store => openFileStore({ path: pathOf(name) });
const clientOf = async (name: string): Promise<MlflowClient> =>
  (await startService({ trackingUri: pathOf(name), experimentName: 'jobs' })).client();

const newTwice = (): string => writeTwice(mkdtempSync(join(folder, 'twice-')));

/** Texts that YAML, Python and file systems have ideas of their own about. */
const ODD_TEXTS = ['null', '1e3', '2024-01-01', ': # -', ' a ', '\'"\\', 'two\nlines', 'a\u0085b\u2028c', '🦊\u007f'];

/** Has Python make what {@link writeByUs} makes. */
const BY_PYTHON: readonly PythonCall[] = [
  ['create_registered_model', ['churn'], { tags: { 'team/of': 'growth' }, description: 'who: leaves' }],
  [
    'create_model_version',
    ['churn', 's3://bucket/a'],
    { tags: { f1: '0.9' }, run_link: 'http://run', description: 'd' },
  ],
  ['create_model_version', ['churn', 'models:/churn/1']],
  ['create_model_version', ['churn', 's3://bucket/c']],
  ['set_registered_model_alias', ['churn', 'champion', '1']],
  ['set_registered_model_alias', ['churn', 'gone', '3']],
  ['transition_model_version_stage', ['churn', '1', 'Production']],
  ['update_model_version', ['churn', '2'], { description: 'the second' }],
  ['delete_model_version', ['churn', '3']],
  ['set_registered_model_tag', ['churn', 'live', 'yes']],
  ['set_model_version_tag', ['churn', '2', 'ok', 'True']],
  ['create_registered_model', ['empty']],
];

async function writeByUs(client: MlflowClient): Promise<void> {
  await client.createRegisteredModel('churn', { tags: { 'team/of': 'growth' }, description: 'who: leaves' });
  const given = { tags: { f1: 0.9 }, runLink: 'http://run', description: 'd' };
  await client.createModelVersion('churn', 's3://bucket/a', given);
  await client.createModelVersion('churn', 'models:/churn/1');
  await client.createModelVersion('churn', 's3://bucket/c');
  await client.setRegisteredModelAlias('churn', 'champion', 1);
  await client.setRegisteredModelAlias('churn', 'gone', 3);
  await client.transitionModelVersionStage('churn', 1, 'Production');
  await client.updateModelVersion('churn', 2, { description: 'the second' });
  await client.deleteModelVersion('churn', 3);
  await client.setRegisteredModelTag('churn', 'live', 'yes');
  await client.setModelVersionTag('churn', 2, 'ok', 'True');
  await client.createRegisteredModel('empty');
}

/** Texts by path in the registry's folder; of meta files the fields, without times. */
function filesOf(name: string): unknown {
  const root = join(pathOf(name), 'models');
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const relative = path.slice(root.length + 1);
    if (entry.isDirectory()) return [`${relative}/`, ''];
    const text = readFileSync(path, 'utf8').replaceAll(/\b1[789]\d{11}\b/g, '0');
    return [relative, entry.name === 'meta.yaml' ? (parse(text) as unknown) : text];
  });
  return Object.fromEntries(entries) as unknown;
}

test('a folder holds the same files whether Python or we registered in it', async () => {
  const made = await callPython(pathOf('theirs'), BY_PYTHON);
  expect(made.filter((answer) => !('value' in answer))).toEqual([]);
  await writeByUs(await clientOf('ours'));
  expect(filesOf('ours')).toEqual(filesOf('theirs'));
});

test('what we register, Python reads, and loads by version and by alias', { timeout: 120_000 }, async () => {
  const ours = await clientOf('read');
  const experimentId = (await ours.getExperimentByName('jobs'))?.experimentId ?? '';
  const { runId } = (await ours.createRun(experimentId)).info;
  const { modelId, artifactUri } = await ours.logModel(runId, 'twice', newTwice());
  await ours.registerModel(`models:/${modelId}`, 'twice', { tags: { from: 'Node' } });
  await ours.setRegisteredModelAlias('twice', 'champion', 1);
  await ours.registerModel('models:/twice@champion', 'twice live');
  await ours.renameRegisteredModel('twice live', 'live');
  for (const [at, text] of ODD_TEXTS.entries()) {
    await ours.createRegisteredModel(`odd ${at}`, { description: text, tags: { k: text } });
    await ours.createModelVersion(`odd ${at}`, `s3://b/${text}`, {
      description: text,
      runLink: text,
      tags: { k: text },
    });
  }
  await ours.registerPrompt('hello', 'Hi {{name}}\n', { commitMessage: 'c', modelConfig: { temperature: 0 } });
  await ours.setPromptAlias('hello', 'live', 1);
  await ours.linkPromptVersionToRun(runId, 'prompts:/hello@live');
  const loads = Object.fromEntries(
    [`models:/twice/1`, 'models:/twice@champion', 'models:/live/1', `models:/${modelId}`].map((uri) => [
      uri,
      `mlflow.pyfunc.load_model(${JSON.stringify(uri)}).predict([1, 2])`,
    ]),
  );
  const seen = await askPython(pathOf('read'), {
    ...loads,
    version:
      '(lambda v: [v.version, v.run_id, v.model_id, v.tags, v.aliases])(client.get_model_version_by_alias("twice", "champion"))',
    location: 'client.get_model_version_download_uri("twice", "1")',
    odd: '[[m.description, m.tags["k"]] for m in client.search_registered_models("name LIKE \'odd %\'")]',
    oddVersions:
      '[[v.description, v.tags["k"], v.run_link, v.source] for v in client.search_model_versions("name LIKE \'odd %\'")]',
    prompt: '(lambda p: [p.template, p.commit_message, p.aliases])(client.load_prompt("prompts:/hello@live"))',
  });
  for (const uri of Object.keys(loads)) expect([uri, seen[uri as keyof typeof seen]]).toEqual([uri, { value: [2, 4] }]);
  expect(seen.version).toEqual({ value: [1, runId, modelId, { from: 'Node' }, ['champion']] });
  expect(seen.location).toEqual({ value: artifactUri });
  expect(new Set(seen.odd.value as string[][])).toEqual(new Set(ODD_TEXTS.map((text) => [text, text])));
  expect(new Set(seen.oddVersions.value as string[][])).toEqual(
    new Set(ODD_TEXTS.map((text) => [text, text, text, `s3://b/${text}`])),
  );
  expect(seen.prompt).toEqual({ value: ['Hi {{name}}\n', 'c', ['live']] });
});

describe('a folder that Python made', () => {
  describeRegistry('a folder, made by Python', async () => {
    await callPython(pathOf('suite'), [['create_registered_model', ['first']]]);
    const store = open('suite');
    return { store, close: () => store.close() };
  });

  test(
    'is read by us, its models by version and by alias, and goes on being written by both',
    { timeout: 120_000 },
    async () => {
      const log = `mlflow.pyfunc.log_model(name="twice", python_model=${JSON.stringify(join(newTwice(), 'model.py'))}, registered_model_name="twice")`;
      const made = await askPython(pathOf('python'), {
        experiment: 'mlflow.set_experiment("jobs").experiment_id',
        logged: `(lambda r: [r.info.run_id, ${log}.model_id, mlflow.end_run()])(mlflow.start_run())`,
        alias: 'client.set_registered_model_alias("twice", "champion", "1")',
        tag: 'client.set_model_version_tag("twice", "1", "ü/b", "größe")',
        prompt: 'client.register_prompt("hello", "Hi {{name}}", tags={"t": "1"}).version',
        promptAlias: 'client.set_prompt_alias("hello", "live", 1)',
      });
      expect(Object.values(made).filter((each) => each.errorCode !== undefined)).toEqual([]);
      const [runId, modelId] = made.logged.value as [string, string];
      const ours = await clientOf('python');
      expect(await ours.getModelVersionByAlias('twice', 'champion')).toMatchObject({
        version: '1',
        runId,
        source: `models:/${modelId}`,
        tags: { 'ü/b': 'größe' },
        aliases: ['champion'],
      });
      for (const uri of ['models:/twice/1', 'models:/twice@champion', 'models:/twice/latest', `models:/${modelId}`]) {
        const downloaded = await ours.downloadModel(uri);
        onTestFinished(() => rmSync(downloaded, { recursive: true }));
        expect([uri, readdirSync(downloaded)]).toEqual([uri, expect.arrayContaining(['MLmodel', 'python_env.yaml'])]);
      }
      expect(await ours.loadPrompt('prompts:/hello@live')).toMatchObject({ template: 'Hi {{name}}', version: 1 });
      await ours.registerModel(`models:/${modelId}`, 'twice');
      const [theirs] = await callPython(pathOf('python'), [['create_model_version', ['twice', 's3://bucket/x']]]);
      expect(theirs).toMatchObject({ value: { version: 3 } });
      expect(await ours.createModelVersion('twice', 's3://bucket/y')).toMatchObject({ version: '4' });
    },
  );
});

test("MLflow's own migration takes the registry over, whole", { timeout: 120_000 }, async () => {
  const client = await clientOf('migrated');
  await writeByUs(client);
  const experimentId = (await client.getExperimentByName('jobs'))?.experimentId ?? '';
  const { modelId } = await client.createLoggedModel(experimentId, { name: 'mod' });
  await client.createModelVersion('churn', `models:/${modelId}`, { modelId });
  await client.setRegisteredModelAlias('churn', 'next', 4);
  await client.registerPrompt('hello', 'Hi {{name}}', { tags: { t: '1' } });
  await client.setPromptAlias('hello', 'live', 1);
  for (const [at, text] of ODD_TEXTS.map((each) => each.trim()).entries())
    await client.createRegisteredModel(`odd ${at}`, { description: text, tags: { k: text } });
  const database = join(folder, 'migrated', 'mlflow.db');
  const mlflow = join(dirname(await findPython()), 'mlflow');
  const args = ['migrate-filestore', '--source', join(folder, 'migrated'), '--target', `sqlite:///${database}`];
  const { stdout } = await run(mlflow, args, { env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' } });
  expect(stdout).toContain('Migration completed successfully!');
  const counts = [...stdout.matchAll(/^ {2}(\w+) +(\d+) +(\d+)$/gm)].map(([, ...each]) => each);
  expect(counts.filter(([, from, to]) => from !== to)).toEqual([]);
  expect(Object.fromEntries(counts.map(([name, from]) => [name, Number(from)]))).toMatchObject({
    registered_models: 3 + ODD_TEXTS.length,
    model_versions: 5,
    registered_model_aliases: 3,
  });
  const [migrated, inFolder] = [openSqliteStore({ path: database, artifactRoot: folder }), open('migrated')];
  expect(await readRegistry(migrated)).toEqual(await readRegistry(inFolder));
  await Promise.all([migrated.close(), inFolder.close()]);
});

/** All that a registry holds. */
async function readRegistry(store: Store): Promise<unknown> {
  const found: (RegisteredModel | readonly ModelVersion[] | readonly string[])[] = [];
  for (const value of ['true', 'false']) {
    const filter = `tags.\`mlflow.prompt.is_prompt\` = '${value}'`;
    const { items: models } = await store.request('searchRegisteredModels', { filter, maxResults: 100 });
    const { items: versions } = await store.request('searchModelVersions', { filter, maxResults: 100 });
    const uris = versions.map((version) => store.request('getModelVersionDownloadUri', version));
    found.push(...models, versions, await Promise.all(uris));
  }
  return found;
}
