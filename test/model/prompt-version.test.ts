// Prompts: filled as Python fills them, and their configuration under MLflow's names.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromptVersion } from '../../src/model/prompt-version.ts';
import { fromWireConfig, toWireConfig, type PromptModelConfig, type PromptTemplate } from '../../src/model/prompts.ts';
import { toPythonJson } from '../../src/model/python-json.ts';

function prompt(template: PromptTemplate): PromptVersion {
  const times = { creationTimeMs: 1, lastUpdateTimeMs: 2 };
  return new PromptVersion({
    name: 'greeting',
    version: 3,
    template,
    commitMessage: '',
    tags: {},
    aliases: [],
    userId: '',
    ...times,
  });
}

describe('a prompt', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['Hello {{name}}!', { name: 'Ada' }, 'Hello Ada!'],
    ['{{ name }}{{name}}{{\tname\n}}', { name: 'x' }, 'xxx'],
    ['{{a.b}} {{_c1}}', { 'a.b': 1, _c1: false }, '1 false'],
    ['{{a}}', { a: { b: [1, 'ü'] } }, '{"b":[1,"ü"]}'],
    ['{{a}}', { a: null }, 'null'],
    ['{{a}}', { a: 'C:\\users\\$1 $& \\u0041' }, 'C:\\users\\$1 $& \\u0041'],
    ['{{a}} {{b}}', { a: '{{b}}', b: 'secret' }, '{{b}} secret'],
    ['{name} {{1a}} {{a-b}} {{ }}', {}, '{name} {{1a}} {{a-b}} {{ }}'],
    ['none', { unused: 1 }, 'none'],
  ])('%s is filled', (template, values, text) => expect(prompt(template).format(values)).toBe(text));

  it('of a chat is filled message by message', () => {
    const parts = [{ type: 'image_url', image_url: { url: 'u' } }];
    const chat = prompt([
      { role: 'system', content: 'You are {{style}}.' },
      { role: 'user', content: '{{question}}', name: 'kept' },
      { role: 'user', content: parts },
    ]);
    expect(chat.isTextPrompt).toBe(false);
    expect(chat.variables).toEqual(['question', 'style']);
    expect(chat.format({ style: 'brief', question: 'Why?' })).toEqual([
      { role: 'system', content: 'You are brief.' },
      { role: 'user', content: 'Why?', name: 'kept' },
      { role: 'user', content: parts },
    ]);
    expect(chat.toSingleBraceFormat()).toMatchObject([{ content: 'You are {style}.' }, { content: '{question}' }, {}]);
  });

  it('with a value missing is refused, or filled in part', () => {
    const two = prompt('{{a}} {{b}}');
    expect(() => two.format({ a: 1, b: undefined })).toThrow(
      expect.objectContaining({ errorCode: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining('b') }),
    );
    const part = two.format({ a: 1 }, { allowPartial: true });
    expect(part).toBeInstanceOf(PromptVersion);
    expect(part).toMatchObject({
      name: 'greeting',
      version: 3,
      template: '1 {{b}}',
      variables: ['b'],
      uri: 'prompts:/greeting/3',
    });
    expect(two.format({ a: 1, b: 2 }, { allowPartial: true })).toBe('1 2');
    expect(() => prompt('{{constructor}}').format({})).toThrow(/Missing/);
  });

  it('of Jinja2 is refused', () => {
    expect(() => prompt('{% if a %}x{% endif %}').format({})).toThrow(
      expect.objectContaining({ code: 'NOT_SUPPORTED' }),
    );
    expect(() => prompt([{ role: 'user', content: '{% a %}' }]).format({})).toThrow(/Jinja2/);
  });

  it('never reads a value as a template', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(prompt('<{{a}}|{{b}}>').format({ a, b })).toBe(`<${a}|${b}>`);
      }),
    );
  });
});

describe('the configuration of a model', () => {
  const config: PromptModelConfig = {
    provider: 'openai',
    modelName: 'gpt',
    temperature: 0,
    maxTokens: 10,
    topP: 1,
    topK: 3,
    frequencyPenalty: -1,
    presencePenalty: 2,
    stopSequences: ['END'],
    extraParams: { seed: 7 },
  };

  it('stands under MLflow’s names, and is read back', () => {
    const wire = toWireConfig(config);
    expect(wire).toEqual({
      provider: 'openai',
      model_name: 'gpt',
      temperature: 0,
      max_tokens: 10,
      top_p: 1,
      top_k: 3,
      frequency_penalty: -1,
      presence_penalty: 2,
      stop_sequences: ['END'],
      seed: 7,
    });
    expect(fromWireConfig(wire)).toEqual(config);
    expect(fromWireConfig({ temperature: 'hot' })).toEqual({ extraParams: { temperature: 'hot' } });
  });

  it.each<Record<string, unknown>>([
    { temperature: -1 },
    { temperature: NaN },
    { maxTokens: 0 },
    { maxTokens: 1.5 },
    { topP: 1.1 },
    { topK: -1 },
    { stopSequences: 'END' },
    { modelName: 7 },
    { seed: 7 },
  ])('%j is refused', (bad) => {
    expect(() => toWireConfig(bad)).toThrow(expect.objectContaining({ errorCode: 'INVALID_PARAMETER_VALUE' }));
  });
});

describe('JSON as Python writes it', () => {
  it('has blanks, and ASCII alone', () => {
    expect(toPythonJson({ a: [1, 'ü\n\u007f😀', null, true], 'ö"': {}, left: undefined })).toBe(
      '{"a": [1, "\\u00fc\\n\\u007f\\ud83d\\ude00", null, true], "\\u00f6\\"": {}}',
    );
    expect(toPythonJson([])).toBe('[]');
  });

  it('is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(toPythonJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
