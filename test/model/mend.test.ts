import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { isValidKey } from '../../src/model/limits.ts';
import {
  mendKey,
  mendKeyApart,
  mendMetricValue,
  mendParamValue,
  mendStep,
  mendTagValue,
  mendTimestamp,
  originalKeyTag,
} from '../../src/model/mend.ts';

/** Texts that lie near MLflow's rule: its own characters, path parts, emoji, halves of pairs. */
const nearKey = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('a', '/', '.', '..', '_', ' ', ':', '~', '@', '🙂', '\uD800', 'é'),
    maxLength: 300,
  }),
);

describe('mendKey', () => {
  it.each([
    ['loss@val', 'loss_val'],
    ['a//b', 'a/b'],
    ['/a', 'a'],
    ['//a', 'a'],
    ['a/', 'a'],
    ['./a', 'a'],
    ['a/./b', 'a/b'],
    ['a/../b', 'b'],
    ['..', '__'],
    ['..a', '__a'],
    ['../a', '__/a'],
    ['../../a', '__/__/a'],
    ['../..', '__/__'],
    ['a/..', '_'],
    ['.', '_'],
    ['/', '_'],
    ['', '_'],
    ['🙂', '_'],
    ['a\nb', 'a_b'],
    ['\uD800', '_'],
  ])('mends %j to %j and hands the original back', (original, key) => {
    expect(mendKey(original)).toEqual({ key, original });
  });

  it('leaves a key of MLflow as it is, without an original', () => {
    expect(mendKey('system/cpu_utilization_percentage')).toEqual({ key: 'system/cpu_utilization_percentage' });
    expect(mendKey('日本:é -')).toEqual({ key: '日本:é -' });
  });

  it('gives a key of its own to an original whose mended key is taken', () => {
    expect([mendKey('a*b').key, mendKey('a?b').key]).toEqual(['a_b', 'a_b']);
    fc.assert(
      fc.property(nearKey, nearKey, (first, second) => {
        fc.pre(first !== second);
        const keys = [mendKeyApart(first).key, mendKeyApart(second).key];
        expect(keys.map(isValidKey)).toEqual([true, true]);
        expect(keys[0]).not.toBe(keys[1]);
        expect(mendKeyApart(first)).toEqual({ key: keys[0], original: first });
      }),
    );
  });

  it('cuts a key over 250 and tells two long ones apart by their hash', () => {
    const first = mendKey(`${'a'.repeat(300)}1`);
    const second = mendKey(`${'a'.repeat(300)}2`);
    expect(first.key).toMatch(/^a{241}-[0-9a-f]{8}$/);
    expect(first.key).not.toBe(second.key);
    expect(mendKey('x'.repeat(5_000_000)).key).toHaveLength(250);
  });

  it('takes keys that are no text', () => {
    expect(mendKey(7).key).toBe('7');
    expect(mendKey(undefined).key).toBe('_');
    expect(mendKey(Symbol('s')).key).toBe('Symbol_s_');
  });

  it('always ends within the rule of MLflow, says what it changed, and is idempotent', () => {
    fc.assert(
      fc.property(nearKey, (text) => {
        const mended = mendKey(text);
        expect(isValidKey(mended.key)).toBe(true);
        expect(mended.original).toBe(mended.key === text ? undefined : text);
        expect(mendKey(mended.key)).toEqual({ key: mended.key });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('originalKeyTag', () => {
  it('keeps the original of a mended key', () => {
    expect(originalKeyTag(mendKey('loss@val'))).toEqual({ key: 'runspan.key.loss_val', value: 'loss@val' });
    expect(originalKeyTag(mendKey('loss'))).toBeUndefined();
  });

  it('is itself within the limits', () => {
    const tag = originalKeyTag(mendKey('@'.repeat(20_000)));
    expect(isValidKey(tag?.key ?? '')).toBe(true);
    expect(tag?.value).toHaveLength(8000);
  });
});

describe('mendMetricValue', () => {
  it('sends NaN and the infinities as texts, and numbers as they are', () => {
    expect([Number.NaN, Infinity, -Infinity, 0.1, -0].map(mendMetricValue)).toEqual([
      'NaN',
      'Infinity',
      '-Infinity',
      0.1,
      -0,
    ]);
  });

  it.each([['1.5'], [10n], [true], [null], [undefined], [{}], [[1]], [new Date(0)], [Symbol('x')]])(
    'refuses %s',
    (value) => {
      expect(mendMetricValue(value)).toBeUndefined();
    },
  );

  it('gives what JSON can say without loss', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const sent: unknown = JSON.parse(JSON.stringify(mendMetricValue(value)));
        expect(Number(sent)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});

describe('mendStep', () => {
  it.each([
    [1.9, 1],
    [-1.9, -1],
    [-0.5, 0],
    [-0, 0],
    [Number.NaN, 0],
    [undefined, 0],
    ['3', 0],
    [5n, 5],
    [2n ** 80n, Number.MAX_SAFE_INTEGER],
    [1e300, Number.MAX_SAFE_INTEGER],
    [Infinity, Number.MAX_SAFE_INTEGER],
    [-Infinity, Number.MIN_SAFE_INTEGER],
  ])('%s becomes %s', (step, sent) => {
    expect(Object.is(mendStep(step), sent)).toBe(true);
  });

  it('is always a safe integer, and idempotent', () => {
    fc.assert(
      fc.property(fc.anything(), (step) => {
        const sent = mendStep(step);
        expect(Number.isSafeInteger(sent)).toBe(true);
        expect(mendStep(sent)).toBe(sent);
      }),
    );
  });
});

describe('mendTimestamp', () => {
  it.each([
    [1_700_000_000_000.7, 1_700_000_000_000],
    [new Date(5), 5],
    [0, 0],
    [Infinity, Number.MAX_SAFE_INTEGER],
    [-1, 42],
    [Number.NaN, 42],
    [new Date(Number.NaN), 42],
    [undefined, 42],
    ['1', 42],
  ])('%s becomes %s', (given, sent) => {
    expect(mendTimestamp(given, 42.9)).toBe(sent);
  });
});

describe('mendParamValue and mendTagValue', () => {
  it('cut at 6000 and 8000 with an ellipsis and keep the whole', () => {
    const whole = 'x'.repeat(9000);
    expect(mendParamValue(whole)).toEqual({ value: `${'x'.repeat(5999)}…`, whole });
    expect(mendTagValue(whole)).toEqual({ value: `${'x'.repeat(7999)}…`, whole });
    expect(mendParamValue('x'.repeat(6000))).toEqual({ value: 'x'.repeat(6000) });
  });

  it('count as the server does: 6000 characters outside the basic plane fit, and none is cut in half', () => {
    expect(mendParamValue('𝒳'.repeat(6000)).whole).toBeUndefined();
    expect(mendParamValue('𝒳'.repeat(6001)).value).toBe(`${'𝒳'.repeat(5999)}…`);
  });

  it('never exceed the limit, and are idempotent', () => {
    const long = fc.string({ unit: 'binary', minLength: 5900, maxLength: 6100, size: 'max' });
    fc.assert(
      fc.property(long, (text) => {
        const { value, whole } = mendParamValue(text);
        expect(Array.from(value).length).toBeLessThanOrEqual(6000);
        expect(whole ?? value).toBe(text);
        expect(mendParamValue(value)).toEqual({ value });
      }),
      { numRuns: 50 },
    );
  });
});
