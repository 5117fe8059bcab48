// JSON that loses nothing of what Python writes.
import { describe, expect, it } from 'vitest';
import { parseExact, writeExact } from '../../../src/rest/wire/exact-json.ts';

describe('parseExact', () => {
  it('gives an integer that a number cannot hold as a bigint, and any other number as a number', () => {
    const text =
      '{"max":9223372036854775807,"min":-9007199254740993,"safe":9007199254740991,"double":1e300,"f":0.1234567890123456}';
    expect(parseExact(text)).toEqual({
      max: 9_223_372_036_854_775_807n,
      min: -9_007_199_254_740_993n,
      safe: Number.MAX_SAFE_INTEGER,
      double: 1e300,
      f: 0.123_456_789_012_345_6,
    });
  });

  it('leaves digits in a text alone', () => {
    expect(parseExact('["1234567890123456789","NaN",123456789012345678]')).toEqual([
      '1234567890123456789',
      'NaN',
      123_456_789_012_345_678n,
    ]);
  });

  it("reads Python's words for what is no number of JSON, but not within texts", () => {
    expect(parseExact('[NaN, -Infinity, {"a": Infinity, "b": "\\"NaN, -Infinity"}, 18446744073709551615]')).toEqual([
      NaN,
      -Infinity,
      { a: Infinity, b: '"NaN, -Infinity' },
      18_446_744_073_709_551_615n,
    ]);
  });

  it.each(['', '[NaNo]', '{"NaN"', '-NaN', 'nope'])('refuses %j', (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError);
  });
});

describe('writeExact', () => {
  it('writes what parseExact reads again', () => {
    const value = { big: -(2n ** 62n), nan: NaN, list: [Infinity, -Infinity, 'NaN', null, 1.5], nested: { ok: true } };
    const text = writeExact(value);
    expect(text).toBe(
      '{"big":-4611686018427387904,"nan":NaN,"list":[Infinity,-Infinity,"NaN",null,1.5],"nested":{"ok":true}}',
    );
    expect(parseExact(text ?? '')).toEqual(value);
  });

  it('leaves out what JSON.stringify leaves out', () => {
    expect(writeExact({ a: undefined, b: () => 1, c: [undefined] })).toBe('{"c":[null]}');
    expect(writeExact(undefined)).toBeUndefined();
  });
});
