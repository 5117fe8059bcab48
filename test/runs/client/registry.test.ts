// The registry's methods of MlflowClient: what they ask, in which order, and what they refuse by themselves.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mlflowError } from '../../../src/errors.ts';
import { askedClient } from './asked-client.ts';

const model = { name: 'churn', tags: {}, aliases: {}, latestVersions: [] };
const version = {
  name: 'churn',
  version: '2',
  status: 'READY',
  tags: { stage: 'live' },
  runId: 'r',
  runLink: '',
  description: 'd',
};
const prompt = { ...model, tags: { 'mlflow.prompt.is_prompt': 'true' } };
const key = { name: 'churn', version: '2' };
type Client = ReturnType<typeof askedClient>['client'];

describe('the methods of registered models', () => {
  it.each<[string, (client: Client) => Promise<unknown>, unknown]>([
    ['renameRegisteredModel', (c) => c.renameRegisteredModel('churn', 'b'), { name: 'churn', newName: 'b' }],
    [
      'updateRegisteredModel',
      (c) => c.updateRegisteredModel('churn', { description: 'd' }),
      { name: 'churn', description: 'd' },
    ],
    ['deleteRegisteredModel', (c) => c.deleteRegisteredModel('churn'), 'churn'],
    [
      'getLatestVersions',
      (c) => c.getLatestVersions('churn', { stages: ['None'] }),
      { name: 'churn', stages: ['None'] },
    ],
    [
      'setRegisteredModelTag',
      (c) => c.setRegisteredModelTag('churn', 'k', { a: 1 }),
      { name: 'churn', key: 'k', value: '{"a":1}' },
    ],
    ['deleteRegisteredModelTag', (c) => c.deleteRegisteredModelTag('churn', 'k'), { name: 'churn', key: 'k' }],
    ['setRegisteredModelAlias', (c) => c.setRegisteredModelAlias('churn', 'x', 2), { ...key, alias: 'x' }],
    ['deleteRegisteredModelAlias', (c) => c.deleteRegisteredModelAlias('churn', 'x'), { name: 'churn', alias: 'x' }],
    ['updateModelVersion', (c) => c.updateModelVersion('churn', 2, { description: 'd' }), { ...key, description: 'd' }],
    [
      'transitionModelVersionStage',
      (c) => c.transitionModelVersionStage('churn', '2', 'Staging'),
      { ...key, stage: 'Staging', archivesExistingVersions: false },
    ],
    ['deleteModelVersion', (c) => c.deleteModelVersion('churn', 2), key],
    ['getModelVersionDownloadUri', (c) => c.getModelVersionDownloadUri('churn', 2), key],
    ['setModelVersionTag', (c) => c.setModelVersionTag('churn', 2, 'k', 7), { ...key, key: 'k', value: '7' }],
    ['deleteModelVersionTag', (c) => c.deleteModelVersionTag('churn', 2, 'k'), { ...key, key: 'k' }],
  ])('%s looks first whether the name is a prompt', async (name, act, request) => {
    const { client, asked } = askedClient({ getRegisteredModel: model });
    await act(client);
    expect(asked).toEqual([
      ['getRegisteredModel', 'churn'],
      [name, request],
    ]);
    const refusing = askedClient({ getRegisteredModel: prompt });
    await expect(act(refusing.client)).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
    expect(refusing.asked).toHaveLength(1);
  });

  it('make a model with tags as text', async () => {
    const { client, asked } = askedClient({});
    await client.createRegisteredModel('churn', { description: 'd', tags: { a: 1, b: true } });
    const tags = [
      { key: 'a', value: '1' },
      { key: 'b', value: 'true' },
    ];
    expect(asked).toEqual([['createRegisteredModel', { name: 'churn', description: 'd', tags }]]);
  });

  it('leave prompts out of searches that do not ask for them', async () => {
    const page = { items: [prompt], nextPageToken: undefined };
    const { client, asked } = askedClient({ searchRegisteredModels: page });
    const filter = "tags.`mlflow.prompt.is_prompt` = 'true'";
    expect(await client.searchRegisteredModels({ filterString: filter }).all()).toEqual([model]);
    await client.searchRegisteredModels().all();
    await client.searchRegisteredModels({ filterString: "name = 'a'", maxResults: 5, orderBy: ['name'] }).all();
    expect(asked.map(([, request]) => request)).toEqual([
      { filter, maxResults: 100 },
      { filter: "tag.`mlflow.prompt.is_prompt` != 'true'", maxResults: 100 },
      { filter: "name = 'a' AND tag.`mlflow.prompt.is_prompt` != 'true'", maxResults: 5, orderBy: ['name'] },
    ]);
  });

  it.each<[string, (client: Client) => Promise<unknown>, string]>([
    [
      'a prompt as a model',
      (c) => c.createRegisteredModel('a', { tags: { 'mlflow.prompt.is_prompt': 'true' } }),
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'a prompt as a version',
      (c) => c.createModelVersion('a', 's', { tags: { 'mlflow.prompt.is_prompt': 'x' } }),
      'INVALID_PARAMETER_VALUE',
    ],
    ['an empty new name', (c) => c.renameRegisteredModel('churn', ' '), 'INTERNAL_ERROR'],
    ['an empty stage', (c) => c.transitionModelVersionStage('churn', 1, ' '), 'INTERNAL_ERROR'],
    ['an update of nothing', (c) => c.updateModelVersion('churn', 1), 'INTERNAL_ERROR'],
    ['an alias of no name', (c) => c.setRegisteredModelAlias('churn', '', 1), 'INVALID_PARAMETER_VALUE'],
    ['an alias with a blank', (c) => c.setRegisteredModelAlias('churn', 'a b', 1), 'INVALID_PARAMETER_VALUE'],
    ['a long alias', (c) => c.deleteRegisteredModelAlias('churn', 'a'.repeat(256)), 'INVALID_PARAMETER_VALUE'],
    ['an alias of a half', (c) => c.setRegisteredModelAlias('churn', 'a', 1.5), 'INVALID_PARAMETER_VALUE'],
    ['a name with a slash', (c) => c.getModelVersionByAlias('a/b', 'x'), 'INVALID_PARAMETER_VALUE'],
    ['a name that is none', (c) => c.getModelVersionByAlias(' ', 'x'), 'INVALID_PARAMETER_VALUE'],
    ['neither a version nor a stage', (c) => c.deleteModelVersionTag('churn', '', 'k'), 'INVALID_PARAMETER_VALUE'],
    ['a stage without versions', (c) => c.setModelVersionTag('churn', { stage: 'None' }, 'k', 'v'), 'INTERNAL_ERROR'],
    ['a copy of a file', (c) => c.copyModelVersion('s3://a', 'b'), 'INTERNAL_ERROR'],
    ['a copy of a logged model', (c) => c.copyModelVersion('models:/m-1', 'b'), 'INTERNAL_ERROR'],
    ['a copy of no version', (c) => c.copyModelVersion('models:/churn/latest', 'b'), 'INTERNAL_ERROR'],
  ])('refuse %s, as Python does', async (_, act, errorCode) => {
    const { client } = askedClient({ getRegisteredModel: model, getLatestVersions: [] });
    await expect(act(client)).rejects.toMatchObject({ errorCode });
  });
});

describe('the methods of versions', () => {
  afterEach(() => void vi.useRealTimers());

  it('make one of what is named, and give it as it was made', async () => {
    const { client, asked } = askedClient({ createModelVersion: version });
    const options = { runId: 'r', modelId: 'm-1', description: 'd', tags: { a: 1 } };
    expect(await client.createModelVersion('churn', 'models:/m-1', options)).toBe(version);
    expect(asked).toEqual([
      ['createModelVersion', { ...options, name: 'churn', source: 'models:/m-1', tags: [{ key: 'a', value: '1' }] }],
    ]);
  });

  it('wait for one that is being made, in looks of 3 s', async () => {
    vi.useFakeTimers();
    const pending = { ...version, status: 'PENDING_REGISTRATION' };
    const answers = [pending, pending, version];
    const { client, asked } = askedClient({ createModelVersion: pending, getModelVersion: () => answers.shift() });
    const made = client.createModelVersion('churn', 's');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked.map(([name]) => name)).toEqual(['createModelVersion', 'getModelVersion', 'getModelVersion']);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await made).toBe(pending);
  });

  it('say why one was not made, or was not in time', async () => {
    vi.useFakeTimers();
    const pending = { ...version, status: 'PENDING_REGISTRATION' };
    const failed = { ...version, status: 'FAILED_REGISTRATION', statusMessage: 'no disk' };
    const failing = askedClient({ createModelVersion: failed });
    await expect(failing.client.createModelVersion('churn', 's')).rejects.toThrow(/no disk/);
    const slow = askedClient({ createModelVersion: pending, getModelVersion: pending });
    const made = slow.client.createModelVersion('churn', 's', { awaitCreationForMs: 5_000 });
    const late = expect(made).rejects.toMatchObject({ errorCode: 'INTERNAL_ERROR' });
    await vi.advanceTimersByTimeAsync(6_000);
    await late;
    const none = askedClient({ createModelVersion: pending });
    await none.client.createModelVersion('churn', 's', { awaitCreationForMs: 0 });
    expect(none.asked).toHaveLength(1);
  });

  it('hide what is a prompt', async () => {
    const { client } = askedClient({ getModelVersion: prompt, getModelVersionByAlias: prompt });
    const missing = { errorCode: 'RESOURCE_DOES_NOT_EXIST' };
    await expect(client.getModelVersion('churn', 1)).rejects.toMatchObject(missing);
    await expect(client.getModelVersionByAlias('churn', 'x')).rejects.toMatchObject(missing);
    await expect(client.copyModelVersion('models:/churn/1', 'b')).rejects.toMatchObject(missing);
  });

  it('copy one into a model that may be there', async () => {
    const { client, asked } = askedClient({
      getModelVersionByAlias: version,
      createRegisteredModel: mlflowError('RESOURCE_ALREADY_EXISTS', 'there'),
      createModelVersion: { ...version, name: 'live' },
    });
    await client.copyModelVersion('models:/churn@champion', 'live');
    expect(asked).toEqual([
      ['getModelVersionByAlias', { name: 'churn', alias: 'champion' }],
      ['createRegisteredModel', { name: 'live', tags: [] }],
      [
        'createModelVersion',
        {
          name: 'live',
          source: 'models:/churn/2',
          runId: 'r',
          runLink: '',
          description: 'd',
          tags: [{ key: 'stage', value: 'live' }],
        },
      ],
    ]);
  });

  it('tag the newest of a stage', async () => {
    const { client, asked } = askedClient({ getRegisteredModel: model, getLatestVersions: [version] });
    await client.setModelVersionTag('churn', { stage: 'Staging' }, 'k', 'v');
    expect(asked.at(-1)).toEqual(['setModelVersionTag', { ...key, key: 'k', value: 'v' }]);
  });

  it('page as Python pages', async () => {
    const { client, asked } = askedClient({ searchModelVersions: { items: [version], nextPageToken: undefined } });
    expect(await client.searchModelVersions({ filterString: "name = 'churn'" }).all()).toEqual([version]);
    expect(asked).toEqual([['searchModelVersions', { filter: "name = 'churn'", maxResults: 10_000 }]]);
    expect(await client.getModelVersionStages('churn', 1)).toEqual(['None', 'Staging', 'Production', 'Archived']);
  });
});
