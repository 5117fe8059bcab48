import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { flattenParams, isPartial, mendText, readEntries, toJsonValue } from '../../src/model/mend-text.ts';

const circular: Record<string, unknown> = { name: 'a' };
circular['self'] = circular;
const throwing = {
  get bad(): never {
    throw new Error('no');
  },
  good: 1,
};

function nest(depth: number): unknown {
  return depth === 0 ? 'end' : { in: nest(depth - 1) };
}

describe('mendText', () => {
  it.each<[unknown, string | undefined]>([
    ['text', 'text'],
    ['', ''],
    [true, 'true'],
    [1.5, '1.5'],
    [-0, '0'],
    [Number.NaN, 'NaN'],
    [10n, '10'],
    [null, ''],
    [undefined, undefined],
    [{ a: 1, b: [1, 'x'] }, '{"a":1,"b":[1,"x"]}'],
    [[1, undefined, null], '[1,null,null]'],
    [{ a: undefined }, '{}'],
    [{ a: Number.NaN, b: 1n, c: Symbol('s') }, '{"a":"NaN","b":"1","c":"Symbol(s)"}'],
    [circular, '{"name":"a","self":"[Circular]"}'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), 'Invalid Date'],
    [[new Date(0)], '["1970-01-01T00:00:00.000Z"]'],
    [new TypeError('bad'), 'TypeError: bad'],
    [new Map([['a', new Set([1])]]), '{"a":[1]}'],
    [new Float32Array([1, 2]), '[1,2]'],
    [new DataView(new ArrayBuffer(2)), '[0,0]'],
    [Object('boxed'), 'boxed'],
    [new URL('http://h/p'), 'http://h/p'],
    [/a+b/gi, '/a+b/gi'],
    [{ pattern: /x/ }, '{"pattern":"/x/"}'],
    [new URLSearchParams('a=1&b=2'), 'a=1&b=2'],
    [new Uint8Array([1, 2]).buffer, '[1,2]'],
    [Promise.resolve(1), '[object Promise]'],
    [
      new (class Point {
        x = 1;
        readonly #y = 2;
        get y(): number {
          return this.#y;
        }
      })(),
      '{"x":1}',
    ],
    [new (class Empty {})(), '{}'],
    [
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b'],
      ]),
      '[[1,"a"],["1","b"]]',
    ],
    [Object(5n), '5'],
    [Symbol('s'), 'Symbol(s)'],
    [{ toJSON: () => undefined }, ''],
    [{ f: function named() {} }, '{"f":"[Function named]"}'],
    ['a\0b\uD800c𝒳', 'a\u{FFFD}b\u{FFFD}c𝒳'],
  ])('%s', (value, text) => {
    expect(mendText(value)).toBe(text);
  });

  it('says which property cannot be read', () => {
    expect(mendText(throwing)).toBe('{"bad":"[Unreadable]","good":1}');
  });

  it('gives the source of a function', () => {
    expect(mendText(() => 1)).toContain('=> 1');
  });

  it('never throws: revoked proxies, throwing toJSON, depth without end, a billion items', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const failing = {
      toJSON: () => {
        throw new Error('no');
      },
    };
    const huge: unknown[] = [];
    huge.length = 1e9;
    expect(mendText(proxy)).toBe('[Unreadable]');
    expect(mendText(failing)).toBe('[Unreadable]');
    expect(mendText(nest(5000))).toContain('[Too large]');
    expect(mendText({ sparse: [], huge })).toBe('{"sparse":[],"huge":"[Too large]"}');
  });

  it('stays finite where shared references multiply', () => {
    let shared: unknown[] = [1];
    for (let level = 0; level < 40; level += 1) shared = [shared, shared];
    expect(mendText(shared)).toContain('[Too large]');
  });

  it('is JSON that gives the value back, for any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(typeof value === 'object' && value !== null);
        expect(JSON.parse(mendText(value) ?? '')).toEqual(
          JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '\u{FFFD}')),
        );
      }),
    );
  });

  it('is idempotent, and never throws on anything', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true }), (value) => {
        const text = mendText(value);
        expect(mendText(text)).toBe(text);
        expect(text ?? '').not.toMatch(/[\0\p{Cs}]/u);
      }),
    );
  });
});

describe('readEntries', () => {
  class Config {
    lr = 0.1;
    readonly inner = { a: 1 };
  }
  it.each<[unknown, unknown]>([
    [{ a: 1 }, [['a', 1]]],
    [{}, []],
    [Object.create(null), []],
    [new Map([[1, 2]]), [[1, 2]]],
    [
      new Config(),
      [
        ['lr', 0.1],
        ['inner', { a: 1 }],
      ],
    ],
    [{ toJSON: () => ({ b: 2 }) }, [['b', 2]]],
    [
      throwing,
      [
        ['bad', '[Unreadable]'],
        ['good', 1],
      ],
    ],
    [null, undefined],
    [undefined, undefined],
    ['text', undefined],
    [[1], undefined],
    [new Date(0), undefined],
    [new Set([1]), undefined],
    [() => 1, undefined],
    [new Uint8Array(2), undefined],
  ])('case %#', (given, entries) => {
    expect(readEntries(given)).toEqual(entries);
  });

  it('names own symbols, and never throws', () => {
    const symbol = Symbol('s');
    expect(readEntries({ a: 1, [symbol]: 2 })).toEqual([
      ['a', 1],
      [symbol, undefined],
    ]);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(readEntries(proxy)).toBeUndefined();
    fc.assert(fc.property(fc.anything(), (value) => void readEntries(value)));
  });
});

describe('toJsonValue', () => {
  it('is what JSON can say of anything', () => {
    const value = toJsonValue({ map: new Map([['a', 1n]]), set: new Set([1]), nan: Number.NaN, circular });
    expect(value).toEqual({ map: { a: '1' }, set: [1], nan: 'NaN', circular: { name: 'a', self: '[Circular]' } });
    expect(isPartial(JSON.stringify(value))).toBe(true);
    expect(isPartial('{"a":["b"]}')).toBe(false);
  });
});

describe('flattenParams', () => {
  it('gives nested objects dotted keys, and arrays, dates and empty objects one text', () => {
    const params = {
      lr: 0.1,
      optimizer: { name: 'adam', betas: [0.9, 0.999], decay: null, none: undefined },
      map: new Map([['k', { v: 1 }]]),
      at: new Date(0),
      empty: {},
      url: new URL('http://h/'),
    };
    expect(flattenParams(params)).toEqual([
      ['lr', '0.1'],
      ['optimizer.name', 'adam'],
      ['optimizer.betas', '[0.9,0.999]'],
      ['optimizer.decay', ''],
      ['map.k.v', '1'],
      ['at', '1970-01-01T00:00:00.000Z'],
      ['empty', '{}'],
      ['url', 'http://h/'],
    ]);
  });

  it('ends at cycles, at getters that throw and at depth 10, and loses nothing', () => {
    expect(flattenParams(circular)).toEqual([
      ['name', 'a'],
      ['self', '[Circular]'],
    ]);
    expect(flattenParams(throwing)).toEqual([
      ['bad', '[Unreadable]'],
      ['good', '1'],
    ]);
    expect(flattenParams(nest(12))).toEqual([[Array(10).fill('in').join('.'), '{"in":{"in":"end"}}']]);
  });

  it('stops spreading after 1000 entries and gives the rest as JSON', () => {
    const params: Record<string, unknown> = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`p${index}`, index]),
    );
    params['late'] = { a: 1 };
    expect(flattenParams(params).at(-1)).toEqual(['late', '{"a":1}']);
  });

  it('is empty for what is no object, and never throws', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const shy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    expect([undefined, null, 'text', 1, [1], proxy, shy].map(flattenParams)).toEqual([[], [], [], [], [], [], []]);
    expect(flattenParams({ proxy, shy })).toEqual([
      ['proxy', '[Unreadable]'],
      ['shy', '[Unreadable]'],
    ]);
    fc.assert(fc.property(fc.anything(), (value) => void flattenParams(value)));
  });
});
