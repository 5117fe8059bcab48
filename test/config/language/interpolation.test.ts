import { afterEach, describe, expect, it, vi } from 'vitest';
import { mergeConfigs } from '../../../src/config/language/merge.ts';
import { parseString } from '../../../src/config/language/parse-text.ts';
import {
  clearResolver,
  clearResolvers,
  hasResolver,
  registerResolver,
} from '../../../src/config/language/resolvers.ts';
import { toObject } from '../../../src/config/language/to-object.ts';
import { errorOf, wordsOf } from './error-of.ts';

const resolve = (text: string): unknown => toObject(parseString(text));

afterEach(() => {
  clearResolvers();
  vi.unstubAllEnvs();
});

describe('an interpolation', () => {
  it.each<[string, string, unknown]>([
    ['a list from its end', 'a: "${l[-1]}"\nl: [1, 2]', 2],
    ['a key in brackets', 'a: "${[b][c]}"\nb: {c: 1}', 1],
    ['an escaped dot', 'a: "${b\\\\.c}"\nb.c: 1', 1],
    ['a path in a value', 'a: "${${k}}"\nk: b.c\nb: {c: 1}', 1],
    ['a number as a key', 'a: "${b.${k}}"\nk: 1\nb: {1: x}', 'x'],
    ['a variable that a path names', 'a: "${oc.env:${k}}"\nk: RUNSPAN_TEST_HOST', 'db.local'],
    ['through another interpolation', 'a: "${b.c}"\nb: "${d}"\nd: {c: 1}', 1],
    ['relative to where it stands', 'x: {n: 1, m: "${.n}"}\na: "${x}"', { n: 1, m: 1 }],
    [
      'printed as Python does',
      'a: "${b}"\nb: "${l} ${m} ${n}"\nl: [it\'s, yes]\nm: {k: ~}\nn: 1e-7',
      `["it's", True] {'k': None} 1e-07`,
    ],
    ['a literal ???', 'a: \\???', '???'],
    ['in a resolver’s arguments', 'a: "${oc.decode:\'[${b}, {c: x}]\'}"\nb: 1', [1, { c: 'x' }]],
    ['oc.select of nothing', 'a: "${oc.select:x.y}"', null],
    ['oc.select of ???', 'a: "${oc.select:b,7}"\nb: ???', 7],
    ['a default that is null', 'a: "${oc.env:RUNSPAN_TEST_NONE,null}"', null],
  ])('reads %s', (_, text, value) => {
    vi.stubEnv('RUNSPAN_TEST_HOST', 'db.local');
    expect(resolve(text)).toMatchObject({ a: value });
  });

  it('is resolved after the merge, against the merged root', () => {
    const merged = mergeConfigs([parseString('a: ${b}\nb: 1'), { b: 2 }]);
    expect(merged).toEqual({ a: '${b}', b: 2 });
    expect(toObject(merged)).toEqual({ a: 2, b: 2 });
  });

  it('that is replaced by the merge is never looked at, however wrong it is', () => {
    expect(
      toObject(
        mergeConfigs([
          { a: '${nope', b: '${nope:}' },
          { a: 1, b: 2 },
        ]),
      ),
    ).toEqual({ a: 1, b: 2 });
  });

  it('stays a text with resolve: false', () => {
    expect(toObject(parseString('a: ${b}\nb: 1'), { resolve: false })).toEqual({ a: '${b}', b: 1 });
  });

  it('never reads as a template what a variable or a resolver brought', () => {
    vi.stubEnv('RUNSPAN_TEST_HOST', '${oc.env:PATH}');
    registerResolver('brought', () => ({ x: '${oc.env:PATH}' }));
    expect(resolve('a: ${oc.env:RUNSPAN_TEST_HOST}\nb: ${a}!\nc: ${brought:}\nd: "${oc.create:{x:${a}}}"')).toEqual({
      a: '${oc.env:PATH}',
      b: '${oc.env:PATH}!',
      c: { x: '${oc.env:PATH}' },
      d: { x: '${oc.env:PATH}' },
    });
  });

  it.each<[string, string, string]>([
    ['a circle', 'x: {a: "${x.b}", b: "${.a}"}', "at 'x.a': its interpolation leads back to itself. Break the circle."],
    ['a circle through a mapping', 'a: {x: "${b}"}\nb: {y: "${a}"}', 'it contains itself'],
    ['its own parent', 'a: {x: "${a}"}', "at 'a.x': it contains itself"],
    [
      'a missing key',
      'job: {inputs: [{path: "${data.nope}"}]}\ndata: {}',
      "at 'job.inputs[0].path': there is no 'data.nope'",
    ],
    ['a missing relative key', 'a: {b: "${.c}"}', "at 'a.b': there is no '.c'"],
    ['a key of a scalar', 'a: ${b.c.d}\nb: 1', "at 'a': there is no 'b.c'"],
    ['an index beyond', 'a: "${l[2]}"\nl: [1]', "there is no 'l.2'"],
    ['too many dots', 'a: {b: "${....c}"}', "at 'a.b': '....c' leads out of the configuration"],
    [
      'a value not given',
      'a: ${b}\nb: ???',
      "at 'a': 'b' is '???', which somebody still has to give. Give it a value.",
    ],
    [
      'an unknown resolver',
      'a: {b: "${nope:1}"}',
      "at 'a.b': there is no resolver 'nope'. Register it, or mend its name.",
    ],
    ['a variable not set', 'a: ${oc.env:RUNSPAN_TEST_NONE}', "the variable 'RUNSPAN_TEST_NONE' is not set"],
    ['nothing inside', 'a: ${}', "at 'a': its interpolation is not well-formed at character 3. Write a key there"],
    ['no end', 'a: "${b"', 'is not well-formed at character 4. Write } there'],
    ['a character that needs quotes', 'a: "${oc.env:X,é}"', 'is not well-formed at character 12'],
    ['a key of an object’s class', 'a: ${b.constructor}\nb: {}', "there is no 'b.constructor'"],
    ['oc.dict.keys of a list', 'a: ${oc.dict.keys:b}\nb: [1]', "'oc.dict.keys' takes the path of a mapping"],
    ['oc.dict.values with ???', 'a: ${oc.dict.values:b}\nb: {c: ???}', "there is no 'b.c' for 'oc.dict.values'"],
    ['oc.deprecated of nothing', 'a: ${oc.deprecated:b}', "there is no 'b' for 'oc.deprecated'"],
    ['arguments of another kind', 'a: ${oc.env:1}', "'oc.env' takes a text and at most one more argument"],
  ])('is refused with the path: %s', (_, text, message) => {
    const error = errorOf(() => resolve(text));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(message);
    expect(error.details['path']).toEqual(expect.any(String));
  });

  it('names the line it was read from, also after a merge', () => {
    const merged = mergeConfigs([
      parseString('a:\n  b: 1', { name: 'base' }),
      parseString('a:\n  b: ${nope}', { name: 'over' }),
    ]);
    expect(errorOf(() => toObject(merged)).message).toMatch(/^Cannot use 'over:2:6' at 'a\.b': there is no 'nope'/);
  });

  it('warns of what is deprecated, with the old and the new key', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    expect(
      resolve(
        'old: ${oc.deprecated:new.key}\nnew: {key: 5}\nolder: "${oc.deprecated:new.key,\'$OLD_KEY is $NEW_KEY\'}"',
      ),
    ).toMatchObject({
      old: 5,
      older: 5,
    });
    expect(warn.mock.calls.map(([words]) => words)).toEqual([
      "'old' is deprecated. Change your code and config to use 'new.key'",
      'older is new.key',
    ]);
    warn.mockRestore();
  });
});

describe('a resolver of one’s own', () => {
  it('gets its arguments typed', () => {
    const calls: unknown[] = [];
    registerResolver('see', (...args) => {
      calls.push(args);
      return null;
    });
    resolve('a: "${see:1,a b, c ,\'q, r\',[1,x],{k:v},null,TRUE,1e3,1_000,x:y,\\\\,,-1,0123,${b}}"\nb: [2]');
    resolve('a: "${see:}"\nb: "${see:,}"');
    expect(calls).toEqual([
      [1, 'a b', 'c', 'q, r', [1, 'x'], { k: 'v' }, null, true, 1000, 1000, 'x:y', ',', -1, '0123', [2]],
      [],
      ['', ''],
    ]);
  });

  it('is there until it is cleared, and is taken once unless replaced', () => {
    registerResolver('tests_path', () => '/tests');
    expect(hasResolver('tests_path')).toBe(true);
    expect(resolve('a: ${tests_path:}/x')).toEqual({ a: '/tests/x' });
    expect(errorOf(() => registerResolver('tests_path', () => '')).message).toContain(
      "there is a resolver 'tests_path'",
    );
    registerResolver('tests_path', () => '/other', { replace: true });
    expect(resolve('a: ${tests_path:}')).toEqual({ a: '/other' });
    expect([clearResolver('tests_path'), clearResolver('tests_path'), hasResolver('tests_path')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('may replace a built-in one, which comes back', () => {
    expect(() => registerResolver('oc.env', () => 'x')).toThrow(/there is a resolver 'oc.env'/);
    registerResolver('oc.env', () => 'mine', { replace: true });
    expect(resolve('a: ${oc.env:NOPE}')).toEqual({ a: 'mine' });
    clearResolvers();
    expect(hasResolver('oc.env')).toBe(true);
    expect(errorOf(() => resolve('a: ${oc.env:RUNSPAN_TEST_NONE}')).message).toContain('is not set');
  });

  it('is called once for each place, and with useCache once for equal arguments in a configuration', () => {
    let count = 0;
    registerResolver('next', () => (count += 1));
    registerResolver('once', () => (count += 1), { useCache: true });
    const config = parseString('a: ${next:}\nb: ${next:}\nc: ${a}\nd: ${once:x}\ne: ${once:x}\nf: ${once:y}');
    expect(toObject(config)).toEqual({ a: 1, b: 2, c: 1, d: 3, e: 3, f: 4 });
    expect(toObject(config)).toMatchObject({ a: 5, d: 3, e: 3, f: 4 });
  });

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('out of disk');
      },
      "at 'a': its resolver 'bad' threw: out of disk",
    ],
    ['is asynchronous', () => Promise.reject(new Error('x')), 'returned no plain data'],
    ['returns a function', () => () => 1, 'returned no plain data'],
    ['returns nothing', () => undefined, 'returned no plain data'],
    [
      'returns itself',
      () => {
        const self: unknown[] = [];
        self.push(self);
        return self;
      },
      'returned no plain data',
    ],
    ['returns ???', () => '???', "what 'bad' returned"],
  ])('that %s is refused with the path', (_, resolver, message) => {
    registerResolver('bad', resolver);
    expect(errorOf(() => resolve('a: ${bad:}')).message).toContain(message);
  });

  it.each(['', '1a', 'a b', 'a..b', 'é', '__proto__.'])('is refused with the name %j', (name) => {
    expect(errorOf(() => registerResolver(name, () => 1)).code).toBe('INVALID_CONFIG');
  });
});

describe('no error shows', () => {
  it('the value under a secret name, nor that of a secret variable', () => {
    vi.stubEnv('RUNSPAN_TEST_TOKEN', 'hunter2');
    registerResolver('echo', (text) => {
      throw new Error(`cannot use ${JSON.stringify(text)}`);
    });
    for (const text of [
      'a: "${echo:${oc.env:RUNSPAN_TEST_TOKEN}}"',
      'a: "${b.${oc.env:RUNSPAN_TEST_TOKEN}}"\nb: {}',
      'a: "${echo:${db.password}}"\ndb: {password: hunter2}',
      'a: "${nope.${password}}"\npassword: "${oc.decode:hunter2}"',
      'a: "${oc.dict.keys:${api_key}}"\napi_key: hunter2',
      'credentials: {user: hunter2}\na: "${${credentials.user}:}"',
      'password: "${oc.env:X Y,hunter2"',
      'password: {a: hunter2}\nb: "${echo:${password}}"',
    ]) {
      const words = wordsOf(errorOf(() => resolve(text)));
      expect(words, text).not.toContain('hunter2');
    }
  });
});
