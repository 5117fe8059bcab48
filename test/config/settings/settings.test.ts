import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Fields } from '../../../src/config/settings/fields.ts';
import { resolveSettings } from '../../../src/config/settings/settings.ts';
import type { SettingsSources } from '../../../src/config/settings/sources.ts';
import { RunspanError } from '../../../src/errors.ts';

interface Sample {
  readonly text: string;
  readonly flag: boolean;
  readonly count: number;
  readonly ratio: number;
  readonly timeoutMs: number;
  readonly mode: 'FAST' | 'SLOW';
  readonly folder: string | undefined;
  readonly names: readonly (string | RegExp)[];
  readonly secret: string | undefined;
  readonly thing: unknown;
}

const FIELDS: Fields<Sample> = {
  text: { kind: 'string', env: ['T_TEXT', 'T_OLD_TEXT'], defaultValue: ({ folder }) => `in ${folder}`, doc: '' },
  flag: { kind: 'boolean', env: ['T_FLAG'], defaultValue: false, doc: '' },
  count: { kind: 'integer', env: ['T_COUNT'], defaultValue: 1, min: 0, max: 10, doc: '' },
  ratio: { kind: 'number', env: ['T_RATIO'], defaultValue: 0.5, doc: '' },
  timeoutMs: { kind: 'integer', env: ['T_TIMEOUT'], envFactor: 1000, defaultValue: 100, min: 1, doc: '' },
  mode: {
    kind: 'choice',
    env: ['T_MODE'],
    defaultValue: 'FAST',
    choices: { fast: 'FAST', slow: 'SLOW', lazy: 'SLOW' },
    isNotThereYet: (mode) => mode === 'SLOW',
    doc: '',
  },
  folder: { kind: 'path', env: ['T_FOLDER'], defaultValue: undefined, doc: '' },
  names: { kind: 'list', env: ['T_NAMES'], defaultValue: [], allowsPatterns: true, doc: '' },
  secret: {
    kind: 'string',
    env: ['T_SECRET'],
    defaultValue: undefined,
    isSensitive: true,
    expected: (secret) => (secret.length < 20 ? 'long enough' : undefined),
    doc: '',
  },
  thing: { kind: 'opaque', defaultValue: undefined, doc: '' },
};

interface Layers {
  readonly env?: Record<string, string>;
  readonly dotenv?: Record<string, string>;
  readonly file?: Record<string, unknown>;
}

function sourcesOf({ env = {}, dotenv, file }: Layers): SettingsSources {
  return {
    folder: '/work',
    env,
    dotenv: dotenv === undefined ? undefined : { name: '.env', values: dotenv },
    file:
      file === undefined
        ? undefined
        : { name: 'runspan.yaml', sections: { logger: file }, secrets: { isIn: () => false } },
  };
}

function resolveSample(options: unknown, layers: Layers = {}): ReturnType<typeof resolveSettings<Sample>> {
  return resolveSettings(FIELDS, options, { section: 'logger', sources: sourcesOf(layers) });
}

function messageOf(options: unknown, layers: Layers = {}): string {
  try {
    resolveSample(options, layers);
  } catch (error) {
    if (error instanceof RunspanError && ['INVALID_SETTINGS', 'NOT_SUPPORTED'].includes(error.code))
      return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('resolveSettings', () => {
  it('takes code before env before .env before file before default, and says which it was', () => {
    const env = { T_TEXT: 'env' };
    const dotenv = { T_TEXT: 'dotenv' };
    const file = { text: 'file' };
    const layers: [unknown, Layers, string, unknown][] = [
      [{ text: 'code' }, { env, dotenv, file }, 'code', { source: 'code' }],
      [{ text: undefined }, { env, dotenv, file }, 'env', { source: 'env', name: 'T_TEXT' }],
      [{}, { dotenv, file }, 'dotenv', { source: '.env', name: 'T_TEXT' }],
      [{}, { env: { T_OLD_TEXT: 'old' }, file }, 'old', { source: 'env', name: 'T_OLD_TEXT' }],
      [{}, { env: { T_TEXT: '' }, dotenv, file }, 'file', { source: 'file', name: 'runspan.yaml' }],
      [undefined, { file: { text: null } }, 'in /work', { source: 'default' }],
    ];
    for (const [options, given, text, provenance] of layers) {
      const resolved = resolveSample(options, given);
      expect(resolved.settings.text).toBe(text);
      expect(resolved.provenance.text).toEqual(provenance);
    }
  });

  it('is frozen, and printing it shows no secret', () => {
    const { settings } = resolveSample({ secret: 'hunter2-hunter2-hunter2' });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(settings.secret).toBe('hunter2-hunter2-hunter2');
    expect(JSON.stringify({ ...settings })).not.toContain('hunter2');
  });

  it.each(['yes', 'TRUE', '1', 'On', ' true '])('reads %j as true', (text) => {
    expect(resolveSample({}, { env: { T_FLAG: text } }).settings.flag).toBe(true);
  });

  it.each(['no', 'False', '0', 'OFF'])('reads %j as false', (text) => {
    expect(resolveSample({}, { env: { T_FLAG: text } }).settings.flag).toBe(false);
  });

  it('reads numbers, units, choices, paths and lists from variables', () => {
    const env = {
      T_COUNT: '7',
      T_RATIO: '2.5e-1',
      T_TIMEOUT: '1.1',
      T_MODE: 'Fast',
      T_FOLDER: 'a/b',
      T_NAMES: 'pin, ssn ,',
    };
    expect(resolveSample({}, { env }).settings).toMatchObject({
      count: 7,
      ratio: 0.25,
      timeoutMs: 1100,
      mode: 'FAST',
      folder: resolve('/work/a/b'),
      names: ['pin', 'ssn'],
    });
  });

  it('takes milliseconds as milliseconds in code and in the file', () => {
    expect(resolveSample({ timeoutMs: 5 }).settings.timeoutMs).toBe(5);
    expect(resolveSample({}, { file: { timeoutMs: 5 } }).settings.timeoutMs).toBe(5);
  });

  it('hands an opaque value through as it is', () => {
    const thing = { a: 1 };
    expect(resolveSample({ thing }).settings.thing).toBe(thing);
  });

  it.each<[unknown, Layers, string]>([
    [{ nope: 1 }, {}, "Unknown setting 'logger.nope'. Known are: text, flag,"],
    [{ txt: 'a' }, {}, "Unknown setting 'logger.txt'. Did you mean 'text'?"],
    [{ timeout: 1 }, {}, "Unknown setting 'logger.timeout'. Did you mean 'timeoutMs'?"],
    [{ timeout_ms: 1 }, {}, "Unknown setting 'logger.timeout_ms'. Did you mean 'timeoutMs'?"],
    [{}, { file: { Flag: true } }, "Unknown setting 'logger.Flag' in 'runspan.yaml'. Did you mean 'flag'?"],
    [[], {}, 'The options of logger are no object.'],
    ['text', {}, 'The options of logger are no object.'],
    [{ text: 10 }, {}, "Invalid setting 'logger.text': 10 is not a text. Give that, or leave it out."],
    [{ text: ' ' }, {}, 'is not a text with something in it'],
    [{ text: null }, {}, "'logger.text': null is not a text"],
    [{ text: ['a'] }, {}, 'an array is not a text'],
    [{ text: { a: 1 } }, {}, 'a value of type object is not a text'],
    [{ flag: 'true' }, {}, "'logger.flag': 'true' is not a boolean: true or false."],
    [{}, { file: { flag: 'true' } }, "Invalid setting 'logger.flag' (in runspan.yaml): 'true' is not a boolean"],
    [
      {},
      { env: { T_FLAG: 'maybe' } },
      "Invalid setting 'logger.flag' (from T_FLAG): 'maybe' is not one of yes, true, 1, on, no, false, 0, off. Set T_FLAG to that, or unset it.",
    ],
    [{}, { dotenv: { T_FLAG: 'maybe' } }, '(from T_FLAG in .env)'],
    [{ count: 1.5 }, {}, "'logger.count': 1.5 is not a whole number from 0 to 10."],
    [{ count: 11 }, {}, 'from 0 to 10'],
    [{ count: '1' }, {}, "'1' is not a whole number"],
    [{ count: Number.NaN }, {}, 'NaN is not a whole number'],
    [{ ratio: Infinity }, {}, 'Infinity is not a number.'],
    [{}, { env: { T_COUNT: '0x5' } }, "'0x5' is not a whole number"],
    [{}, { env: { T_TIMEOUT: '0' } }, "'0' is not a whole number from 1 of seconds"],
    [{ mode: 'quick' }, {}, "'quick' is not one of FAST, SLOW."],
    [{ mode: 1 }, {}, '1 is not one of FAST, SLOW'],
    [{ mode: 'lazy' }, {}, "Setting 'logger.mode' with this value comes with the next version."],
    [{ names: 'pin' }, {}, "'pin' is not a list of texts and patterns."],
    [{ names: [1] }, {}, 'an array is not a list'],
    [{}, { file: { names: [{}] } }, 'is not a list of texts.'],
    [{ text: 'http://u:hunter2@h', flag: 5 }, {}, "'logger.flag': 5"],
  ])('refuses %j of %j', (options, layers, message) => {
    expect(messageOf(options, layers)).toContain(message);
  });

  it('never shows the value of a sensitive field, nor a password in another', () => {
    expect(messageOf({ secret: 'hunter2' })).toBe(
      "Invalid setting 'logger.secret': the value is not long enough. Give that, or leave it out.",
    );
    expect(messageOf({}, { env: { T_SECRET: 'hunter2' } })).toContain('(from T_SECRET): the value is not');
    expect(messageOf({ flag: 'http://u:hunter2@h' })).toContain("'http://u:[REDACTED]@h'");
    expect(messageOf({ flag: 'x'.repeat(500) }).length).toBeLessThan(200);
  });

  it('names the field in its details', () => {
    expect(() => resolveSample({ flag: 1 })).toThrow(
      expect.objectContaining({ code: 'INVALID_SETTINGS', details: { field: 'logger.flag' } }) as Error,
    );
  });

  it('either gives a setting of the right type or throws a RunspanError, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.record({ flag: fc.anything(), count: fc.anything(), names: fc.anything() }),
        fc.string(),
        (options, text) => {
          try {
            const { settings } = resolveSample(options, { env: { T_FLAG: text, T_COUNT: text } });
            expect(typeof settings.flag).toBe('boolean');
            expect(Number.isSafeInteger(settings.count)).toBe(true);
            expect(Array.isArray(settings.names)).toBe(true);
          } catch (error) {
            if (!(error instanceof RunspanError)) throw error;
          }
        },
      ),
    );
  });
});
