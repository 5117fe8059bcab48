// What a program may hand to the configuration functions by mistake, and what it is told.
import { afterEach, expect, it } from 'vitest';
import { parseFile, parseString } from '../../../src/config/language/parse-text.ts';
import { clearResolvers, registerResolver } from '../../../src/config/language/resolvers.ts';
import { toObject } from '../../../src/config/language/to-object.ts';
import { errorOf } from './error-of.ts';

afterEach(() => clearResolvers());

/** What a job in JavaScript may hand over. */
const as = <T>(value: unknown): T => value as T;

it.each<[string, () => unknown, string]>([
  ['parseString', () => parseString('a: 1', as({ fmt: 'toml' })), "no option 'fmt'. Use format, name."],
  ['parseFile', () => parseFile('a.yaml', as({ schema: {} })), "no option 'schema'. Use format, name."],
  ['toObject', () => toObject({ a: 1 }, as({ resovle: false })), "no option 'resovle'. Use resolve, schema."],
  [
    'registerResolver',
    () => registerResolver('a', () => 1, as({ override: true })),
    "no option 'override'. Use replace, useCache.",
  ],
])('%s refuses an option that there is not', (_, call, words) => {
  expect(errorOf(call)).toMatchObject({ code: 'INVALID_CONFIG' });
  expect(errorOf(call).message).toContain(words);
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['a number', 5],
  ['the URL of a page', new URL('https://example.com/a.yaml')],
])('parseFile of %s says what it needs', (_, path) => {
  expect(errorOf(() => parseFile(as(path))).message).toBe(
    "Cannot use the configuration: the path is neither a text nor a file: URL. Name a file: 'conf/base.yaml'.",
  );
});
