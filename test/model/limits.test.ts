import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { countCodePoints, isValidKey, takeCodePoints } from '../../src/model/limits.ts';

describe('isValidKey', () => {
  // Each row was answered by MLflow 3.17.2's own validation (mlflow/utils/validation.py).
  it.each(['loss', 'val/loss', ' a', 'a:b', 'a-b.c_d', 'é', '日本', '½', 'Ⅷ', 'a/..b', 'a..', '.a', 'a'.repeat(250)])(
    'takes %j',
    (key) => {
      expect(isValidKey(key)).toBe(true);
    },
  );

  it.each(
    [
      '',
      '.',
      '..',
      '..a',
      '/a',
      'a/',
      'a//b',
      './a',
      'a/./b',
      'a/../b',
      'a,b',
      'a=b',
      'a@b',
      'a#b',
      'a%',
      '(a)',
      '[a]',
    ].concat([
      'a\\b',
      'a*',
      'a\nb',
      '🙂',
      'a~b',
      'e\u0301',
      '\uD800',
      '\u{31350}',
      '\u{A7CB}',
      'a'.repeat(251),
      '日'.repeat(251),
    ]),
  )('refuses %j', (key) => {
    expect(isValidKey(key)).toBe(false);
  });

  it('counts code points, not UTF-16 units', () => {
    expect(isValidKey('𝒳'.repeat(250))).toBe(true);
    expect(isValidKey('𝒳'.repeat(251))).toBe(false);
  });
});

describe('code points', () => {
  it('are counted and taken as Python and the string iterator do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, count) => {
        expect(countCodePoints(text)).toBe(Array.from(text).length);
        expect(takeCodePoints(text, count)).toBe(Array.from(text).slice(0, count).join(''));
      }),
    );
  });
});
