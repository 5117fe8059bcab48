import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFile, parseString } from '../../../src/config/language/parse-text.ts';
import type { ParseOptions } from '../../../src/config/language/parse-text.ts';
import { errorOf, wordsOf } from './error-of.ts';

describe('a YAML text', () => {
  it.each<[string, unknown]>([
    ['1e3', 1000],
    ['1_0e3', 10000],
    ['1_000', 1000],
    ['1_', 1],
    ['09', '09'],
    ['0_7', 7],
    ['-0x1F', -31],
    ['0x_', '0x_'],
    ['190:20:30', 685230],
    ['1:30.5', 90.5],
    ['-.inf', -Infinity],
    ['+.5', '+.5'],
    ['nan', 'nan'],
    ['Off', false],
    ['1e400', Infinity],
    ['9007199254740993', 9007199254740993n],
    ['-0', 0],
    ['!!float 3', 3],
    ['!!int "3"', 3],
    ['!!bool yes', true],
    ['!!null x', null],
    ['!!str yes', 'yes'],
    ['! yes', 'yes'],
    ['|\n  yes\n', 'yes\n'],
    ['&x [1]\nb: *x', [1]],
  ])('reads %s as OmegaConf does', (text, value) => {
    expect(parseString(`a: ${text}`)).toMatchObject({ a: value });
  });

  it('merges by <<: its own keys first, then the mappings in their order', () => {
    const text = 'x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}';
    expect(parseString(text)).toMatchObject({ z: { a: 1, b: 1, c: 3 } });
  });

  it('makes a copy of what an alias stands for', () => {
    const config = parseString('a: &x {n: 1}\nb: *x') as Readonly<Record<string, unknown>>;
    expect(config['b']).toEqual(config['a']);
    expect(config['b']).not.toBe(config['a']);
  });

  it('has keys that are texts: numbers and booleans as they are written shortest', () => {
    expect(parseString('0x10: a\ntrue: b\n1.50: c')).toEqual({ 16: 'a', true: 'b', 1.5: 'c' });
  });

  it('may be JSON with tabs and a last comma, and may begin with a byte order mark', () => {
    expect(parseString('\u{FEFF}{\n\t"a": "\\ud83d\\ude00\\/",\n\t"b": [1,\n\t\t2],\n}', { format: 'json' })).toEqual({
      a: '😀/',
      b: [1, 2],
    });
  });

  it.each<[string, string]>([
    ['a: 1\nb: {c: 1, c: hunter2}', "Cannot use 'text:2:11' at 'b.c': the key is there twice. Keep one."],
    ['1: a\n"1": hunter2', "'text:2:1' at '1': the key is there twice"],
    ['a:\n  - x\n  - !foo hunter2', "'text:3:10' at 'a[1]': its tag is unknown"],
    ['a: !!int hunter2', "'text:1:10' at 'a': its tag is unknown, or its value is not what the tag says"],
    ['a: !!set {hunter2}', "at 'a': its tag is unknown"],
    ['a: *hunter', "'text:1:4' at 'a': there is no such anchor"],
    ['a: &x [*x]', "'text:1:8' at 'a[0]': it contains itself"],
    ['? [hunter2]\n: 1', "'text:1:3': a key is no text, number or boolean. Quote it."],
    ['~: hunter2', 'a key is no text'],
    ['a: {<<: hunter2}', "'<<' merges mappings only"],
    ['a: =', 'a lone = has no meaning'],
    ['%hunter2', 'it is not well-formed YAML'],
    ['a: hunter2\n---\nb: 1', "'text:2:1': a second document begins"],
    ['5', "Cannot use 'text': it is a single value"],
    ['__proto__: {hunter2: 1}', "at '__proto__': a key may not be '__proto__'"],
    ['a: {"__proto__": 1}', "at 'a.__proto__'"],
  ])('%j is refused with its place, without its values', (text, message) => {
    const error = errorOf(() => parseString(text));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(message);
    expect(wordsOf(error)).not.toContain('hunter2');
  });

  it('names the text as its caller does, with line and column as details', () => {
    const error = errorOf(() => parseString('a: 1\nb: [', { name: 'argument 2' }));
    expect(error.message).toMatch(/^Cannot use 'argument 2:2:\d+': it is not well-formed YAML/);
    expect(error.details).toMatchObject({ file: 'argument 2', line: 2 });
  });
});

describe('a TOML text', () => {
  const toml = (text: string): unknown => parseString(text, { format: 'toml' });

  it('is read to the same values', () => {
    expect(
      toml('a = 1\nb = 1979-05-27T07:32:00Z\nc = 07:32:00\nd = 1979-05-27\n[e]\nf = [1.5, inf]\n[[g]]\nh = true'),
    ).toEqual({
      a: 1,
      b: '1979-05-27T07:32:00.000Z',
      c: '07:32:00.000',
      d: '1979-05-27',
      e: { f: [1.5, Infinity] },
      g: [{ h: true }],
    });
    expect(toml('a = 9007199254740993')).toEqual({ a: 9007199254740993n });
    expect(toml('')).toEqual({});
  });

  it.each([
    ['a = "hunter2', "'text:1:5': it is not well-formed TOML. Mend that line."],
    ['a = 1\na = "hunter2"', "'text:2:1': it is not well-formed TOML"],
    [`a = ${'['.repeat(5000)}`, 'it is not well-formed TOML'],
    ['"__proto__" = 1', "a key may not be '__proto__'"],
  ])('%j is refused with its place, without its values', (text, message) => {
    const error = errorOf(() => toml(text));
    expect(error.message).toContain(message);
    expect(wordsOf(error)).not.toContain('hunter2');
  });
});

describe('a file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runspan-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a.yaml', 'a: yes'],
    ['a.YML', 'a: on'],
    ['a.json', '{"a": true}'],
    ['a.toml', 'a = true'],
  ])('is read by what its name ends in: %s', (name, text) => {
    writeFileSync(join(folder, name), text);
    expect(parseFile(join(folder, name))).toEqual({ a: true });
    expect(parseFile(pathToFileURL(join(folder, name)))).toEqual({ a: true });
  });

  it('may be empty or a word alone, and say its format', () => {
    writeFileSync(join(folder, 'a.conf'), 'verbose');
    expect(parseFile(join(folder, 'a.conf'), { format: 'yaml' })).toEqual({ verbose: null });
    writeFileSync(join(folder, 'b.yaml'), '# nothing');
    expect(parseFile(join(folder, 'b.yaml'))).toEqual({});
  });

  it.each<[string, string]>([
    ['no.yaml', 'there is no such file. Make it, or name another.'],
    ['folder.yaml', 'it is no file'],
    ['a.ini', 'its name does not end in .yaml, .yml, .json or .toml. Rename it.'],
    ['latin.yaml', 'it is not UTF-8'],
    ['large.json', 'it is larger than 1 MiB'],
  ])('%s is refused by its name', (name, message) => {
    mkdirSync(join(folder, 'folder.yaml'));
    writeFileSync(join(folder, 'latin.yaml'), new Uint8Array([0xe9]));
    writeFileSync(join(folder, 'large.json'), ' '.repeat(1024 * 1024 + 1));
    const error = errorOf(() => parseFile(join(folder, name)));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(`Cannot use '${join(folder, name)}': ${message}`);
  });
});

describe('what is no text', () => {
  it.each<[string, () => unknown]>([
    ['a number', () => parseString(5 as never)],
    ['an unknown format', () => parseString('', { format: 'ini' } as unknown as ParseOptions)],
    ['a path that is none', () => parseFile(undefined as never)],
    ['a URL of the web', () => parseFile(new URL('https://example.com/a.yaml'))],
  ])('is refused by an error of ours: %s', (_, action) => {
    expect(errorOf(action).code).toBe('INVALID_CONFIG');
  });
});
