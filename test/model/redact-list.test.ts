// The list of secret names: each word of it, in each spelling, wherever a name can stand; and the names that are never masked.
import { describe, expect, it } from 'vitest';
import { createRedactor, REDACTED } from '../../src/model/redact.ts';

const redactor = createRedactor();

/** By their words, as the README and the docs list them, and as people write them. */
const SECRETS: readonly (readonly string[])[] = [
  ['password'],
  ['passwords'],
  ['passwd'],
  ['passphrase'],
  ['secret'],
  ['secrets'],
  ['token'],
  ['api', 'key'],
  ['api', 'keys'],
  ['access', 'key'],
  ['access', 'keys'],
  ['private', 'key'],
  ['private', 'keys'],
  ['secret', 'key'],
  ['secret', 'keys'],
  ['credential'],
  ['credentials'],
  ['authorization'],
  ['cookie'],
  ['cookies'],
];

/** Spellings that leave out what parts the words. */
const RUN_TOGETHER = (
  'pgpassword,dbpasswd,dbpassphrase,apikey,accesskey,privatekey,secretkey,clientsecret,' +
  'accesstoken,authtoken,refreshtoken,bearertoken,sessiontoken'
).split(',');

/** Lengths, counts, names and hyperparameters: a masked one is a defect too. */
const NEVER = [
  'max_tokens',
  'maxTokens',
  'MAX_TOKENS',
  'tokenizer',
  'primary_key',
  'primaryKey',
  'PRIMARY_KEY',
  'key',
  'KEY',
];

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const SPELLINGS: Readonly<Record<string, (words: readonly string[]) => string>> = {
  snake_case: (words) => words.join('_'),
  SCREAMING_SNAKE: (words) => words.join('_').toUpperCase(),
  'kebab-case': (words) => words.join('-'),
  'dotted.case': (words) => words.join('.'),
  camelCase: (words) => words.map((word, at) => (at === 0 ? word : capital(word))).join(''),
  PascalCase: (words) => words.map(capital).join(''),
  'Train-Case': (words) => words.map(capital).join('-'),
  'with spaces': (words) => words.join(' '),
};
const NAMES = SECRETS.flatMap((words) =>
  Object.values(SPELLINGS).flatMap((spell) => [spell(words), spell(['db', ...words])]),
);

/** Whoever writes a name and a value writes them in one of these. */
const TEXTS: readonly ((name: string) => string)[] = [
  (name) => JSON.stringify({ rows: 1, [name]: 'hunter2' }),
  (name) => `{ '${name}': 'hunter2' }`,
  (name) => `rows=1 ${name}=hunter2`,
  // No space stands in a URL.
  (name) => (name.includes(' ') ? '' : `http://h/p?rows=1&${name}=hunter2`),
];

describe.each([...new Set([...NAMES, ...RUN_TOGETHER, ...RUN_TOGETHER.map((name) => `${name}s`)])])('%s', (name) => {
  it('is masked as a key, in an object and in any text', () => {
    expect(redactor.isSensitive(name)).toBe(true);
    expect(redactor.redactValue(name, 'hunter2')).toBe(REDACTED);
    expect(redactor.redactObject({ deep: [{ [name]: 'hunter2', rows: 1 }] })).toEqual({
      deep: [{ [name]: REDACTED, rows: 1 }],
    });
    for (const text of TEXTS) expect(redactor.redactText(text(name))).not.toContain('hunter2');
  });
});

describe.each(NEVER)('%s', (name) => {
  it('is never masked', () => {
    expect(redactor.isSensitive(name)).toBe(false);
    expect(redactor.redactValue(name, 4096)).toBe(4096);
    expect(redactor.redactObject({ [name]: 4096 })).toEqual({ [name]: 4096 });
    for (const text of TEXTS) expect(redactor.redactText(text(name))).toBe(text(name));
  });
});
