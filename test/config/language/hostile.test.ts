// Texts that are made to harm: each is refused by name, and soon.
import { describe, expect, it } from 'vitest';
import { mergeConfigs } from '../../../src/config/language/merge.ts';
import { parseString } from '../../../src/config/language/parse-text.ts';
import { toObject } from '../../../src/config/language/to-object.ts';
import { fromDotlist } from '../../../src/config/language/dotlist.ts';
import { errorOf } from './error-of.ts';
import { cpuMsOf } from '../../cpu-time.ts';

const MIB = 1024 * 1024;
/** Far more than any takes here, and far less than a hang. */
const LIMIT_MS = 8000;

function chain(length: number, link: (at: number) => string): string {
  return Array.from({ length }, (_, at) => `k${at}: "${link(at + 1)}"`).join('\n') + `\nk${length}: x`;
}

const LAUGHS = `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from(
  { length: 12 },
  (_, at) => `a${at + 1}: &a${at + 1} [${Array.from({ length: 10 }, () => `*a${at}`).join(',')}]`,
).join('\n')}`;

describe('a hostile configuration', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['laughs a billion times', () => parseString(LAUGHS), /more than 100000 values/],
    [
      'laughs by <<',
      () =>
        parseString(
          `a: &a {${Array.from({ length: 999 }, (_, at) => `k${at}: 1`).join(',')}}\nb: [${Array.from({ length: 999 }, () => '{<<: *a}').join(',')}]`,
        ),
      /more than 100000 values/,
    ],
    [
      'laughs by interpolation',
      () => toObject(parseString(chain(20, (at) => `[\${k${at}},\${k${at}}]`).replaceAll('"', ''))),
      /./,
    ],
    [
      'laughs by mappings',
      () =>
        toObject(
          Object.fromEntries(
            Array.from({ length: 30 }, (_, at) => [`k${at}`, at === 29 ? [1] : [`\${k${at + 1}}`, `\${k${at + 1}}`]]),
          ),
        ),
      /more than 100000 values/,
    ],
    ['doubles a text', () => toObject(parseString(chain(40, (at) => `xx\${k${at}}\${k${at}}`))), /longer than 1 MiB/],
    [
      'makes many long texts',
      () => toObject({ k: 'x'.repeat(MIB - 10), l: Array.from({ length: 30 }, () => 'y${k}') }),
      /longer than 16 MiB/,
    ],
    [
      'chains interpolations',
      () => toObject(parseString(chain(10_000, (at) => `\${k${at}}`))),
      /lead on for more than 400 steps/,
    ],
    [
      'nests interpolations',
      () => toObject({ a: `${'${a.'.repeat(50_000)}${'}'.repeat(50_000)}` }),
      /not well-formed.*less nesting/,
    ],
    ['nests arguments', () => toObject({ a: `\${oc.create:${'['.repeat(50_000)}` }), /less nesting/],
    ['nests brackets', () => parseString('['.repeat(100_000)), /not well-formed|tokens/],
    ['nests mappings', () => parseString('{a: '.repeat(20_000)), /not well-formed|tokens/],
    ['nests dashes', () => parseString('- '.repeat(MIB / 2)), /not well-formed|tokens/],
    [
      'nests by indentation',
      () => parseString(Array.from({ length: 300 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')),
      /nested too deep|not well-formed/,
    ],
    [
      'nests TOML',
      () => parseString(`a = ${'['.repeat(200)}${']'.repeat(200)}`, { format: 'toml' }),
      /not well-formed/,
    ],
    [
      'nests TOML keys',
      () => parseString(`${'a.'.repeat(100_000)}b = 1`, { format: 'toml' }),
      /nested too deep|not well-formed/,
    ],
    [
      'nests objects',
      () => {
        let deep: object = {};
        for (let at = 0; at < 50_000; at++) deep = { deep };
        return mergeConfigs([deep]);
      },
      /nested too deep/,
    ],
    [
      'contains itself',
      () => {
        const self: Record<string, unknown> = {};
        self['self'] = self;
        return toObject(self);
      },
      /nested too deep, or contains itself/,
    ],
    ['nests a dotlist', () => toObject(fromDotlist([`${'a.'.repeat(50_000)}b=1`])), /nested too deep/],
    ['has many quotes', () => parseString('"'.repeat(MIB)), /tokens|not well-formed/],
    ['has many items', () => parseString('- 1\n'.repeat(MIB / 4)), /more than 100000 tokens/],
    ['has many commas', () => parseString(`[${','.repeat(MIB / 2)}]`), /tokens|not well-formed/],
    ['has many documents', () => parseString('---\n'.repeat(MIB / 4)), /./],
    ['has many aliases', () => parseString('*'.repeat(MIB)), /there is no such anchor/],
    ['has many directives', () => parseString('%a\n'.repeat(MIB / 4)), /./],
    ['has a long number', () => parseString(`a: ${'9'.repeat(MIB - 10)}\nb: [`), /./],
    ['is too long', () => parseString(' '.repeat(MIB + 1)), /larger than 1 MiB/],
    [
      'throws when it is read',
      () =>
        toObject({
          get a(): string {
            throw new TypeError('no');
          },
        }),
      /it cannot be read/,
    ],
  ])('that %s is refused by name, and soon', (_, action, message) => {
    const costMs = cpuMsOf(() =>
      expect(errorOf(action)).toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringMatching(message) as string,
      }),
    );
    expect(costMs).toBeLessThan(LIMIT_MS);
  });

  it('cannot reach an object’s class', () => {
    for (const text of [
      '{"__proto__": {"polluted": 1}}',
      'a: {"__proto__": {"polluted": 1}}',
      '"<<": 1\n<<: {"__proto__": {polluted: 1}}',
    ])
      expect(errorOf(() => parseString(text)).message).toContain('__proto__');
    const hostile = JSON.parse('{"a": {"__proto__": {"polluted": 1}}}') as object;
    expect(errorOf(() => mergeConfigs([{}, hostile])).message).toContain("at 'a.__proto__'");
    expect(errorOf(() => toObject({ a: '${oc.create:{__proto__:{polluted:1}}}' })).message).toContain('__proto__');
    const plain = toObject(mergeConfigs([{}, JSON.parse('{"constructor": {"prototype": {"polluted": 1}}}') as object]));
    expect(plain).toEqual({ constructor: { prototype: { polluted: 1 } } });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('may be as large as people write them', () => {
    const text = Array.from({ length: 5000 }, (_, at) => `key${at}: {a: ${at}, b: "\${key0.a}"}`).join('\n');
    const object = toObject(parseString(text)) as Record<string, { b: number }>;
    expect(object['key4999']?.b).toBe(0);
  });

  it('may chain as far as people do, from deep inside a program', () => {
    const config = parseString(chain(150, (at) => `\${k${at}}`));
    const callAt = (depth: number): unknown => (depth === 0 ? toObject(config) : callAt(depth - 1));
    expect(callAt(2000)).toMatchObject({ k0: 'x' });
  });
});
