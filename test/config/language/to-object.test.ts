import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { z } from 'zod';
import { mergeConfigs } from '../../../src/config/language/merge.ts';
import { fromDotlist } from '../../../src/config/language/dotlist.ts';
import { parseString } from '../../../src/config/language/parse-text.ts';
import type { StandardSchema } from '../../../src/config/language/standard-schema.ts';
import { toObject } from '../../../src/config/language/to-object.ts';
import { errorOf, wordsOf } from './error-of.ts';

afterEach(() => vi.unstubAllEnvs());

const Job = z.object({
  name: z.string(),
  epochs: z.number().int().default(3),
  inputs: z.array(z.object({ path: z.string() })),
});

/** As valibot and others are: an object with nothing but what the specification asks for. */
function schemaOf<T>(validate: StandardSchema<T>['~standard']['validate']): StandardSchema<T> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

describe('toObject with a schema', () => {
  it('returns what zod makes of it, in its output’s type', () => {
    const job = toObject(parseString('name: ${who}\ninputs: [{path: a.csv}]\nwho: churn'), { schema: Job });
    expectTypeOf(job).toEqualTypeOf<{ name: string; epochs: number; inputs: { path: string }[] }>();
    expect(job).toEqual({ name: 'churn', epochs: 3, inputs: [{ path: 'a.csv' }] });
  });

  it('returns what any other schema makes of it', () => {
    const schema = schemaOf((value) => ({ value: Object.keys(value as object).length }));
    const count = toObject({ a: 1, b: 2 }, { schema });
    expectTypeOf(count).toEqualTypeOf<number>();
    expect(count).toBe(2);
  });

  it('names file, line, path and reason of what is wrong', () => {
    const config = mergeConfigs([parseString('name: x\ninputs:\n  - path: 5', { name: 'job.yaml' }), { epochs: 1.5 }]);
    const error = errorOf(() => toObject(config, { schema: Job }));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(
      "at 'epochs': Invalid input: expected int, received number; 'inputs[0].path': Invalid input",
    );
    const other = errorOf(() => toObject(mergeConfigs([config, { epochs: 1 }]), { schema: Job }));
    expect(other.message).toBe(
      "Cannot use 'job.yaml:3:11' at 'inputs[0].path': Invalid input: expected string, received number. Mend the value.",
    );
    expect(other.details).toMatchObject({
      file: 'job.yaml',
      line: 3,
      column: 11,
      path: 'inputs[0].path',
      issues: [{ path: 'inputs[0].path' }],
    });
  });

  it('shows no secret although the schema’s words quote it', () => {
    vi.stubEnv('RUNSPAN_TEST_TOKEN', 'hunter2');
    const quoting = schemaOf((value) => {
      const { db, url } = value as { db: { password: string }; url: string };
      return {
        issues: [
          { message: `Expected number but received "${db.password}"`, path: [{ key: 'db' }, { key: 'password' }] },
          { message: `received "${url}"`, path: ['url'] },
          { message: `the password is ${db.password}`, path: [] },
        ],
      };
    });
    const config = parseString('db: {password: s3cr3t-word}\nurl: http://${oc.env:RUNSPAN_TEST_TOKEN}@host');
    const words = wordsOf(errorOf(() => toObject(config, { schema: quoting })));
    expect(words).toContain("at 'db.password': the value is not what it should be");
    expect(words).not.toMatch(/hunter2|s3cr3t-word/);
  });

  it('refuses an asynchronous schema, and leaves no rejection behind', () => {
    const schema = schemaOf(() => Promise.reject(new Error('x')));
    expect(errorOf(() => toObject({}, { schema })).message).toContain(
      'the schema is asynchronous. Use a synchronous one',
    );
  });

  it('refuses what is no schema, and one that throws', () => {
    expect(errorOf(() => toObject({}, { schema: {} as never })).message).toContain('does not follow Standard Schema');
    const throwing = schemaOf((value) => {
      throw new TypeError(JSON.stringify(value));
    });
    const error = errorOf(() => toObject({ password: 'hunter2' }, { schema: throwing }));
    expect(error.message).toContain('it cannot be read (TypeError)');
    expect(wordsOf(error)).not.toContain('hunter2');
  });

  it('lets the schema refuse ???', () => {
    const error = errorOf(() => toObject(parseString('name: x\nepochs: ???\ninputs: []'), { schema: Job }));
    expect(error.message).toContain("at 'epochs'");
  });
});

describe('what is handed in', () => {
  it('is neither changed nor shared', () => {
    const base = Object.freeze({ a: Object.freeze({ l: Object.freeze([1]) }) });
    const over = Object.freeze({ a: Object.freeze({ b: 2 }) });
    const merged = mergeConfigs([base, over]) as { a: { l: number[] } };
    merged.a.l.push(2);
    expect(merged).toEqual({ a: { l: [1, 2], b: 2 } });
    expect(base).toEqual({ a: { l: [1] } });
  });

  it('may have properties that are undefined: they are not given', () => {
    expect(
      mergeConfigs([
        { a: 1, b: 2 },
        { a: undefined, b: 3 },
      ]),
    ).toEqual({ a: 1, b: 3 });
  });

  it.each<[string, unknown, string]>([
    ['a function', { a: { b: () => 1 } }, "at 'a.b': its value is of type function"],
    ['a date', { a: new Date(0) }, "at 'a': its value is an object of class Date"],
    ['undefined in a list', { a: [undefined] }, "at 'a[0]': its value is of type undefined"],
    ['a symbol', { a: Symbol('x') }, "at 'a': its value is of type symbol"],
    ['nothing', undefined, 'a configuration is no mapping or list'],
    ['a Map', new Map(), 'a configuration is no mapping or list'],
  ])('is refused with its path: %s', (_, config, message) => {
    expect(errorOf(() => toObject(config as object)).message).toContain(message);
  });
});

describe('mergeConfigs', () => {
  it.each<[string, readonly unknown[], string]>([
    ['nothing', [], 'there is nothing to merge'],
    ['no configuration', [{}, null], 'configuration 2 is no mapping or list'],
    [
      'a list and a mapping',
      [{ a: { b: [1] } }, { a: { b: { c: 1 } } }],
      "at 'a.b': a list and a mapping cannot be merged",
    ],
    ['roots of two kinds', [[1], { a: 1 }], 'a list and a mapping cannot be merged'],
  ])('refuses %s', (_, configs, message) => {
    expect(errorOf(() => mergeConfigs(configs as object[])).message).toContain(message);
  });

  it('merges into a copy of what an interpolation stands for, whatever becomes of that', () => {
    const merged = mergeConfigs([
      { base: { x: 1 }, a: '${base}', b: '${none}' },
      { a: { y: 2 }, b: { z: 3 } },
      { base: { x: 9 } },
    ]);
    expect(merged).toEqual({ base: { x: 9 }, a: { x: 1, y: 2 }, b: { z: 3 } });
  });
});

describe('fromDotlist', () => {
  it.each<[readonly string[], unknown]>([
    [['a={x: 1}', 'a={y: 2}'], { a: { x: 1, y: 2 } }],
    [['a={x: 1}', 'a.y=2'], { a: { x: 1, y: 2 } }],
    [['a={x: 1}', 'a=null'], { a: null }],
    [['a=[1,2]', 'a.0=5'], { a: [5, 2] }],
    [['a=[1,2]', 'a[1]=5'], { a: [1, 5] }],
    [['a=1', 'a.b=2'], { a: { b: 2 } }],
    [['[a]=1', 'b[c.d]=2'], { a: 1, b: { 'c.d': 2 } }],
    [['a\\.b=1', 'c\\=d=2'], { 'a.b': 1, 'c=d': 2 }],
    [['a.b.=1', 'c..d=2'], { a: { b: { '': 1 } }, c: { '': { d: 2 } } }],
    [['url=http://x?a=1'], { url: 'http://x?a=1' }],
    [['a=???'], { a: '???' }],
  ])('%j is as OmegaConf has it', (list, value) => {
    expect(fromDotlist(list)).toEqual(value);
  });

  it.each<[readonly unknown[], string]>([
    [['a=[1]', 'a.5=hunter2'], "at 'a.5': the list has no such index"],
    [['a=[1]', 'a={x: hunter2}'], "at 'a': a list and a mapping cannot be merged"],
    [['a=1', 'b=[hunter2'], "'dotlist entry 2:1:9': it is not well-formed YAML"],
    [['__proto__.x=hunter2'], "a key may not be '__proto__'"],
    [['a.__proto__.x=hunter2'], "at 'a.__proto__'"],
    [[5], 'entry 1 of the dotlist is no text'],
  ])('%j is refused', (list, message) => {
    const error = errorOf(() => fromDotlist(list as string[]));
    expect(error.message).toContain(message);
    expect(wordsOf(error)).not.toContain('hunter2');
  });
});
