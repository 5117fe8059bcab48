// `runspan sync --from` in this process: a database and a folder of runs copied into another database, read back value by value.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { copy, type CopyRequest } from '../../src/cli/copy-command.ts';
import type { CopySummary } from '../../src/cli/copy-report.ts';
import type { RunEntity } from '../../src/model/entities.ts';
import { IS_PROMPT_TAG } from '../../src/model/registry.ts';
import type { Store } from '../../src/stores/contract.ts';
import { openStore } from '../../src/stores/open/open.ts';
import { reset, startServer, text } from '../rest/scripted-server.ts';

const TIME = Date.UTC(2026, 10, 20, 8);

/** A folder that is the working directory until the test ends. */
function enterFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'runspan-copy-'));
  const before = process.cwd();
  process.chdir(folder);
  vi.stubEnv('RUNSPAN_ARTIFACT_ROOT', join(folder, 'copied'));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

function openHere(uri: string): Promise<Store> {
  // As MLflow: the artifacts lie beside what is called from.db, and those of to.db in a folder of their own.
  const artifactRoot = join(process.cwd(), uri.endsWith('to.db') ? 'copied' : 'mlruns');
  return openStore(uri, { connection: {}, artifactRoot });
}

async function use<T>(uri: string, act: (store: Store) => Promise<T>): Promise<T> {
  const store = await openHere(uri);
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

/** Makes a run with some of everything; its model has files too. */
async function writeRun(store: Store, name: string, parent?: string): Promise<string> {
  const known = await store.getExperimentByName('churn');
  const experimentId =
    known?.experimentId ?? (await store.createExperiment({ name: 'churn', tags: [{ key: 'team', value: 'ads' }] }));
  const tags = [
    { key: 'stage', value: 'dév' },
    ...(parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: parent }]),
  ];
  const { info } = await store.createRun({ experimentId, runName: name, userId: 'ada', startTimeMs: TIME, tags });
  const { runId } = info;
  const metrics = Array.from({ length: 1200 }, (_, step) => ({
    key: 'loss',
    value: 1 / (step + 1),
    timestampMs: TIME + step,
    step,
  }));
  const odd = [NaN, Infinity, -Infinity, 0.1 + 0.2].map((value, step) => ({
    key: 'odd',
    value,
    timestampMs: TIME,
    step,
  }));
  await store.logBatch({ runId, metrics: [...metrics, ...odd], params: [{ key: 'größe', value: '日本' }] });
  const dataset = { name: 'rows', digest: 'abc', sourceType: 'local', source: '{"uri": "rows.csv"}', schema: '{}' };
  await store.logInputs(runId, [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }]);
  const model = await store.createLoggedModel({
    experimentId,
    name: `${name}-model`,
    modelType: 'tree',
    sourceRunId: runId,
    params: [{ key: 'depth', value: '3' }],
    tags: [{ key: 'kind', value: 'kept' }],
  });
  await store.logBatch({
    runId,
    metrics: [{ key: 'auc', value: 0.9, timestampMs: TIME, step: 1, modelId: model.modelId }],
  });
  await store.logOutputs(runId, [{ modelId: model.modelId, step: 2 }]);
  await store.finalizeLoggedModel(model.modelId, 'READY');
  writeFile(join(info.artifactUri, 'notes', 'ü.txt'), 'größe');
  writeFile(join(model.artifactUri, 'weights.bin'), `weights of ${name}`);
  await store.updateRun({ runId, status: 'FINISHED', endTimeMs: TIME + 60_000 });
  return runId;
}

function writeFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  utimesSync(file, TIME / 1000, TIME / 1000);
}

type Ran = { readonly summary: CopySummary; readonly isComplete: boolean; readonly said: readonly string[] };

async function runCopy(request: Partial<CopyRequest> = {}, signal = new AbortController().signal): Promise<Ran> {
  const said: string[] = [];
  const { text, isComplete } = await copy(
    { ...TO, json: true, ...request },
    { signal, say: (line) => said.push(line) },
  );
  return { summary: JSON.parse(text) as CopySummary, isComplete, said };
}

/** Everything of a run that a copy keeps, its points sorted; of tags without the marks. */
async function readWhole(store: Store, runId: string): Promise<unknown> {
  const { info, data, inputs, outputs } = await store.getRun(runId);
  const points: unknown[] = [];
  for (const key of Object.keys(data.metrics)) {
    for (const { value, timestampMs, step } of (await store.getMetricHistory({ runId, key })).items) {
      const kept = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
      points.push([key, timestampMs, step, String(kept)]);
    }
  }
  const tags = Object.entries(data.tags).filter(([key]) => !key.startsWith('runspan.copied_'));
  const models: unknown[] = [];
  for (const { modelId, step } of outputs.modelOutputs) {
    const { name, modelType, status, params, metrics, artifactUri } = await store.getLoggedModel(modelId);
    const weights = readFileSync(join(artifactUri, 'weights.bin'), 'utf8');
    const measured = metrics.map(({ key, value, timestampMs }) => [key, value, timestampMs]);
    models.push({ name, modelType, status, params, measured, weights, step });
  }
  return {
    name: info.runName,
    user: info.userId,
    times: [info.startTimeMs, info.endTimeMs],
    status: info.status,
    params: data.params,
    tags: Object.fromEntries(tags),
    points: points.map((point) => JSON.stringify(point)).toSorted(),
    datasets: inputs.datasetInputs,
    models,
    note: readFileSync(join(info.artifactUri, 'notes', 'ü.txt'), 'utf8'),
  };
}

async function readAll(uri: string): Promise<readonly RunEntity[]> {
  return use(uri, async (store) => {
    const experiment = await store.getExperimentByName('churn');
    if (experiment === undefined) return [];
    return (await store.searchRuns({ experimentIds: [experiment.experimentId], viewType: 'ALL' })).items;
  });
}

const TO = { from: 'sqlite:///from.db', to: 'sqlite:///to.db', timeout: 5 } as const;
const NOTHING = { copied: 0, updated: 0 };

describe.each([
  ['a database', 'sqlite:///from.db'],
  ['a folder of runs', './from'],
])('%s', (_, from) => {
  it('is copied whole, and a second time nothing is', async () => {
    enterFolder();
    const [parent, child] = await use(from, async (store) => {
      const first = await writeRun(store, 'parent');
      return [first, await writeRun(store, 'child', first)];
    });
    const { summary, isComplete } = await runCopy({ from });
    expect({ isComplete, ...summary }).toMatchObject({
      isComplete: true,
      problems: [],
      experiments: 1,
      runs: { copied: 2, updated: 0, unchanged: 0 },
      models: { copied: 2 },
      points: 2410,
      files: 4,
    });
    await use(from, (source) =>
      use('sqlite:///to.db', async (target) => {
        for (const runId of [parent, child])
          expect(await readWhole(target, runId)).toEqual(await readWhole(source, runId));
        expect((await target.getExperimentByName('churn'))?.tags).toMatchObject({ team: 'ads' });
      }),
    );
    const again = await runCopy({ from });
    expect(again.summary).toMatchObject({
      runs: { ...NOTHING, unchanged: 2 },
      models: { ...NOTHING, unchanged: 2 },
      experiments: 0,
      points: 0,
      files: 0,
    });
    expect((await copy({ from, to: 'sqlite:///to.db', timeout: 5 }, quiet())).text).toMatch(
      /^Nothing to copy to .*: it has everything of /,
    );
  });

  it('that has no run is said to have none', async () => {
    const folder = enterFolder();
    mkdirSync(join(folder, 'mlruns'));
    const { text: said } = await copy({ from: './mlruns', to: 'sqlite:///to.db', timeout: 5 }, quiet());
    expect(said).toMatch(/^Nothing to copy to .*: there is no run in /);
  });

  it('that was changed since is brought up to date, with what changed and no more', async () => {
    enterFolder();
    const [changed, same] = await use(from, async (store) => [
      await writeRun(store, 'changed'),
      await writeRun(store, 'same'),
    ]);
    await runCopy({ from });
    await use(from, async (store) => {
      await store.logBatch({
        runId: changed,
        metrics: [{ key: 'loss', value: 7, timestampMs: TIME - 1, step: -1 }],
        tags: [{ key: 'stage', value: 'prod' }],
        params: [{ key: 'late', value: '1' }],
      });
      const { info, outputs } = await store.getRun(changed);
      writeFile(join(info.artifactUri, 'notes', 'ü.txt'), 'GRÖSSE'.slice(0, 6));
      const later = new Date(Date.now() + 10_000);
      utimesSync(join(info.artifactUri, 'notes', 'ü.txt'), later, later);
      await store.finalizeLoggedModel(outputs.modelOutputs[0]?.modelId ?? '', 'UPLOAD_FAILED');
    });
    expect((await runCopy({ from })).summary).toMatchObject({
      runs: { copied: 0, updated: 1, unchanged: 1 },
      models: { copied: 0, updated: 1, unchanged: 1 },
      points: 1,
      files: 1,
    });
    await use(from, (source) =>
      use('sqlite:///to.db', async (target) => {
        for (const runId of [changed, same])
          expect(await readWhole(target, runId)).toEqual(await readWhole(source, runId));
      }),
    );
  });
});

describe('a copy', () => {
  it.each([1, 4, 8])('that is interrupted at step %i goes on where it stopped, and doubles nothing', async (step) => {
    enterFolder();
    const ids = await use('sqlite:///from.db', async (store) => {
      const first = await writeRun(store, 'first');
      return [first, await writeRun(store, 'second', first), await writeRun(store, 'third', first)];
    });
    const stop = new AbortController();
    let count = 0;
    const { isComplete, text } = await copy(
      { from: 'from.db', to: 'sqlite:///to.db', timeout: 5 },
      {
        signal: stop.signal,
        say: (line) => (line.includes('█') || line.includes('░') ? (count += 1) === step && stop.abort() : undefined),
      },
    );
    expect({ isComplete, text }).toEqual({
      isComplete: false,
      text: expect.stringMatching(/Run it again: it goes on where it stopped/) as string,
    });
    expect((await runCopy()).isComplete).toBe(true);
    expect(await readAll('sqlite:///to.db')).toHaveLength(3);
    await use('sqlite:///from.db', (source) =>
      use('sqlite:///to.db', async (target) => {
        for (const runId of ids) expect(await readWhole(target, runId)).toEqual(await readWhole(source, runId));
      }),
    );
    expect((await runCopy()).summary).toMatchObject({ runs: { ...NOTHING, unchanged: 3 }, points: 0, files: 0 });
  });

  it('of a part takes what leads out of it along, and says before what it will do', async () => {
    enterFolder();
    await use('sqlite:///from.db', async (store) => {
      const parent = await writeRun(store, 'parent');
      const other = await store.createExperiment({ name: 'other' });
      const tags = [{ key: 'mlflow.parentRunId', value: parent }];
      await store.createRun({ experimentId: other, runName: 'child', startTimeMs: TIME, tags });
    });
    const request = { from: 'from.db', to: 'sqlite:///to.db', timeout: 5, experiment: ['other'] };
    const dry = await copy({ ...request, dryRun: true }, quiet());
    expect(dry.text).toMatch(/EXPERIMENT +NEW +CHANGED +UNCHANGED +POINTS +FILES +SIZE\nother +1 +0 +0 +0 +0 +0 B/);
    expect(await readAll('sqlite:///to.db')).toEqual([]);
    const { text } = await copy(request, quiet());
    expect(text).toMatch(/2 experiments made, 2 runs copied, 1,205 metric points, 2 files/);
    const [parent] = await readAll('sqlite:///to.db');
    expect(parent?.info).toMatchObject({ runName: 'parent', status: 'FINISHED' });
  });

  it('of a store that was moved finds its files beside it', async () => {
    const folder = enterFolder();
    mkdirSync(join(folder, 'a'));
    process.chdir(join(folder, 'a'));
    const runId = await use('sqlite:///from.db', (store) => writeRun(store, 'moved'));
    process.chdir(folder);
    renameSync(join(folder, 'a'), join(folder, 'b'));
    const { summary } = await runCopy({ from: 'b/from.db' });
    expect(summary).toMatchObject({ files: 2, problems: [] });
    await use('sqlite:///to.db', async (store) =>
      expect(await readWhole(store, runId)).toMatchObject({ note: 'größe' }),
    );
  });

  it('goes on where one run cannot be copied, and says which', async () => {
    enterFolder();
    await use('sqlite:///from.db', async (store) => {
      await writeRun(store, 'good');
      const experimentId = await store.createExperiment({ name: 'far', artifactLocation: 'gs://bucket/far' });
      await store.createRun({ experimentId, runName: 'bad', startTimeMs: TIME, tags: [] });
    });
    const { summary, isComplete } = await runCopy();
    expect(isComplete).toBe(false);
    expect(summary).toMatchObject({
      runs: { copied: 1 },
      problems: [{ what: expect.stringMatching(/^run 'bad'/) as string }],
    });
    expect(summary.problems[0]?.why).toMatch(/no repository for gs/);
  });

  it('keeps the registry: versions with their numbers, stages, aliases, tags', async () => {
    enterFolder();
    const runId = await use('sqlite:///from.db', async (store) => {
      const made = await writeRun(store, 'train');
      const modelId = (await store.getRun(made)).outputs.modelOutputs[0]?.modelId ?? '';
      await store.request('createRegisteredModel', {
        name: 'churn',
        description: 'who leaves',
        tags: [{ key: 'a', value: '1' }],
      });
      for (const at of [1, 2, 3]) {
        const tags = [{ key: 'at', value: String(at) }];
        await store.request('createModelVersion', {
          name: 'churn',
          source: `models:/${modelId}`,
          modelId,
          runId: made,
          tags,
        });
      }
      await store.request('deleteModelVersion', { name: 'churn', version: '2' });
      await store.request('setRegisteredModelAlias', { name: 'churn', alias: 'best', version: '3' });
      const stage = { stage: 'Production', archivesExistingVersions: false };
      await store.request('transitionModelVersionStage', { name: 'churn', version: '1', ...stage });
      return made;
    });
    expect((await runCopy()).summary).toMatchObject({ problems: [], versions: { copied: 2, updated: 0 } });
    await use('sqlite:///to.db', async (store) => {
      const { items } = await store.request('searchModelVersions', { filter: "name = 'churn'", maxResults: 10 });
      const shown = items.map(({ version, currentStage, tags }) => [version, currentStage, tags['at']]).toReversed();
      expect(shown).toEqual([
        ['1', 'Production', '1'],
        ['3', 'None', '3'],
      ]);
      expect(items.every((version) => version.runId === runId)).toBe(true);
      const model = await store.request('getRegisteredModel', 'churn');
      expect(model).toMatchObject({ description: 'who leaves', aliases: { best: '3' }, tags: { a: '1' } });
    });
    expect((await runCopy()).summary).toMatchObject({ versions: { ...NOTHING, unchanged: 2 } });
    await use('sqlite:///from.db', (store) =>
      store.request('setRegisteredModelAlias', { name: 'churn', alias: 'best', version: '1' }),
    );
    expect((await runCopy()).summary).toMatchObject({ versions: { ...NOTHING, unchanged: 2 }, problems: [] });
    await use('sqlite:///to.db', async (store) =>
      expect((await store.request('getRegisteredModel', 'churn')).aliases).toEqual({ best: '1' }),
    );
  });

  it('keeps prompts, each listed in the experiment that it was listed in', async () => {
    enterFolder();
    await use('sqlite:///to.db', (store) => store.createExperiment({ name: 'other' }));
    const experimentId = await use('sqlite:///from.db', async (store) => {
      const made = await store.createExperiment({ name: 'churn' });
      const tags = [{ key: IS_PROMPT_TAG, value: 'true' }];
      const ids = { key: '_mlflow_experiment_ids', value: `,${made},77,` };
      await store.request('createRegisteredModel', { name: 'greeting', tags: [...tags, ids] });
      const text = (value: string): { key: string; value: string } => ({ key: 'mlflow.prompt.text', value });
      const version = { name: 'greeting', source: 'dummy-source' };
      await store.request('createModelVersion', { ...version, tags: [...tags, text('Hello {{name}}')] });
      await store.request('createModelVersion', {
        ...version,
        tags: [...tags, text('Bye {{name}}')],
        description: 'b',
      });
      await store.request('setRegisteredModelAlias', { name: 'greeting', alias: 'prod', version: '1' });
      return made;
    });
    expect((await runCopy()).summary).toMatchObject({ problems: [], versions: { copied: 2 } });
    await use('sqlite:///to.db', async (store) => {
      const model = await store.request('getRegisteredModel', 'greeting');
      const churn = await store.getExperimentByName('churn');
      expect(churn?.experimentId).not.toBe(experimentId);
      expect(model).toMatchObject({
        aliases: { prod: '1' },
        tags: { [IS_PROMPT_TAG]: 'true', _mlflow_experiment_ids: `,${churn?.experimentId},` },
      });
      const filter = `name = 'greeting' AND tags.\`${IS_PROMPT_TAG}\` = 'true'`;
      const { items } = await store.request('searchModelVersions', { filter, maxResults: 10 });
      expect(items.map(({ version, description, tags }) => [version, description, tags['mlflow.prompt.text']])).toEqual(
        [
          ['2', 'b', 'Bye {{name}}'],
          ['1', '', 'Hello {{name}}'],
        ],
      );
    });
    expect((await runCopy()).summary).toMatchObject({ versions: { ...NOTHING, unchanged: 2 }, problems: [] });
  });

  it.each([
    ['refuses the credentials', text('<html>no</html>', 401), 401],
    ['breaks every connection', reset, 0],
  ])('to a server that %s says so, and begins nothing', async (_, answer, status) => {
    enterFolder();
    await use('sqlite:///from.db', (store) => writeRun(store, 'train'));
    const server = await startServer(answer);
    // Where every try fails it goes on for as long.
    const copying = runCopy({ to: server.url, timeout: status === 0 ? 1 : 10 });
    await expect(copying).rejects.toMatchObject({ name: 'MlflowError', status });
    expect(server.seen.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('of a database that another process has locked, or that is damaged, says that', async () => {
    const folder = enterFolder();
    await use('sqlite:///from.db', (store) => writeRun(store, 'train'));
    const holder = new DatabaseSync(join(folder, 'from.db'));
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    await expect(runCopy()).rejects.toThrow(/another process holds its lock/);
    holder.close();
    const whole = readFileSync(join(folder, 'from.db'));
    writeFileSync(join(folder, 'cut.db'), whole.subarray(0, whole.length / 2));
    await expect(runCopy({ from: 'cut.db' })).rejects.toThrow(/cut\.db' as an MLflow database: it is damaged/);
  });

  it.each([
    ['empty.db', '', /empty\.db' as an MLflow database: it has no tables at all/],
    ['notes.db', 'no database at all, but a text. '.repeat(20), /notes\.db' as an MLflow database: .*no SQLite/],
  ])('of %s, which is no store, is refused, and nothing is written', async (from, content, message) => {
    const folder = enterFolder();
    writeFileSync(from, content);
    await expect(runCopy({ from })).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual([from]);
    expect(readFileSync(from, 'utf8')).toBe(content);
  });

  it('leaves the file of its source as it is, byte for byte', async () => {
    const folder = enterFolder();
    await use('sqlite:///from.db', (store) => writeRun(store, 'train'));
    const before = readFileSync('from.db');
    await runCopy();
    expect(readFileSync('from.db').equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('from.db'))).toEqual(['from.db']);
  });

  it.each([
    [{ from: 'nowhere.db' }, /There is no run store at .*nowhere\.db: --from must name one/],
    [{ from: 'sqlite:///from.db', to: 'sqlite:///from.db' }, /cannot be copied to itself/],
    [{ to: './folder' }, /Cannot copy to the folder .*folder: it has no registry/],
    [{ experiment: ['chrun'] }, /There is no experiment 'chrun' in .* There are: .*'churn'/],
    [{ from: 'ftp://x' }, /unknown scheme|trackingUri/],
  ])('of %o says what is wrong', async (request, message) => {
    enterFolder();
    await use('sqlite:///from.db', (store) => store.createExperiment({ name: 'churn' }));
    await expect(runCopy(request)).rejects.toThrow(message);
  });
});

function quiet(): { readonly signal: AbortSignal; readonly say: () => void } {
  return { signal: new AbortController().signal, say: () => undefined };
}
