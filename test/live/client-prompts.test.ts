// Prompts on a real server: Python loads and fills what our client made, ours what Python made, and both fail alike.
import { describe, expect, test } from 'vitest';
import { MlflowError, PromptVersion, type ChatMessage, type MlflowClient } from '../../src/index.ts';
import { callPython, type PythonCall } from './backends.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const CHAT: readonly ChatMessage[] = [
  { role: 'system', content: 'You are {{style}}.' },
  { role: 'user', content: 'Grüße an {{ who }} 😀' },
];
const SCHEMA = { type: 'object', properties: { answer: { type: 'string' } } };

describe('prompts on a real server', () => {
  const mlflow = requireBackend('mlflow');
  const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;
  const client = async (): Promise<MlflowClient> =>
    (await startService({ trackingUri: uri(), experimentName: 'prompts' })).client();

  test('are read by Python as our client made them', async () => {
    const ours = await client();
    await ours.registerPrompt('hello', 'Hello {{name}}!', { commitMessage: 'first', tags: { team: 'a' } });
    const second = await ours.registerPrompt('hello', CHAT, {
      commitMessage: 'as a chat',
      tags: { team: 'b' },
      responseFormat: SCHEMA,
      modelConfig: { modelName: 'gpt', temperature: 0.5, extraParams: { seed: 7 } },
    });
    expect(second).toMatchObject({ version: 2, uri: 'prompts:/hello/2', variables: ['style', 'who'] });
    await ours.setPromptAlias('hello', 'live', 2);
    await ours.setPromptVersionTag('hello', 1, 'judged', 'well');
    await ours.setPromptVersionTag('hello', 1, 'gone', 'soon');
    await ours.deletePromptVersionTag('hello', 1, 'gone');
    await ours.createPrompt('empty', { description: 'nothing yet', tags: { t: 'x' } });
    const run = await ours.createRun((await ours.getExperimentByName('prompts'))?.experimentId ?? '');
    await ours.linkPromptVersionToRun(run.info.runId, 'prompts:/hello@live');
    const experimentId = run.info.experimentId;
    const model = await ours.createLoggedModel(experimentId, { name: 'chain' });
    await ours.linkPromptVersionToModel('hello', 2, model.modelId);
    const answers = await callPython(uri(), [
      ['load_prompt', ['prompts:/hello/1']],
      ['load_prompt', ['prompts:/hello@live']],
      ['get_prompt', ['hello']],
      ['search_prompts', [`experiment_id = '${experimentId}'`]],
      ['search_prompt_versions', ['hello']],
      ['get_run', [run.info.runId]],
      ['get_logged_model', [model.modelId]],
      ['search_registered_models', []],
      ['link_prompt_version_to_run', [run.info.runId, 'prompts:/hello/1']],
    ]);
    const [first, live, prompt, found, versions, , logged, models] = answers.map((answer) =>
      'value' in answer ? answer.value : answer,
    );
    expect(first).toMatchObject({
      template: 'Hello {{name}}!',
      commit_message: 'first',
      tags: { team: 'a', judged: 'well' },
      variables: ['name'],
      is_text_prompt: true,
    });
    expect(live).toMatchObject({
      version: 2,
      template: CHAT,
      response_format: SCHEMA,
      model_config: { model_name: 'gpt', temperature: 0.5, seed: 7 },
      aliases: ['live'],
      variables: ['style', 'who'],
    });
    expect(prompt).toMatchObject({
      name: 'hello',
      description: 'first',
      tags: { team: 'b', _mlflow_experiment_ids: expect.stringContaining(`,${experimentId},`) as unknown },
    });
    expect(found).toMatchObject([{ name: 'hello' }]);
    expect(versions).toMatchObject([{ version: 2 }, { version: 1 }]);
    expect(models).toEqual([]);
    expect(logged).toMatchObject({ tags: { 'mlflow.linkedPrompts': '[{"name": "hello", "version": "2"}]' } });
    const linked = (await ours.getRun(run.info.runId)).data.tags['mlflow.linkedPrompts'];
    expect(JSON.parse(linked ?? '')).toEqual([
      { name: 'hello', version: '2' },
      { name: 'hello', version: '1' },
    ]);
    await ours.deletePromptVersion('hello', 1);
    await ours.deletePromptAlias('hello', 'live');
    await ours.deletePrompt('empty');
    const [gone, left, none] = await callPython(uri(), [
      ['load_prompt', ['prompts:/hello/1'], { allow_missing: true }],
      ['load_prompt', ['hello']],
      ['get_prompt', ['empty']],
    ]);
    expect([gone, none]).toEqual([{ value: null }, { value: null }]);
    expect(left).toMatchObject({ value: { version: 2, aliases: [] } });
  });

  test('are read by our client as Python made them, and filled as Python fills them', async () => {
    const ours = await client();
    const made = await callPython(uri(), [
      ['register_prompt', ['python.one', 'Hi {{name}}, {{ n }} times'], { commit_message: 'c', tags: { k: 'v' } }],
      [
        'register_prompt',
        ['python.one', CHAT],
        { response_format: SCHEMA, model_config: { model_name: 'gpt', max_tokens: 5, seed: 7 } },
      ],
      ['set_prompt_alias', ['python.one', 'live', 1]],
      ['create_prompt', ['python.two'], { description: 'd' }],
      ['create_prompt_version', ['python.two', 'x'], { description: 'e' }],
    ]);
    expect(made.filter((answer) => !('value' in answer))).toEqual([]);
    const first = await ours.loadPrompt('prompts:/python.one@live');
    expect(first).toBeInstanceOf(PromptVersion);
    expect(first).toMatchObject({ version: 1, commitMessage: 'c', tags: { k: 'v' }, aliases: ['live'] });
    expect(first?.format({ name: 'Ada', n: 2 })).toBe('Hi Ada, 2 times');
    const second = await ours.loadPrompt('python.one');
    expect(second).toMatchObject({
      version: 2,
      template: CHAT,
      responseFormat: SCHEMA,
      modelConfig: { modelName: 'gpt', maxTokens: 5, extraParams: { seed: 7 } },
    });
    expect(second?.format({ style: 'brief', who: 'Ada' })).toEqual([
      { role: 'system', content: 'You are brief.' },
      { role: 'user', content: 'Grüße an Ada 😀' },
    ]);
    expect(await ours.loadPrompt('python.two')).toMatchObject({ template: 'x', commitMessage: 'e' });
    expect(
      (await ours.searchPrompts({ filterString: "name LIKE 'python.%'", orderBy: ['name'] }).all()).map(
        ({ name }) => name,
      ),
    ).toEqual(['python.one', 'python.two']);
    expect(
      (await ours.searchPromptVersions('python.one', { maxResults: 1 }).all()).map(({ version }) => version),
    ).toEqual([2, 1]);
  });

  test('are linked to a trace, as Python links them', async () => {
    const service = await startService({ trackingUri: uri(), experimentName: 'traced prompts' });
    const ours = service.client();
    await service.runContext('ask', () => undefined);
    await service.flush();
    const experimentId = (await ours.getExperimentByName('traced prompts'))?.experimentId ?? '';
    const [trace] = await ours.searchTraces({ locations: [experimentId] }).all();
    const traceId = trace?.info.traceId ?? '';
    const first = await ours.registerPrompt('traced', 'Hi {{name}}');
    const second = await ours.registerPrompt('traced', 'Hello {{name}}');
    await ours.linkPromptVersionsToTrace([first, second], traceId);
    await ours.linkPromptVersionsToTrace([first], traceId);
    const { info } = await ours.getTrace(traceId);
    expect(JSON.parse(info.tags['mlflow.linkedPrompts'] ?? '')).toEqual([
      { name: 'traced', version: '1' },
      { name: 'traced', version: '2' },
    ]);
    const absent = ours.linkPromptVersionsToTrace([first], 'tr-absent');
    await expect(absent).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
  });

  test('fail alike for both', async () => {
    const ours = await client();
    await ours.createRegisteredModel('a.model');
    await ours.registerPrompt('there', 'x');
    const calls: readonly (readonly [keyof MlflowClient, string, readonly unknown[]])[] = [
      ['registerPrompt', 'register_prompt', ['a.model', 'x']],
      ['registerPrompt', 'register_prompt', ['a b', 'x']],
      ['loadPrompt', 'load_prompt', ['absent']],
      ['loadPrompt', 'load_prompt', ['prompts:/absent/1']],
      ['loadPrompt', 'load_prompt', ['prompts:/there/9']],
      ['loadPrompt', 'load_prompt', ['prompts:/there@absent']],
      ['loadPrompt', 'load_prompt', ['prompts:/there']],
      ['loadPrompt', 'load_prompt', ['a.model']],
      ['createPrompt', 'create_prompt', ['there']],
      ['createPrompt', 'create_prompt', ['a.model']],
      ['createPromptVersion', 'create_prompt_version', ['absent', 'x']],
      ['getPromptVersion', 'get_prompt_version', ['there', '9']],
      ['getPromptVersion', 'get_prompt_version', ['a.model', '1']],
      ['deletePromptVersion', 'delete_prompt_version', ['there', '9']],
      ['deletePrompt', 'delete_prompt', ['absent']],
      ['setPromptAlias', 'set_prompt_alias', ['there', 'live', 9]],
      ['setPromptAlias', 'set_prompt_alias', ['there', 'latest', 1]],
      ['setPromptAlias', 'set_prompt_alias', ['there', 'a b', 1]],
      ['setPromptTag', 'set_prompt_tag', ['absent', 'k', 'v']],
      ['setPromptVersionTag', 'set_prompt_version_tag', ['there', '9', 'k', 'v']],
      ['deletePromptVersionTag', 'delete_prompt_version_tag', ['there', '1', 'absent']],
      ['parsePromptUri', 'parse_prompt_uri', ['models:/a/1']],
      ['linkPromptVersionToRun', 'link_prompt_version_to_run', ['absent', 'prompts:/there/1']],
    ];
    const ourAnswers: unknown[] = [];
    for (const [method, , args] of calls) ourAnswers.push([method, await outcomeOf(ours, method, args)]);
    const answers = await callPython(
      uri(),
      calls.map(([, method, args]): PythonCall => [method, args]),
    );
    const theirs = answers.map((answer, index) => [
      calls[index]?.[0],
      'value' in answer ? 'answered' : `${answer.error_code} ${answer.status}`,
    ]);
    expect(ourAnswers).toEqual(theirs);
  });
});

async function outcomeOf(client: MlflowClient, method: keyof MlflowClient, args: readonly unknown[]): Promise<string> {
  // The cast: the names and arguments are those of the table above.
  const call = client[method] as (...given: readonly unknown[]) => Promise<unknown>;
  try {
    await call.call(client, ...args);
    return 'answered';
  } catch (error) {
    if (error instanceof MlflowError) return `${error.errorCode} ${error.status}`;
    throw error;
  }
}
