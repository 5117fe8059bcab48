// M9: every autolog flag of MlflowService reaches automatic logging, and each changes what is seen.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { autolog } from '../../src/index.ts';
import { makeData, makeModel, startAutolog, tfl } from './tfjs-fixture.ts';
import type { AutologService } from './tfjs-fixture.ts';

/** Trains once, outside any run. */
async function train(): Promise<void> {
  const { x, y } = makeData();
  await makeModel().fit(x, y, { epochs: 1, verbose: 0 });
}

/** The names of the one logged model's files. */
async function modelFiles(service: AutologService): Promise<string[]> {
  const [model] = await service.models();
  const folder = model?.artifactUri.replace('file://', '') ?? '';
  const names = ['MLmodel', 'data/model.json', 'data/weights.bin', 'input_example.json', 'serving_input_example.json'];
  return names.filter((name) => existsSync(join(folder, name)));
}

/** The module as a version of it that was never tested. */
const newer = { ...tfl, version_layers: '9.1.0' };

describe('M9: the autolog flags of the service', () => {
  it('autologDisable: nothing is logged', async () => {
    const service = await startAutolog({}, { autologDisable: true });
    await train();
    expect(await service.runs()).toEqual([]);
    autolog(tfl, { disable: false });
    await train();
    expect(await service.runs()).toHaveLength(1);
  });

  it('autologDisableForUnsupportedVersions: a version that was not tested logs nothing, or is warned of', async () => {
    const service = await startAutolog({}, { autologDisableForUnsupportedVersions: true });
    autolog(newer);
    await train();
    expect(await service.runs()).toEqual([]);
    autolog(newer, { disableForUnsupportedVersions: false });
    await train();
    expect(await service.runs()).toHaveLength(1);
    expect(service.warnings()).toContain('this is 9.1.0');
  });

  it('autologExclusive: nothing goes into a run that the user opened', async () => {
    const service = await startAutolog({}, { autologExclusive: true });
    await service.mlflow.runContext('mine', train);
    await train();
    const [mine, own] = await service.runs();
    expect(mine?.data.params).toEqual({});
    expect(own?.data.params).toMatchObject({ epochs: '1' });
  });

  it('autologLogModels: the model is logged, as the origin forgot to ask for', async () => {
    const without = await startAutolog();
    await train();
    expect(await without.models()).toEqual([]);
    await without.mlflow.stop();
    const service = await startAutolog({}, { autologLogModels: true });
    await train();
    const [model] = await service.models();
    expect(model).toMatchObject({ name: 'model', status: 'READY', params: { epochs: '1', optimizer_name: 'adam' } });
    expect(model?.metrics.map(({ key, step }) => [key, step])).toEqual([['loss', 0]]);
    const [run] = await service.runs();
    expect(run?.outputs.modelOutputs).toEqual([{ modelId: model?.modelId, step: 0 }]);
  });

  it('autologLogInputExamples: with the model go its first rows', async () => {
    const without = await startAutolog({}, { autologLogModels: true, autologLogInputExamples: false });
    await train();
    expect(await modelFiles(without)).toEqual(['MLmodel', 'data/model.json', 'data/weights.bin']);
    await without.mlflow.stop();
    const service = await startAutolog({}, { autologLogModels: true });
    await train();
    expect(await modelFiles(service)).toHaveLength(5);
  });

  it('autologLogModelSignatures: the model says what it takes and gives', async () => {
    const read = async (autologLogModelSignatures: boolean): Promise<unknown> => {
      const service = await startAutolog({}, { autologLogModels: true, autologLogModelSignatures });
      await train();
      const [model] = await service.models();
      const loaded = await service.mlflow.loadTfjsModel(`models:/${model?.modelId}`, tfl);
      await service.mlflow.stop();
      return loaded.mlmodel['signature'];
    };
    expect(await read(false)).toBeUndefined();
    expect(await read(true)).toEqual({
      inputs: '[{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,2]}}]',
      outputs: '[{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,1]}}]',
      params: null,
    });
  });

  it('autologLogDatasets: what was trained on is an input of the run', async () => {
    const without = await startAutolog();
    await train();
    expect((await without.runs())[0]?.inputs.datasetInputs).toEqual([]);
    await without.mlflow.stop();
    const service = await startAutolog({}, { autologLogDatasets: true });
    const { x, y } = makeData();
    const validation = makeData(3);
    await makeModel().fit(x, y, { epochs: 1, validationData: [validation.x, validation.y], verbose: 0 });
    const [train_, eval_] = (await service.runs())[0]?.inputs.datasetInputs ?? [];
    expect(train_?.tags).toEqual([{ key: 'mlflow.data.context', value: 'train' }]);
    expect(eval_?.tags).toEqual([{ key: 'mlflow.data.context', value: 'eval' }]);
    expect(train_?.dataset).toMatchObject({ name: 'dataset', sourceType: 'code' });
    expect(train_?.dataset.digest).toMatch(/^[0-9a-f]{8}$/);
    expect(eval_?.dataset.digest).not.toBe(train_?.dataset.digest);
    expect(JSON.parse(train_?.dataset.source ?? '')).toMatchObject({ tags: { 'mlflow.source.type': 'LOCAL' } });
    expect(JSON.parse(train_?.dataset.schema ?? '')).toEqual({
      mlflow_tensorspec: {
        features: '[{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,2]}}]',
        targets: '[{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,1]}}]',
      },
    });
    expect(JSON.parse(train_?.dataset.profile ?? '')).toEqual({
      features_shape: [12, 2],
      features_size: 24,
      features_nbytes: 96,
      targets_shape: [12, 1],
      targets_size: 12,
      targets_nbytes: 48,
    });
  });

  it('autologSilent: nothing is said of what could not be logged, but it is counted', async () => {
    const service = await startAutolog({}, { autologSilent: true });
    autolog(newer);
    await train();
    expect(service.warnings()).toBe('');
    expect(service.mlflow.stats().refused['autolog']).toBe(1);
  });
});

it('what autolog(tf) is given comes before what the service says', async () => {
  const service = await startAutolog({ disable: false, logDatasets: true }, { autologDisable: true });
  await train();
  expect((await service.runs())[0]?.inputs.datasetInputs).toHaveLength(1);
});
