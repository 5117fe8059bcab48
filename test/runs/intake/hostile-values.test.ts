// Values that nobody should give: each is sent in a sensible text, or refused with a count and a reason; nothing is silent, nothing throws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isValidKey } from '../../../src/model/limits.ts';
import type { Run } from '../../../src/runs/run.ts';
import { openTestRun } from '../test-run.ts';

/** What TypeScript would not let through, as JavaScript gives it. */
interface LooseRun {
  logMetric(...args: readonly unknown[]): void;
  logMetrics(...args: readonly unknown[]): void;
  logParam(...args: readonly unknown[]): void;
  logParams(...args: readonly unknown[]): void;
  setTag(...args: readonly unknown[]): void;
  setTags(...args: readonly unknown[]): void;
  logText(...args: readonly unknown[]): void;
  logDict(...args: readonly unknown[]): void;
  logArtifact(...args: readonly unknown[]): Promise<void>;
  logInput(...args: readonly unknown[]): void;
  fail(...args: readonly unknown[]): void;
  end(...args: readonly unknown[]): Promise<void>;
}

const loose = (run: Run): LooseRun => run as unknown as LooseRun;

class Config {
  lr = 0.1;
  readonly layers = [8, 4];
  readonly #hidden = 'x';
  get hidden(): string {
    return this.#hidden;
  }
}
const throwing = {
  good: 1,
  get bad(): never {
    throw new Error('no');
  },
};
const circular: Record<string, unknown> = { a: 1 };
circular['self'] = circular;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const bare = (): object => Object.create(null) as object;

describe('a value of any kind', () => {
  test.each<[string, unknown, string, readonly string[]]>([
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z', []],
    ['an error', new RangeError('no rows'), 'RangeError: no rows', []],
    ['a map', new Map<string, unknown>([['a', 1]]), '{"a":1}', []],
    ['a set', new Set(['a', 1]), '["a",1]', []],
    ['a pattern', /a+/g, '/a+/g', []],
    ['a URL', new URL('http://h/p'), 'http://h/p', []],
    ['a typed array', new Float32Array([1, 2]), '[1,2]', []],
    ['a bigint', 10n, '10', []],
    ['a symbol', Symbol('s'), 'Symbol(s)', []],
    ['a function', Math.max, String(Math.max), []],
    ['an object of a class', new Config(), '{"lr":0.1,"layers":[8,4]}', []],
    ['an object without prototype', bare(), '{}', []],
    ['a circular object', circular, '{"a":1,"self":"[Circular]"}', ['partial']],
    ['a getter that throws', throwing, '{"good":1,"bad":"[Unreadable]"}', ['partial']],
    ['a revoked proxy', revoked, '[Unreadable]', ['partial']],
    ['half a surrogate pair', 'a\uD800', 'a\uFFFD', ['text']],
  ])('%s is its text as a param, a tag and in logParams', (_, value, text, mended) => {
    for (const log of [
      (run: LooseRun) => run.logParam('v', value),
      (run: LooseRun) => run.logParams({ v: [value] }),
      (run: LooseRun) => run.setTag('v', value),
      (run: LooseRun) => run.setTags({ v: value }),
    ]) {
      const { run, texts, mends, refusals } = openTestRun();
      log(loose(run));
      const sent = texts('params')['v'] ?? texts('tags')['v'];
      expect(sent).toBeDefined();
      if (!String(log).includes('[value]')) expect(sent).toBe(text);
      if (!String(log).includes('[value]')) expect(mends).toEqual(mended);
      expect(refusals).toEqual([]);
    }
  });

  test('objects of a class give logParams, logMetrics and setTags their own fields; plain ones dotted keys', () => {
    const { run, texts, writesOf } = openTestRun();
    loose(run).logParams(new Config());
    loose(run).logParams({ model: new Config(), plain: { deep: { a: 1 } } });
    loose(run).logParams(throwing);
    loose(run).setTags(new Map([['stage', 'dev']]));
    loose(run).logMetrics(new Map([['loss', 1]]));
    expect(texts('params')).toEqual({
      lr: '0.1',
      layers: '[8,4]',
      model: '{"lr":0.1,"layers":[8,4]}',
      'plain.deep.a': '1',
      good: '1',
      bad: '[Unreadable]',
    });
    expect(texts('tags')).toMatchObject({ stage: 'dev' });
    expect(writesOf('metric')).toMatchObject([{ key: 'loss', value: 1 }]);
  });

  test('logDict says maps, sets, bigints, NaN, classes and cycles', () => {
    const { run, outbox, mends } = openTestRun();
    loose(run).logDict(
      { map: new Map([['a', new Set([1n])]]), nan: Number.NaN, at: new Date(0), of: new Config() },
      'a.json',
    );
    loose(run).logDict(circular, 'b.yaml');
    loose(run).logDict(throwing, 'c.json');
    const [first, second, third] = [...outbox.spooled.values()];
    expect(JSON.parse(first ?? '')).toEqual({
      map: { a: ['1'] },
      nan: 'NaN',
      at: '1970-01-01T00:00:00.000Z',
      of: { lr: 0.1, layers: [8, 4] },
    });
    expect([second, JSON.parse(third ?? '')]).toEqual(['a: 1\nself: "[Circular]"\n', { good: 1, bad: '[Unreadable]' }]);
    expect(mends).toEqual(['partial', 'partial']);
  });

  test('a name that becomes dotted is looked at as well', () => {
    const { run, texts } = openTestRun();
    run.logParams({ api: { key: 'hunter2', use: { token: true } }, password: 'true' });
    expect(texts('params')).toEqual({ 'api.key': '[REDACTED]', 'api.use.token': 'true', password: '[REDACTED]' });
  });
});

/** Each is refused as a whole: nothing of it can be sent. */
const REFUSED: readonly (readonly [string, (run: LooseRun) => unknown])[] = [
  ['logMetrics(null)', (run) => run.logMetrics(null)],
  ['logMetrics(undefined)', (run) => run.logMetrics()],
  ['logMetrics of a number', (run) => run.logMetrics(5)],
  ['logParams(undefined)', (run) => run.logParams()],
  ['logParams of a list', (run) => run.logParams([1])],
  ['logParams of a text', (run) => run.logParams('a')],
  ['logParams of a date', (run) => run.logParams(new Date(0))],
  ['logParams of a revoked proxy', (run) => run.logParams(revoked)],
  ['setTags(null)', (run) => run.setTags(null)],
  ['setTags of a set', (run) => run.setTags(new Set(['a']))],
  ['setTag of a symbol', (run) => run.setTag(Symbol('s'), 'v')],
  ['setTag(undefined)', (run) => run.setTag(undefined, 'v')],
  ['setTags with a symbol', (run) => run.setTags({ [Symbol('s')]: 1 })],
  ['logParam of an object', (run) => run.logParam(bare(), 'v')],
  ['logMetric(undefined)', (run) => run.logMetric(undefined, 1)],
  ['logMetric of a symbol', (run) => run.logMetric(Symbol('s'), 1)],
  ['logMetric without a value', (run) => run.logMetric('m')],
  ['logMetric of an object', (run) => run.logMetric('m', bare())],
  ['logInput(null)', (run) => run.logInput(null)],
  ['logInput without a source', (run) => run.logInput({ name: 'd' })],
  ['logText(undefined)', (run) => run.logText(undefined, 'a.txt')],
  ['logText without a file', (run) => run.logText('a')],
  ['logText with a file that is none', (run) => run.logText('a', bare())],
  ['logDict(undefined)', (run) => run.logDict(undefined, 'a.json')],
  ['logArtifact(undefined)', (run) => run.logArtifact()],
  ['logArtifact of an object', (run) => run.logArtifact(bare())],
  ['logArtifact to a folder that is none', (run) => run.logArtifact('/a', 5)],
];

/** Each is sent, but otherwise than it was given. */
const MENDED: readonly (readonly [string, string, (run: LooseRun) => unknown])[] = [
  ['a number as a key', 'key', (run) => run.setTag(5, 'v')],
  ['a number as the key of a metric', 'key', (run) => run.logMetric(5, 1)],
  ['a key that MLflow does not take', 'key', (run) => run.logParam('a@b', 1)],
  ['a fractional step', 'step', (run) => run.logMetric('m', 1, { step: 1.5 })],
  ['a step that is too large', 'step', (run) => run.logMetric('m', 1, { step: 1e300 })],
  ['a step that is a text', 'step', (run) => run.logMetric('m', 1, { step: '5' })],
  ['a step that is NaN', 'step', (run) => run.logMetric('m', 1, { step: Number.NaN })],
  ['a fractional time', 'time', (run) => run.logMetric('m', 1, { timestampMs: 1.5 })],
  ['a time before 1970', 'time', (run) => run.logMetric('m', 1, { timestampMs: -1 })],
  ['an invalid date', 'time', (run) => run.logMetric('m', 1, { timestampMs: new Date(Number.NaN) })],
  ['options that are a step', 'options', (run) => run.logMetric('m', 1, 5)],
  ['a long param', 'long-value', (run) => run.logParam('p', 'x'.repeat(6001))],
  ['a long tag', 'long-value', (run) => run.setTag('t', 'x'.repeat(8001))],
  ['a circular param', 'partial', (run) => run.logParams({ p: circular })],
  ['a circular list', 'partial', (run) => run.logParam('p', [circular])],
  ['a NUL', 'text', (run) => run.logParams({ p: 'a\0b' })],
  ['a text that is none', 'text', (run) => run.logText(5, 'a.txt')],
  ['bytes as a text', 'text', (run) => run.logText(new Uint8Array([65]), 'a.txt')],
  ['a dictionary that is circular', 'partial', (run) => run.logDict(circular, 'a.json')],
  ['a reason that is none', 'text', (run) => run.fail(bare())],
  ['a data set with a long name', 'dataset', (run) => run.logInput({ name: 'n'.repeat(501), source: 'a' })],
  [
    'a long tag of an input',
    'long-value',
    (run) => run.logInput({ name: 'n', source: 'a' }, { context: 'x'.repeat(501) }),
  ],
];

describe('attributes', () => {
  test('are the text of any value, each mend counted once and never thrown, strict or not', async () => {
    const { run, texts, mends, refusals } = openTestRun({}, { isStrict: true });
    // What the types of OpenTelemetry would not let through.
    run.span.setAttributes({ circular, map: new Map([['a', 1]]), at: new Date(0), big: 1n } as never);
    run.span.setAttribute('a@b', 'x'.repeat(7000));
    run.span.setAttribute('metric.bad', 'x');
    await run.end();
    expect(texts('params')).toEqual({
      circular: '{"a":1,"self":"[Circular]"}',
      map: '{"a":1}',
      at: '1970-01-01T00:00:00.000Z',
      big: '1',
      a_b: `${'x'.repeat(5999)}…`,
    });
    expect([mends, refusals]).toEqual([['partial', 'key', 'long-value'], ['invalid']]);
  });
});

describe('what cannot be sent', () => {
  test.each(REFUSED)('%s is refused, counted once and said', async (_, act) => {
    const { run, refusals, mends, outbox, said } = openTestRun();
    await act(loose(run));
    expect([refusals.length, mends, outbox.writes.map(({ kind }) => kind)]).toEqual([1, [], ['create']]);
    expect([...said.values()][0]).toMatch(/^\w.{10,}/);
  });

  test.each(REFUSED)('%s throws INVALID_VALUE where strict', async (_, act) => {
    const { run, refusals } = openTestRun({}, { isStrict: true });
    // What throws at once and what rejects are the same here.
    await expect((async () => act(loose(run)))()).rejects.toMatchObject({
      name: 'RunspanError',
      code: 'INVALID_VALUE',
    });
    expect(refusals).toEqual([]);
  });
});

describe('what is mended', () => {
  test.each(MENDED)('%s is counted as %s, once, and sent', async (_, reason, act) => {
    const { run, mends, refusals, outbox } = openTestRun();
    await act(loose(run));
    await run.end();
    expect([mends, refusals]).toEqual([[reason], []]);
    expect(outbox.writes.length).toBeGreaterThan(1);
  });

  test.each(MENDED)('%s throws INVALID_VALUE where strict, and nothing of it is sent', async (_, _reason, act) => {
    const { run, mends, outbox } = openTestRun({}, { isStrict: true });
    await expect((async () => act(loose(run)))()).rejects.toMatchObject({
      name: 'RunspanError',
      code: 'INVALID_VALUE',
    });
    expect([mends, outbox.writes.map(({ kind }) => kind)]).toEqual([[], ['create']]);
  });

  test('NaN, the infinities, whole bigint steps and dates are no mends', () => {
    const { run, mends } = openTestRun({}, { isStrict: true });
    run.logMetrics({ a: Number.NaN, b: Infinity, c: -Infinity });
    loose(run).logMetric('d', 1, { step: 5n, timestampMs: new Date(7) });
    loose(run).logMetric('e', 1, null);
    loose(run).logMetric('f', 1, { step: null, timestampMs: undefined });
    run.logParams({ yes: true, none: null, at: new Date(0), list: [1], missing: undefined });
    expect(mends).toEqual([]);
  });

  test('a strict service opens no run with tags that would be mended, and leaves no span behind', () => {
    expect(() => openTestRun({ tags: { 'a@b': 1 } }, { isStrict: true })).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    expect(() => openTestRun({ name: 'x'.repeat(251) }, { isStrict: true })).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
  });

  test('a strict run that is ended as something unknown rejects, and has ended', async () => {
    const { run, writesOf } = openTestRun({}, { isStrict: true });
    await expect(loose(run).end('BOGUS')).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(writesOf('end')).toMatchObject([{ status: 'FINISHED' }]);
  });

  test('a strict file that cannot be read says its own code', async () => {
    const { run, outbox } = openTestRun({}, { isStrict: true });
    const { RunspanError } = await import('../../../src/errors.ts');
    outbox.spoolFile = () => Promise.reject(new RunspanError('FILE_NOT_READABLE', 'no such file'));
    await expect(run.logArtifact('/absent')).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
  });
});

test('never throws, whatever it is given, and says so', async () => {
  const odd = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
    fc.constantFrom('revoked', 'throwing', 'bare', 'symbol', 'function'),
  );
  const stand: Record<string, unknown> = { revoked, throwing, bare: bare(), symbol: Symbol('s'), function: () => 1 };
  const calls: readonly ((run: LooseRun, a: unknown, b: unknown, c: unknown) => unknown)[] = [
    (run, a, b, c) => run.logMetric(a, b, c),
    (run, a, b) => run.logMetrics(a, b),
    (run, a, b) => run.logParam(a, b),
    (run, a) => run.logParams(a),
    (run, a, b) => run.setTag(a, b),
    (run, a) => run.setTags(a),
    (run, a, b) => run.logText(a, b),
    (run, a, b) => run.logDict(a, b),
    (run, a, b) => run.logArtifact(a, b),
    (run, a, b) => run.logInput(a, b),
    (run, a) => run.fail(a),
  ];
  const at = (value: unknown): unknown => (typeof value === 'string' && value in stand ? stand[value] : value);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...calls), odd, odd, odd, async (call, a, b, c) => {
      const { run, outbox } = openTestRun();
      await call(loose(run), at(a), at(b), at(c));
      await loose(run).end(at(a));
      for (const write of outbox.writes) {
        if (write.kind === 'metric') expect(isValidKey(write.key)).toBe(true);
        if (write.kind === 'params') for (const { key } of write.params) expect(isValidKey(key)).toBe(true);
        if (write.kind === 'tags') for (const { key } of write.tags) expect(isValidKey(key)).toBe(true);
      }
      expect(outbox.writes.at(-1)?.kind).toBe('end');
    }),
  );
});

describe('keys', () => {
  const nearKey = fc.string({ unit: fc.constantFrom('a', 'b', '_', '*', '?', '/', '.', '🙂', '\uD800'), maxLength: 6 });

  test('two that mend to one are told apart for the life of the run, both originals in their tags', () => {
    const { run, writesOf, texts, mends } = openTestRun();
    for (const key of ['a*b', 'a?b', 'a_b', 'a*b', 'a?b', 'a_b']) run.logMetric(key, 1);
    const sent = writesOf('metric').map(({ key }) => key);
    expect(sent.slice(0, 3)).toEqual([
      'a_b',
      expect.stringMatching(/^a_b-[0-9a-f]{8}$/),
      expect.stringMatching(/^a_b-/),
    ]);
    expect(sent.slice(3)).toEqual(sent.slice(0, 3));
    expect(new Set(sent).size).toBe(3);
    const originals = sent.slice(0, 3).map((key) => texts('tags')[`runspan.key.${key}`]);
    expect([originals, mends]).toEqual([
      ['a*b', 'a?b', 'a_b'],
      ['key', 'key', 'key'],
    ]);
  });

  test('distinct originals have distinct keys, and the tags say which is whose', () => {
    fc.assert(
      fc.property(fc.array(nearKey, { maxLength: 40 }), (given) => {
        const { run, writesOf, texts } = openTestRun();
        for (const [index, key] of given.entries()) run.logMetric(key, index);
        const sent = writesOf('metric').map(({ key }) => key);
        const tags = texts('tags');
        for (const [index, key] of given.entries()) {
          expect(sent[index]).toBe(sent[given.indexOf(key)]);
          const same = given.filter((_, other) => sent[other] === sent[index]);
          expect(new Set(same)).toEqual(new Set([key]));
          if (sent[index] !== key) expect(tags[`runspan.key.${sent[index]}`]).toBe(key.replaceAll('\uD800', '\uFFFD'));
        }
      }),
    );
  });

  test('params and tags share them with metrics, and a key of 10,000 characters is one too', () => {
    const { run, texts, writesOf } = openTestRun();
    run.setTag('a*b', 'tag');
    run.logParam('a?b', 'param');
    run.logMetric(`${'k'.repeat(10_000)}1`, 1);
    run.logMetric(`${'k'.repeat(10_000)}2`, 1);
    expect(texts('tags')['a_b']).toBe('tag');
    expect(Object.keys(texts('params'))).toEqual([expect.stringMatching(/^a_b-/)]);
    const [first, second] = writesOf('metric');
    expect(first?.key).not.toBe(second?.key);
  });

  test('the whole of a long param and of a long tag of one key lie apart, under names that a disk takes', () => {
    const { run, writesOf } = openTestRun();
    const key = '日'.repeat(250);
    run.logParam('p', 'x'.repeat(6001));
    run.setTag('p', 'y'.repeat(8001));
    run.logParam(key, 'x'.repeat(6001));
    const paths = writesOf('artifact').map(({ path }) => path);
    expect(paths.slice(0, 2)).toEqual(['runspan/values/p.txt', 'runspan/values/p.tag.txt']);
    expect(Buffer.byteLength(paths[2]?.split('/').at(-1) ?? '')).toBeLessThan(255);
  });
});
