// The URIs of models, prompts and runs: read as Python reads them, and written back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatModelUri, formatRunsUri, isModelUri, isRunsUri } from '../../src/model/model-uri.ts';
import { parseModelUri, parsePromptUri, parseRunsUri, type ModelUri } from '../../src/model/model-uri.ts';

const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[/@]/.test(text) && text.trim() !== '');
const digits = fc.nat().map(String);

describe('a models:/ URI', () => {
  it.each<[string, ModelUri]>([
    ['models:/churn/3', { kind: 'version', name: 'churn', version: '3' }],
    ['models:///churn/3', { kind: 'version', name: 'churn', version: '3' }],
    ['models:/churn@champion', { kind: 'alias', name: 'churn', alias: 'champion' }],
    ['models:/a@b@champion', { kind: 'alias', name: 'a@b', alias: 'champion' }],
    ['models:/a@b/1', { kind: 'version', name: 'a@b', version: '1' }],
    ['models:/churn/Production', { kind: 'stage', name: 'churn', stage: 'Production' }],
    ['models:/churn/LATEST', { kind: 'latest', name: 'churn' }],
    ['models:/m-0123456789abcdef0123456789abcdef', { kind: 'model', modelId: 'm-0123456789abcdef0123456789abcdef' }],
  ])('%s is read', (uri, parsed) => expect(parseModelUri(uri)).toEqual(parsed));

  it.each([
    'models:/',
    'models:churn/1',
    'models://host/churn/1',
    'models:/churn/',
    'models:/ /1',
    'models:/churn/1/2',
    'models:/churn@',
    'models:/@champion',
    'runs:/churn/1',
    'churn',
    '',
  ])('%j is none', (uri) => {
    expect(() => parseModelUri(uri)).toThrow(
      expect.objectContaining({ errorCode: 'INTERNAL_ERROR', status: 500, isRetryable: false }),
    );
  });

  it('is read back as it was written', () => {
    const any: fc.Arbitrary<ModelUri> = fc.oneof(
      fc.record({ kind: fc.constant('model'), modelId: word }),
      fc.record({ kind: fc.constant('version'), name: word, version: digits }),
      fc.record({ kind: fc.constant('alias'), name: word, alias: word }),
      fc.record({
        kind: fc.constant('stage'),
        name: word,
        stage: word.filter((text) => !/^\d+$|^latest$/i.test(text)),
      }),
      fc.record({ kind: fc.constant('latest'), name: word }),
    );
    fc.assert(
      fc.property(any, (uri) => {
        expect(parseModelUri(formatModelUri(uri))).toEqual(uri);
      }),
    );
  });

  it('is never written as another one', () => {
    const any = fc.string();
    fc.assert(
      fc.property(any, any, (name, version) => {
        const uri: ModelUri = { kind: 'version', name, version };
        let written: string;
        try {
          written = formatModelUri(uri);
        } catch (error) {
          expect(error).toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
          return;
        }
        expect(parseModelUri(written)).toEqual(uri);
      }),
    );
  });

  it('is told from others by its scheme', () => {
    expect(isModelUri('models:/a')).toBe(true);
    expect(isModelUri('/models:/a')).toBe(false);
    expect(isRunsUri('runs:/a')).toBe(true);
  });
});

describe('a prompts:/ URI', () => {
  it('names a version or an alias', () => {
    expect(parsePromptUri('prompts:/greeting/2')).toEqual({ kind: 'version', name: 'greeting', version: '2' });
    expect(parsePromptUri('prompts:/greeting@live')).toEqual({ kind: 'alias', name: 'greeting', alias: 'live' });
  });

  it.each([
    ['prompts:/greeting', 'INVALID_PARAMETER_VALUE'],
    ['prompts:/greeting/latest', 'INTERNAL_ERROR'],
    ['prompts:/greeting/', 'INTERNAL_ERROR'],
    ['models:/greeting/1', 'INTERNAL_ERROR'],
    ['prompts:/a/1/2', 'INTERNAL_ERROR'],
  ])('%s is none', (uri, errorCode) =>
    expect(() => parsePromptUri(uri)).toThrow(expect.objectContaining({ errorCode })),
  );
});

describe('a runs:/ URI', () => {
  it.each([
    ['runs:/r/model', { runId: 'r', path: 'model' }],
    ['runs:/r/a/b c', { runId: 'r', path: 'a/b c' }],
    ['runs:/r', { runId: 'r', path: '' }],
    ['runs:/r/', { runId: 'r', path: '' }],
  ])('%s is read', (uri, parsed) => expect(parseRunsUri(uri)).toEqual(parsed));

  it.each(['runs:/', 'runs:r/model', 'models:/r/1', 'runs://host/r'])('%s is none', (uri) =>
    expect(() => parseRunsUri(uri)).toThrow(expect.objectContaining({ errorCode: 'INTERNAL_ERROR' })),
  );

  it('is read back as it was written', () => {
    const path = fc.array(word).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(word, path, (runId, below) => {
        const uri = { runId, path: below };
        expect(parseRunsUri(formatRunsUri(uri))).toEqual(uri);
      }),
    );
    expect(() => formatRunsUri({ runId: 'a/b', path: '' })).toThrow(/no run id/);
  });
});
