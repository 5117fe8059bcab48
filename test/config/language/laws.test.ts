// Laws of configurations, on whatever fast-check makes up.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromDotlist } from '../../../src/config/language/dotlist.ts';
import { mergeConfigs } from '../../../src/config/language/merge.ts';
import { parseString } from '../../../src/config/language/parse-text.ts';
import { toObject } from '../../../src/config/language/to-object.ts';
import { loadSources } from '../../../src/config/settings/sources.ts';
import { resolveLoggerSettings } from '../../../src/config/settings/logger-settings.ts';
import { RunspanError } from '../../../src/errors.ts';
import { cpuMsOf } from '../../cpu-time.ts';

const BUDGET = { numRuns: 300 };

/** Whatever is thrown has a name of ours; nothing takes long. */
function isNamed(action: () => unknown): void {
  const costMs = cpuMsOf(() => {
    try {
      action();
    } catch (error) {
      expect(error).toBeInstanceOf(RunspanError);
      expect((error as RunspanError).message.length).toBeGreaterThan(10);
    }
  });
  expect(costMs).toBeLessThan(3000);
}

const WORDS =
  'a b: - [ ] { } , : ? ! & * | > % @ ` " \' # \\ $ ${ } ${a} ${.b} ${..c} ${a.${b}} ${oc.env:HOME,x} ${oc.create:[1]} ${oc.decode:' +
  ' ${nope:1} ??? \\??? << __proto__ constructor yes 1e3 0x 12:30 ~ .nan !!int !!str !foo &x *x --- ... \n \n\n \t é = [[ ]] """ \'\'\'';
const textOf = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.oneof(fc.constantFrom(...WORDS.split(' ')), fc.constantFrom(' ', '\n', '  ')), { maxLength: 60 })
    .map((parts) => parts.join('')),
);

const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1.5,
    '',
    'x',
    '???',
    '${a}',
    '${.b}',
    '${..a}',
    '${a.b}',
    'x${b}y',
    '\\${a}',
    '${',
    '${a}${b}',
    '${oc.select:a,1}',
    '${oc.dict.keys:a}',
    '${nope:}',
  ),
  fc.double(),
  fc.string({ maxLength: 8 }),
);
const key = fc.constantFrom('a', 'b', 'c', 'constructor', 'a.b', '0', 'toString');
const { mapping: mappingOf, list: listOf } = fc.letrec<{ mapping: unknown; list: unknown; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, tie('mapping'), tie('list')),
  mapping: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  list: fc.array(tie('value'), { maxLength: 3 }),
}));
const configOf = fc.oneof(mappingOf, listOf) as fc.Arbitrary<object>;

describe('any text', () => {
  it('is read or refused by name, as YAML, TOML and a dotlist', () => {
    fc.assert(
      fc.property(textOf, (text) => {
        isNamed(() => toObject(parseString(text)));
        isNamed(() => toObject(parseString(text, { format: 'toml' })));
        isNamed(() => toObject(fromDotlist(text.split(' '))));
        isNamed(() => toObject({ a: text, b: { c: `\${${text}}`, d: `\${oc.decode:'${text}'}` } }));
      }),
      { numRuns: 600 },
    );
  });

  it('that JSON wrote is read as JSON reads it', () => {
    const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        const text = JSON.stringify({ value }, null, space);
        fc.pre(!text.includes('__proto__') && !/\d{16}/.test(text));
        expect(parseString(text, { format: 'json' })).toEqual(JSON.parse(text));
      }),
      BUDGET,
    );
  });
});

describe('any variable', () => {
  it('is a setting or refused by name, and comes through oc.env as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        isNamed(() =>
          resolveLoggerSettings(
            {},
            loadSources({
              folder: '/',
              env: { RUNSPAN_LOGGER_LEVEL: text, RUNSPAN_LOGGER_SINK: text, RUNSPAN_LOGGER_SOURCE: text },
            }),
          ),
        );
        fc.pre(!text.includes('\0') && !/[\uD800-\uDFFF]/.test(text));
        process.env['RUNSPAN_TEST_ANY'] = text;
        expect(toObject({ a: '${oc.env:RUNSPAN_TEST_ANY}', b: '<${a}>' })).toEqual({ a: text, b: `<${text}>` });
      }),
      BUDGET,
    );
    delete process.env['RUNSPAN_TEST_ANY'];
  });
});

describe('any configurations', () => {
  it('are merged and resolved or refused by name, and not changed', () => {
    fc.assert(
      fc.property(fc.array(configOf, { maxLength: 3 }), (configs) => {
        const before = structuredClone(configs);
        isNamed(() => toObject(mergeConfigs(configs)));
        expect(configs).toEqual(before);
      }),
      { numRuns: 800 },
    );
  });

  it('have {} as identity on the right, and a mapping on the left', () => {
    fc.assert(
      fc.property(mappingOf as fc.Arbitrary<object>, (config) => {
        expect(mergeConfigs([config])).toEqual(config);
        expect(mergeConfigs([config, {}])).toEqual(config);
        expect(mergeConfigs([{}, config])).toEqual(config);
      }),
      BUDGET,
    );
  });

  it('merged with themselves are themselves, where no interpolation is merged into', () => {
    fc.assert(
      fc.property(mappingOf as fc.Arbitrary<object>, (config) => {
        expect(mergeConfigs([config, config])).toEqual(config);
      }),
      BUDGET,
    );
  });

  it('of one shape may be merged in any grouping', () => {
    // Where a null or a scalar stands in a mapping’s place, OmegaConf’s merge is not associative, nor is ours.
    const value = fc.oneof(fc.constantFrom<unknown>(null, 1, 'x', '???', [1], [], '${b}'), fc.integer());
    const shape = fc.record(
      {
        s: value,
        t: value,
        m: fc.record({ u: value, n: fc.record({ v: value }, { requiredKeys: [] }) }, { requiredKeys: [] }),
      },
      { requiredKeys: [], noNullPrototype: true },
    );
    fc.assert(
      fc.property(shape, shape, shape, (a, b, c) => {
        const flat = mergeConfigs([a, b, c]);
        expect(mergeConfigs([mergeConfigs([a, b]), c])).toEqual(flat);
        expect(mergeConfigs([a, mergeConfigs([b, c])])).toEqual(flat);
      }),
      BUDGET,
    );
  });

  it('give equal objects each time, and one without ${ stays as it is', () => {
    fc.assert(
      fc.property(configOf, (config) => {
        let once: object;
        try {
          once = toObject(config);
        } catch {
          return; // refused; the test above says how
        }
        expect(toObject(config)).toEqual(once);
        fc.pre(!JSON.stringify(once).includes('${') && !JSON.stringify(once).includes('\\\\'));
        expect(toObject(once)).toEqual(once);
      }),
      BUDGET,
    );
  });
});
