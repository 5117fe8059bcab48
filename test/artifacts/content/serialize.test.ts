import { describe, expect, test } from 'vitest';
import { parseDict, serializeDict } from '../../../src/artifacts/content/serialize.ts';

/** What YAML 1.1, which PyYAML reads, would take for something else where it stands plain. */
const ODD = [
  'no',
  'y',
  'on',
  'Null',
  '~',
  '1',
  '017',
  '1_000',
  '12:30:45',
  '2026-01-01',
  '1e-7',
  '.inf',
  '<<',
  '=',
  '',
];

describe('serializeDict', () => {
  test('quotes what readers of YAML 1.1 would take for something else', () => {
    for (const text of ODD) expect(serializeDict({ key: text }, 'a.yaml')).toBe(`key: "${text}"\n`);
    expect(serializeDict({ no: 1, '=': 2, '<<': 3 }, 'a.yaml')).toBe('"no": 1\n"=": 2\n"<<": 3\n');
  });

  test('leaves plain what is plain, and lists where Python has them', () => {
    const text = serializeDict({ rows: 442, names: ['a', 'ü b'], nested: { yes: true, none: null } }, 'a.yml');
    expect(text).toBe('rows: 442\nnames:\n- a\n- ü b\nnested:\n  "yes": true\n  none: null\n');
  });

  test('gives powers of ten the dot without which YAML 1.1 has texts', () => {
    expect(serializeDict([1e21, -1e-9, 1.5e-10, 0.5], 'a.yaml')).toBe('- 1.0e+21\n- -1.0e-9\n- 1.5e-10\n- 0.5\n');
  });

  test('is read back as it was', () => {
    const value = { ODD, 'a\tb': 'two\nlines\n', long: 'x '.repeat(100), '😀': [{}, []], number: 1e-7, big: 2 ** 60 };
    expect(parseDict(serializeDict(value, 'a.YAML'), 'a.yaml')).toEqual(value);
    expect(parseDict(serializeDict(value, 'a.json'), 'a.json')).toEqual(value);
  });
});
