// Values of another realm, as a structuredClone() gives them in Jest: they are read, masked and told apart as those of this one.
import { runInNewContext, runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isArrayBuffer, isDate, isMap, isPlainObject, isRegExp, isSet } from '../../src/model/any-realm.ts';
import { inferSignature } from '../../src/model/infer-signature.ts';
import { mendTimestamp } from '../../src/model/mend.ts';
import { mendText } from '../../src/model/mend-text.ts';
import { createRedactor } from '../../src/model/redact.ts';

const redactor = createRedactor();

it.each([
  'new Map([["a", 1], ["b", { c: new Date(0) }]])',
  'new Map([[1, "number"], ["1", "text"]])',
  'new Set([1, new Set([2])])',
  'new Date(0)',
  '/x/g',
  'new RangeError("high")',
  'new ArrayBuffer(2)',
  'new Uint8Array([1, 2])',
  '({ a: [1, null], b: {} })',
])('%s has the text that it has here', (code) => {
  expect(mendText(runInNewContext(code))).toBe(mendText(runInThisContext(code)));
});

it('a secret is masked, wherever it stands', () => {
  const code = `({ map: new Map([['password', 'hunter2']]), set: new Set([{ token: 'hunter2' }]),
    error: new AggregateError([Object.assign(new Error('password=hunter2'), { apiKey: 'hunter2' })], 'both') })`;
  const { map, set, error } = redactor.redactObject(runInNewContext(code)) as {
    readonly map: ReadonlyMap<string, unknown>;
    readonly set: ReadonlySet<unknown>;
    readonly error: AggregateError;
  };
  expect([...map]).toEqual([['password', '[REDACTED]']]);
  expect([...set]).toEqual([{ token: '[REDACTED]' }]);
  expect(error.errors).toEqual([expect.objectContaining({ message: 'password=[REDACTED]', apiKey: '[REDACTED]' })]);
});

it('a time and a signature are those of a Date', () => {
  const date: unknown = runInNewContext('new Date(1234)');
  expect(mendTimestamp(date, 0)).toBe(1234);
  const rows: unknown = runInNewContext('[{ at: new Date(0), of: { n: 1 } }]');
  expect(inferSignature({ inputs: rows })).toEqual(inferSignature({ inputs: [{ at: new Date(0), of: { n: 1 } }] }));
});

describe('what is asked', () => {
  it.each([
    ['isMap', isMap, 'new Map()'],
    ['isSet', isSet, 'new Set()'],
    ['isDate', isDate, 'new Date()'],
    ['isRegExp', isRegExp, '/x/'],
    ['isArrayBuffer', isArrayBuffer, 'new ArrayBuffer(1)'],
  ])('%s knows them of each realm, by a proxy too, and nothing else', (_, is, code) => {
    expect([runInNewContext(code), runInThisContext(code), new Proxy(runInThisContext(code), {})].map(is)).toEqual([
      true,
      true,
      true,
    ]);
    expect([{}, [], null, undefined, '', runInNewContext('({})')].map(is)).toEqual(
      Array.from({ length: 6 }, () => false),
    );
  });

  it('isPlainObject knows what has no class', () => {
    expect([{}, Object.create(null), runInNewContext('({})')].map(isPlainObject)).toEqual([true, true, true]);
    expect([[], new Map(), new (class A {})(), runInNewContext('new Map()')].map(isPlainObject)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
