// The prompt methods of MlflowClient: what they ask of the registry, and what they make of its answers.
import { describe, expect, it } from 'vitest';
import { mlflowError } from '../../../src/errors.ts';
import { PromptVersion } from '../../../src/model/prompt-version.ts';
import { askedClient, type Answers } from './asked-client.ts';

const isPrompt = { 'mlflow.prompt.is_prompt': 'true' };
const model = { name: 'greeting', description: 'd', creationTimeMs: 5, tags: { ...isPrompt, team: 'a' } };
const version = {
  name: 'greeting',
  version: '2',
  description: 'second',
  status: 'READY',
  creationTimeMs: 1,
  lastUpdateTimeMs: 2,
  userId: '',
  aliases: ['live'],
  tags: { ...isPrompt, 'mlflow.prompt.text': 'Hi {{name}}', _mlflow_prompt_type: 'text', mine: 'x' },
};
const missing = mlflowError('RESOURCE_DOES_NOT_EXIST', 'not there');
type Client = ReturnType<typeof askedClient>['client'];

const answers: Answers = {
  getRegisteredModel: model,
  createRegisteredModel: model,
  getModelVersion: version,
  getModelVersionByAlias: version,
  createModelVersion: version,
};

describe('registerPrompt', () => {
  it('makes the prompt and its first version', async () => {
    const { client, asked } = askedClient({ ...answers, getRegisteredModel: missing });
    const made = await client.registerPrompt('greeting', 'Hi {{name}}', {
      commitMessage: 'first',
      tags: { mine: 'x' },
    });
    expect(made).toBeInstanceOf(PromptVersion);
    expect(asked).toEqual([
      ['getRegisteredModel', 'greeting'],
      [
        'createRegisteredModel',
        {
          name: 'greeting',
          description: 'first',
          tags: [
            { key: 'mlflow.prompt.is_prompt', value: 'true' },
            { key: 'mine', value: 'x' },
          ],
        },
      ],
      [
        'createModelVersion',
        {
          name: 'greeting',
          source: 'dummy-source',
          description: 'first',
          tags: [
            { key: 'mine', value: 'x' },
            { key: 'mlflow.prompt.is_prompt', value: 'true' },
            { key: '_mlflow_prompt_type', value: 'text' },
            { key: 'mlflow.prompt.text', value: 'Hi {{name}}' },
          ],
        },
      ],
    ]);
  });

  it('makes another version, and tags the prompt', async () => {
    const { client, asked } = askedClient(answers);
    await client.registerPrompt('greeting', [{ role: 'user', content: 'ü' }], {
      tags: { team: 'b' },
      responseFormat: { type: 'object' },
      modelConfig: { modelName: 'gpt', temperature: 0.5 },
    });
    expect(asked[1]).toEqual(['setRegisteredModelTag', { name: 'greeting', key: 'team', value: 'b' }]);
    expect(asked[2]?.[1]).toMatchObject({
      tags: [
        { key: 'team', value: 'b' },
        { key: 'mlflow.prompt.is_prompt', value: 'true' },
        { key: '_mlflow_prompt_type', value: 'chat' },
        { key: 'mlflow.prompt.text', value: '[{"role": "user", "content": "\\u00fc"}]' },
        { key: '_mlflow_prompt_response_format', value: '{"type": "object"}' },
        { key: '_mlflow_prompt_model_config', value: '{"model_name": "gpt", "temperature": 0.5}' },
      ],
    });
  });

  it('takes the prompt back where its first version fails, and leaves an older one', async () => {
    const refused = mlflowError('INVALID_PARAMETER_VALUE', 'too long');
    const first = askedClient({ ...answers, getRegisteredModel: missing, createModelVersion: refused });
    await expect(first.client.registerPrompt('greeting', 'x')).rejects.toBe(refused);
    expect(first.asked.at(-1)).toEqual(['deleteRegisteredModel', 'greeting']);
    const second = askedClient({ ...answers, createModelVersion: refused });
    await expect(second.client.registerPrompt('greeting', 'x')).rejects.toBe(refused);
    expect(second.asked.at(-1)?.[0]).toBe('createModelVersion');
  });

  it('notes the experiment of the service once', async () => {
    const make = (tags: Readonly<Record<string, string>>): ReturnType<typeof askedClient> =>
      askedClient(
        {
          ...answers,
          getRegisteredModel: { ...model, tags: { ...isPrompt, ...tags } },
          getExperimentByName: { experimentId: '7' },
        },
        { experimentName: 'exp' },
      );
    const fresh = make({ _mlflow_experiment_ids: ',17,' });
    await fresh.client.registerPrompt('greeting', 'x');
    const note = { name: 'greeting', key: '_mlflow_experiment_ids', value: ',17,7,' };
    expect(fresh.asked).toContainEqual(['setRegisteredModelTag', note]);
    const known = make({ _mlflow_experiment_ids: ',7,' });
    await known.client.registerPrompt('greeting', 'x');
    expect(known.asked.map(([name]) => name)).not.toContain('setRegisteredModelTag');
  });

  it.each<[string, (client: Client) => Promise<unknown>, Answers]>([
    ['a name with a blank', (c) => c.registerPrompt('a b', 'x'), {}],
    ['no name', (c) => c.registerPrompt('', 'x'), {}],
    ['an empty chat', (c) => c.registerPrompt('a', []), {}],
    ['a message without a role', (c) => c.registerPrompt('a', [{ content: 'x' } as never]), {}],
    ['a bad temperature', (c) => c.registerPrompt('a', 'x', { modelConfig: { temperature: -1 } }), {}],
    ['the name of a model', (c) => c.registerPrompt('a', 'x'), { getRegisteredModel: { ...model, tags: {} } }],
    ['a model as a prompt', (c) => c.getPromptVersion('a', 1), { getRegisteredModel: { ...model, tags: {} } }],
    [
      'the versions of a model',
      (c) => c.searchPromptVersions('a').all(),
      { getRegisteredModel: { ...model, tags: {} } },
    ],
    ['a version of a URI', (c) => c.loadPrompt('prompts:/a/1', { version: 1 }), {}],
    ['an experiment by name', (c) => c.searchPrompts({ filterString: "experiment_id = 'x'" }).all(), {}],
    ['a prompt without text', (c) => c.loadPrompt('a'), { getModelVersionByAlias: { ...version, tags: isPrompt } }],
    ['a run that is not linked', (c) => c.detachPromptFromRun('r', 'prompts:/greeting/2'), {}],
    ['a link to nothing', (c) => c.linkPromptVersionToRun('r', {} as never), {}],
  ])('and its like refuse %s', async (_, act, other) => {
    const { client, asked } = askedClient({ ...answers, ...other });
    await expect(act(client)).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', status: 400 });
    expect(asked.map(([name]) => name)).not.toContain('createModelVersion');
  });
});

describe('loadPrompt', () => {
  it.each<[string, (client: Client) => Promise<unknown>, unknown]>([
    [
      'a version by URI',
      (c) => c.loadPrompt('prompts:/greeting/2'),
      ['getModelVersion', { name: 'greeting', version: '2' }],
    ],
    [
      'a version by number',
      (c) => c.loadPrompt('greeting', { version: 2 }),
      ['getModelVersion', { name: 'greeting', version: '2' }],
    ],
    [
      'an alias',
      (c) => c.loadPrompt('prompts:/greeting@live'),
      ['getModelVersionByAlias', { name: 'greeting', alias: 'live' }],
    ],
    ['the newest', (c) => c.loadPrompt('greeting'), ['getModelVersionByAlias', { name: 'greeting', alias: 'latest' }]],
  ])('finds %s', async (_, act, last) => {
    const { client, asked } = askedClient(answers);
    expect(await act(client)).toMatchObject({
      name: 'greeting',
      version: 2,
      template: 'Hi {{name}}',
      commitMessage: 'second',
      tags: { mine: 'x' },
      aliases: ['live'],
      responseFormat: undefined,
      modelConfig: undefined,
    });
    expect(asked).toEqual([['getRegisteredModel', 'greeting'], last]);
  });

  it('reads a chat, its answer’s format and its configuration', async () => {
    const tags = {
      ...isPrompt,
      _mlflow_prompt_type: 'chat',
      'mlflow.prompt.text': '[{"role":"user","content":"x"}]',
      _mlflow_prompt_response_format: '{"type":"object"}',
      _mlflow_prompt_model_config: '{"max_tokens":5,"seed":1}',
    };
    const { client } = askedClient({ ...answers, getModelVersionByAlias: { ...version, tags } });
    expect(await client.loadPrompt('greeting')).toMatchObject({
      template: [{ role: 'user', content: 'x' }],
      responseFormat: { type: 'object' },
      modelConfig: { maxTokens: 5, extraParams: { seed: 1 } },
      tags: {},
    });
    for (const broken of [
      { 'mlflow.prompt.text': '{' },
      { 'mlflow.prompt.text': '7' },
      { _mlflow_prompt_response_format: '7' },
    ]) {
      const bad = askedClient({ ...answers, getModelVersionByAlias: { ...version, tags: { ...tags, ...broken } } });
      await expect(bad.client.loadPrompt('greeting')).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
    }
  });

  it('gives undefined for what may be missing, and no other failure', async () => {
    const none = askedClient({ ...answers, getRegisteredModel: missing });
    expect(await none.client.loadPrompt('greeting', { allowMissing: true })).toBeUndefined();
    await expect(none.client.loadPrompt('greeting')).rejects.toBe(missing);
    const away = mlflowError('TEMPORARILY_UNAVAILABLE', 'away');
    const down = askedClient({ ...answers, getRegisteredModel: away });
    await expect(down.client.loadPrompt('greeting', { allowMissing: true })).rejects.toBe(away);
    await expect(down.client.getPrompt('greeting')).rejects.toBe(away);
    expect(await none.client.getPrompt('greeting')).toBeUndefined();
  });
});

describe('the methods of prompts', () => {
  const key = { name: 'greeting', version: '2' };

  it.each<[string, (client: Client) => Promise<unknown>, unknown]>([
    ['deletePrompt', (c) => c.deletePrompt('greeting'), ['deleteRegisteredModel', 'greeting']],
    ['deletePromptVersion', (c) => c.deletePromptVersion('greeting', '02'), ['deleteModelVersion', key]],
    [
      'setPromptTag',
      (c) => c.setPromptTag('greeting', 'k', 1),
      ['setRegisteredModelTag', { name: 'greeting', key: 'k', value: '1' }],
    ],
    [
      'deletePromptTag',
      (c) => c.deletePromptTag('greeting', 'k'),
      ['deleteRegisteredModelTag', { name: 'greeting', key: 'k' }],
    ],
    [
      'setPromptVersionTag',
      (c) => c.setPromptVersionTag('greeting', 2, 'k', 'v'),
      ['setModelVersionTag', { ...key, key: 'k', value: 'v' }],
    ],
    [
      'deletePromptVersionTag',
      (c) => c.deletePromptVersionTag('greeting', 2, 'k'),
      ['deleteModelVersionTag', { ...key, key: 'k' }],
    ],
    [
      'setPromptAlias',
      (c) => c.setPromptAlias('greeting', 'live', 2),
      ['setRegisteredModelAlias', { ...key, alias: 'live' }],
    ],
    [
      'deletePromptAlias',
      (c) => c.deletePromptAlias('greeting', 'live'),
      ['deleteRegisteredModelAlias', { name: 'greeting', alias: 'live' }],
    ],
    [
      'createPrompt',
      (c) => c.createPrompt('greeting', { tags: { a: 'b' } }),
      [
        'createRegisteredModel',
        {
          name: 'greeting',
          tags: [
            { key: 'mlflow.prompt.is_prompt', value: 'true' },
            { key: 'a', value: 'b' },
          ],
        },
      ],
    ],
  ])('%s asks the registry', async (_, act, last) => {
    const { client, asked } = askedClient(answers);
    await act(client);
    expect(asked.at(-1)).toEqual(last);
  });

  it('search prompts as models with the tag of prompts', async () => {
    const { client, asked } = askedClient({ searchRegisteredModels: { items: [model], nextPageToken: undefined } });
    expect(await client.searchPrompts().all()).toEqual([
      { name: 'greeting', description: 'd', creationTimeMs: 5, tags: { team: 'a' } },
    ]);
    await client
      .searchPrompts({ filterString: "name = 'a' AND experiment_id = '7' AND tags.b = 'c'", maxResults: 5 })
      .all();
    await client.searchPrompts({ filterString: 'experiment_id = "7"' }).all();
    await client.searchPrompts({ filterString: "name = 'a'" }).all();
    const all = "tags.`mlflow.prompt.is_prompt` = 'true'";
    const used = "tags._mlflow_experiment_ids LIKE '%,7,%'";
    expect(asked.map(([, request]) => request)).toEqual([
      { filter: all, maxResults: 1000 },
      { filter: `${all} AND ${used} AND name = 'a' AND tags.b = 'c'`, maxResults: 5 },
      { filter: `${all} AND ${used}`, maxResults: 1000 },
      { filter: `${all} AND name = 'a'`, maxResults: 1000 },
    ]);
  });

  it('list the versions of one, the newest first', async () => {
    const { client, asked } = askedClient({
      ...answers,
      searchModelVersions: { items: [version], nextPageToken: undefined },
    });
    expect(await client.searchPromptVersions('greeting').all()).toMatchObject([
      { version: 2, template: 'Hi {{name}}' },
    ]);
    expect(asked.at(-1)?.[1]).toEqual({
      filter: "name = 'greeting' AND tag.`mlflow.prompt.is_prompt` = 'true'",
      maxResults: 100,
      orderBy: ['version_number DESC'],
    });
  });

  it('give no alias to a version that is not there', async () => {
    const { client } = askedClient({ ...answers, getModelVersion: missing });
    await expect(client.setPromptAlias('greeting', 'live', 9)).rejects.toMatchObject({
      errorCode: 'RESOURCE_DOES_NOT_EXIST',
    });
    await expect(client.deletePromptVersion('greeting', 'x')).rejects.toMatchObject({ errorCode: 'INTERNAL_ERROR' });
  });
});

describe('the links of prompts', () => {
  const link = '[{"name": "greeting", "version": "2"}]';
  const run = (tags: Readonly<Record<string, string>>): unknown => ({ data: { tags } });

  it('are noted of a run, once', async () => {
    const fresh = askedClient({ ...answers, getRun: run({}) });
    await fresh.client.linkPromptVersionToRun('r', 'prompts:/greeting@live');
    expect(fresh.asked.at(-1)).toEqual([
      'logBatch',
      { runId: 'r', tags: [{ key: 'mlflow.linkedPrompts', value: link }] },
    ]);
    const linked = askedClient({ ...answers, getRun: run({ 'mlflow.linkedPrompts': link }) });
    await linked.client.linkPromptVersionToRun('r', 'prompts:/greeting/2');
    expect(linked.asked.at(-1)?.[0]).toBe('getRun');
    for (const tag of ['{', '7']) {
      const broken = askedClient({ ...answers, getRun: run({ 'mlflow.linkedPrompts': tag }) });
      const asked = broken.client.linkPromptVersionToRun('r', 'prompts:/greeting/2');
      await expect(asked).rejects.toMatchObject({ errorCode: 'INTERNAL_ERROR' });
    }
  });

  it('are noted of a model beside others', async () => {
    const tags = { 'mlflow.linkedPrompts': '[{"name": "other", "version": "1"}]' };
    const { client, asked } = askedClient({ ...answers, getLoggedModel: { tags } });
    await client.linkPromptVersionToModel('greeting', 2, 'm-1');
    const value = '[{"name": "other", "version": "1"}, {"name": "greeting", "version": "2"}]';
    expect(asked.at(-1)).toEqual([
      'setLoggedModelTags',
      { modelId: 'm-1', pairs: [{ key: 'mlflow.linkedPrompts', value }] },
    ]);
  });

  it('are noted of a trace, by a server that knows the tag alone too', async () => {
    const { client, asked } = askedClient({ ...answers, getTraceInfo: { info: { tags: {} } } });
    const prompt = await client.loadPrompt('greeting');
    if (prompt === undefined) throw new Error('The prompt is not there.');
    await client.linkPromptVersionsToTrace([prompt], 'tr-1');
    expect(asked.slice(-2)).toEqual([
      ['linkPromptsToTrace', { traceId: 'tr-1', prompts: [{ name: 'greeting', version: '2' }] }],
      ['setTraceTag', { traceId: 'tr-1', key: 'mlflow.linkedPrompts', value: link }],
    ]);
    const linked = { info: { tags: { 'mlflow.linkedPrompts': link } } };
    const old = mlflowError('ENDPOINT_NOT_FOUND', 'no such page');
    const before = askedClient({ ...answers, getTraceInfo: linked, linkPromptsToTrace: old });
    await before.client.linkPromptVersionsToTrace([prompt], 'tr-1');
    expect(before.asked.at(-1)?.[0]).toBe('linkPromptsToTrace');
    const refused = askedClient({ ...answers, getTraceInfo: linked, linkPromptsToTrace: missing });
    await expect(refused.client.linkPromptVersionsToTrace([prompt], 'tr-1')).rejects.toBe(missing);
  });

  it('are read off versions that name a run, and taken off them', async () => {
    const tags = { ...version.tags, 'mlflow.prompt.associatedRunIds': 'r,s' };
    const named = { ...version, tags };
    const many = askedClient({
      ...answers,
      getModelVersion: named,
      searchModelVersions: { items: [named], nextPageToken: undefined },
    });
    expect(await many.client.listLoggedPrompts('r')).toMatchObject([{ version: 2 }]);
    await many.client.detachPromptFromRun('r', 'prompts:/greeting/2');
    const runIds = { name: 'greeting', version: '2', key: 'mlflow.prompt.associatedRunIds' };
    expect(many.asked.at(-1)).toEqual(['setModelVersionTag', { ...runIds, value: 's' }]);
    const one = askedClient({
      ...answers,
      getModelVersion: { ...version, tags: { ...tags, 'mlflow.prompt.associatedRunIds': 'r' } },
    });
    await one.client.detachPromptFromRun('r', 'prompts:/greeting/2');
    expect(one.asked.at(-1)).toEqual(['deleteModelVersionTag', runIds]);
  });

  it('are found by a URI', async () => {
    const { client } = askedClient(answers);
    expect(await client.parsePromptUri('prompts:/a/7')).toEqual({ name: 'a', version: '7' });
    expect(await client.parsePromptUri('prompts:/greeting@live')).toEqual({ name: 'greeting', version: '2' });
  });
});
