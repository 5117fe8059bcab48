// The model registry of a real server: Python reads what our client made, ours reads what Python made, and both fail alike.
import { describe, expect, test } from 'vitest';
import { MlflowError, type MlflowClient } from '../../src/index.ts';
import { callPython, type PythonCall } from './backends.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

describe('the registry of a real server', () => {
  const mlflow = requireBackend('mlflow');
  const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;
  const client = async (): Promise<MlflowClient> =>
    (await startService({ trackingUri: uri(), experimentName: 'registry' })).client();

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
    await callPython(uri(), [
      ['create_registered_model', ['von Python'], { tags: { 'a/b c': 'ü' }, description: 'd' }],
      [
        'create_model_version',
        ['von Python', 's3://x'],
        { tags: { k: 'v' }, run_link: 'http://run', description: 'e' },
      ],
      ['set_registered_model_alias', ['von Python', 'best', '1']],
      ...Array.from({ length: 5 }, (_, n): PythonCall => ['create_registered_model', [`many ${n}`]]),
    ]);
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
    expect(await ours.getModelVersionDownloadUri('von Python', 1)).toBe('s3://x');
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
    await callPython(uri(), [
      ['create_registered_model', ['taken']],
      ['create_model_version', ['taken', 's3://x']],
      ['register_prompt', ['a.prompt', 'Hi {{name}}']],
    ]);
    const calls: readonly (readonly [keyof MlflowClient, ...unknown[]])[] = [
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
      ['createModelVersion', 'absent', 's3://x'],
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
    const ourAnswers: unknown[] = [];
    for (const [method, ...args] of calls) ourAnswers.push([method, args, await outcomeOf(ours, method, args)]);
    const pythonAnswers = await callPython(
      uri(),
      calls.map(([method, ...args]): PythonCall => {
        const [last] = args.slice(-1);
        const options = typeof last === 'object' && last !== null ? last : undefined;
        const keywords = Object.fromEntries(Object.entries(options ?? {}).map(([key, value]) => [snake(key), value]));
        return [snake(method), options === undefined ? args : args.slice(0, -1), keywords];
      }),
    );
    const theirs = pythonAnswers.map((answer, index) => {
      const [method, ...args] = calls[index] ?? [''];
      return [method, args, 'value' in answer ? 'answered' : `${answer.error_code} ${answer.status}`];
    });
    expect(ourAnswers).toEqual(theirs);
  });
});

async function outcomeOf(client: MlflowClient, method: keyof MlflowClient, args: readonly unknown[]): Promise<string> {
  // The cast: the names and arguments are those of the table above.
  const call = client[method] as (...given: readonly unknown[]) => Promise<unknown> | { all(): Promise<unknown> };
  try {
    const answer = call.call(client, ...args);
    await ('all' in answer ? answer.all() : answer);
    return 'answered';
  } catch (error) {
    if (error instanceof MlflowError) return `${error.errorCode} ${error.status}`;
    throw error;
  }
}
