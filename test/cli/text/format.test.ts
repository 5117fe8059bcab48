// How the command line shows values.
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatNumber,
  formatSize,
  formatTime,
  jsonNumber,
  oneLine,
  widthOf,
} from '../../../src/cli/text/format.ts';
import { layOut } from '../../../src/cli/text/table.ts';

describe('the command line', () => {
  it.each([
    [-5, '0 ms'],
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1 m 00 s'],
    [185_000, '3 m 05 s'],
    [3_599_600, '1 h 00 m'],
    [7_620_000, '2 h 07 m'],
    [86_400_000, '1 d 00 h'],
    [273_600_000, '3 d 04 h'],
  ])('shows %d ms as %s', (durationMs, shown) => {
    expect(formatDuration(durationMs)).toBe(shown);
  });

  it.each([
    [12, '12'],
    [0.123456789, '0.123457'],
    [1e-9, '1e-9'],
    [123456.789, '123457'],
    [9_007_199_254_740_991, '9007199254740991'],
    [1.7976931348623157e308, '1.79769e+308'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
  ])('shows the value %d as %s', (value, shown) => {
    expect(formatNumber(value)).toBe(shown);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [123_456, '123 kB'],
    [5_250_000_000, '5.3 GB'],
    [2e15, '2000 TB'],
  ])('shows %d bytes as %s', (sizeBytes, shown) => {
    expect(formatSize(sizeBytes)).toBe(shown);
  });

  it('shows local time', () => {
    expect(formatTime(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe('2026-01-02 03:04:05');
  });

  it('keeps a stored text from moving the cursor or turning the line round', () => {
    expect(oneLine('a\r\n\tb \u001b[2J\u009b1m \u202exe.txt')).toBe('a b �[2J�1m �xe.txt');
  });

  it('cuts a long text between characters', () => {
    expect(oneLine('👩‍🔬👩‍🔬👩‍🔬👩‍🔬', 3)).toBe('👩‍🔬👩‍🔬…');
    expect(oneLine('abc', 3)).toBe('abc');
  });

  it('says in JSON what JSON cannot', () => {
    expect([1.5, Number.NaN, -Infinity].map(jsonNumber)).toEqual([1.5, 'NaN', '-Infinity']);
  });
});

describe('a table', () => {
  it('aligns columns by what a terminal shows, without spaces at the end', () => {
    const text = layOut([
      ['NAME', 'ID'],
      ['模型', '1'],
      [{ text: 'a', paint: (padded) => `<${padded}>` }, ''],
    ]);
    expect(text).toBe('NAME  ID\n模型  1\n<a   >');
    expect(widthOf('模型')).toBe(4);
  });
});
