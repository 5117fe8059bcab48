// The mirror between a run's span and its MLflow run: laws and the rule's rows.
import type { Attributes } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_MIRRORED_BACK, mirrorAttributes, mirrorBack } from '../../../src/otel/run/mirror.ts';
import { isSemanticConvention } from '../../../src/otel/semantic-conventions.ts';

const keys = fc.oneof(
  fc.string({ minLength: 1 }),
  fc
    .tuple(
      fc.constantFrom('param.', 'tag.', 'metric.', 'mlflow.', 'runspan.', 'http.', 'service.', 'host.', 'train.'),
      fc.string({ minLength: 1 }),
    )
    .map((parts) => parts.join('')),
);
const values = fc.oneof(
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.array(fc.string()),
  fc.constant(null),
  fc.jsonValue(),
) as fc.Arbitrary<Attributes[string]>;
const attributeSets = fc.dictionary(keys, values);

describe('mirrorAttributes', () => {
  test('sends prefixed keys where they say, conventions to tags and the rest to params', () => {
    expect(
      mirrorAttributes({
        lr: 0.1,
        optimizer: 'adam',
        isWarm: true,
        layers: [64, 32],
        nothing: null,
        gone: undefined,
        'param.depth': 3,
        'tag.stage': 'dev',
        'metric.loss': 0.5,
        'host.name': 'a',
        'http.request.method': 'GET',
        'test.size': 0.2,
        'mlflow.run_id': 'x',
        'runspan.run_key': 'y',
      }),
    ).toEqual({
      params: [
        ['lr', '0.1'],
        ['optimizer', 'adam'],
        ['isWarm', 'true'],
        ['layers', '[64,32]'],
        ['test.size', '0.2'],
        ['depth', '3'],
      ],
      tags: [
        ['host.name', 'a'],
        ['http.request.method', 'GET'],
        ['stage', 'dev'],
      ],
      metrics: [['loss', 0.5]],
      refused: [],
    });
  });

  test('names the attributes that ask to be a metric and hold no number', () => {
    const mirrored = mirrorAttributes({ 'metric.a': '0.5', 'metric.b': NaN, 'metric.c': true });
    expect(mirrored).toEqual({ params: [], tags: [], metrics: [['b', NaN]], refused: ['metric.a', 'metric.c'] });
  });

  test('lets param.x win over x, whichever was set first', () => {
    expect(mirrorAttributes({ 'param.lr': 1, lr: 2 }).params).toEqual([['lr', '1']]);
    expect(mirrorAttributes({ lr: 2, 'param.lr': 1 }).params).toEqual([['lr', '1']]);
  });

  test('survives values that have no JSON', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const odd = { cycle, big: { of: 10n } } as unknown as Attributes;
    expect(mirrorAttributes(odd).params).toEqual([
      ['cycle', '{"self":"[Circular]"}'],
      ['big', '{"of":"10"}'],
    ]);
  });

  test('puts every attribute in exactly one place, with unique keys, and never ours', () => {
    fc.assert(
      fc.property(attributeSets, (attributes) => {
        const { params, tags, metrics, refused } = mirrorAttributes(attributes);
        for (const list of [params, tags, metrics]) expect(new Set(list.map(([key]) => key)).size).toBe(list.length);
        const wanted = Object.entries(attributes).filter(
          ([key, value]) =>
            value !== null && value !== undefined && !key.startsWith('mlflow.') && !key.startsWith('runspan.'),
        );
        const isDoubled = (key: string): boolean =>
          wanted.some(([other]) => other === `param.${key}` || other === `tag.${key}`);
        const singles = wanted.filter(([key]) => !isDoubled(key));
        expect(params.length + tags.length + metrics.length + refused.length).toBe(singles.length);
        for (const [, text] of [...params, ...tags]) expect(typeof text).toBe('string');
      }),
    );
  });

  test('changes nothing it is given and gives the same twice', () => {
    fc.assert(
      fc.property(attributeSets, (attributes) => {
        const before = structuredClone(attributes);
        const first = mirrorAttributes(attributes);
        expect(attributes).toEqual(before);
        expect(mirrorAttributes(attributes)).toEqual(first);
      }),
    );
  });
});

describe('mirrorBack', () => {
  const pairs = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string()), { maxLength: 60 });
  const numbers = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.double()), { maxLength: 60 });

  test('carries metrics, params and the user’s own tags', () => {
    expect(
      mirrorBack({
        metrics: [
          ['loss', 0.5],
          ['bad', NaN],
        ],
        params: new Map([['lr', '0.1']]),
        tags: Object.entries({ stage: 'dev', 'mlflow.user': 'ann', 'runspan.run_key': 'k' }),
      }),
    ).toEqual({
      'mlflow.metric.loss': 0.5,
      'mlflow.metric.bad': 'NaN',
      'mlflow.param.lr': '0.1',
      'mlflow.tag.stage': 'dev',
    });
  });

  test('cuts a text that no dashboard would show', () => {
    const attributes = mirrorBack({ params: [['prompt', 'x'.repeat(6000)]] });
    expect(attributes['mlflow.param.prompt']).toHaveLength(1024);
  });

  test('never carries more than 64 values, and each is mirrored nowhere again', () => {
    fc.assert(
      fc.property(numbers, pairs, pairs, (metrics, params, tags) => {
        const attributes = mirrorBack({ metrics, params, tags });
        expect(Object.keys(attributes).length).toBeLessThanOrEqual(MAX_MIRRORED_BACK);
        expect(mirrorAttributes(attributes)).toEqual({ params: [], tags: [], metrics: [], refused: [] });
        const unique = new Set([...metrics.map(([key]) => `m${key}`), ...params.map(([key]) => `p${key}`)]);
        if (unique.size >= MAX_MIRRORED_BACK) expect(Object.keys(attributes)).toHaveLength(MAX_MIRRORED_BACK);
      }),
    );
  });
});

test('a bare word is no namespace', () => {
  expect(isSemanticConvention('error')).toBe(false);
  expect(isSemanticConvention('.error')).toBe(false);
  expect(isSemanticConvention('error.type')).toBe(true);
  expect(isSemanticConvention('errors.type')).toBe(false);
});
