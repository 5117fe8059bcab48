// The pictures of the command line, as functions of their data: what is sampled, drawn, laid out as a tree.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ticks } from '../../src/cli/html/chart.ts';
import { sample, sparkline, toPoints } from '../../src/cli/report/sample.ts';
import { readLogs, readSpans, type TraceSpan } from '../../src/cli/report/telemetry.ts';
import { layWaterfall, printWaterfall } from '../../src/cli/report/waterfall.ts';

const span = (name: string, over: Partial<TraceSpan> = {}): TraceSpan => ({
  name,
  spanId: name,
  parentSpanId: undefined,
  traceId: 't',
  startMs: 0,
  endMs: 100,
  isError: false,
  message: undefined,
  attributes: {},
  exceptions: [],
  ...over,
});

describe('a sample', () => {
  it('is of the points themselves, in their order, with both ends and the extremes, and no longer than asked', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 500 });
    fc.assert(
      fc.property(values, fc.integer({ min: 4, max: 60 }), (ys, maxCount) => {
        const points = ys.map((y, x) => ({ x, y }));
        const kept = sample(points, maxCount);
        expect(kept.length).toBeLessThanOrEqual(Math.max(maxCount, Math.min(points.length, maxCount)));
        expect(kept.every((point) => points[point.x] === point)).toBe(true);
        expect(kept.map(({ x }) => x)).toEqual(kept.map(({ x }) => x).toSorted((a, b) => a - b));
        const extremes = (of: readonly { readonly y: number }[]): number[] => [
          Math.min(...of.map(({ y }) => y)),
          Math.max(...of.map(({ y }) => y)),
        ];
        expect(extremes(kept)).toEqual(extremes(points));
        expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
      }),
    );
  });

  it('takes steps for x, times where all steps are the same, and leaves out what cannot be drawn', () => {
    const at = (step: number, value: number, timestampMs = step) => ({ key: 'k', step, value, timestampMs });
    expect(toPoints([at(2, 1), at(1, Number.NaN), at(0, 3)])).toEqual({ points: [{ x: 0, y: 3 }, { x: 2, y: 1 }], isTime: false }); // prettier-ignore
    expect(toPoints([at(0, 1, 50), at(0, 2, 40)])).toEqual({ points: [{ x: 40, y: 2 }, { x: 50, y: 1 }], isTime: true }); // prettier-ignore
  });
});

describe('a sparkline', () => {
  it.each([
    [[0, 1, 2, 3, 4, 5, 6, 7], 8, '▁▂▃▄▅▆▇█'],
    [[5, 5, 5], 8, '▅▅▅'],
    [[0, 0, 8, 8], 2, '▁█'],
    [[], 8, ''],
  ])('of %j in %i columns is %s', (ys, width, expected) => {
    expect(sparkline(ys.map((y, x) => ({ x, y })), width)).toBe(expected); // prettier-ignore
  });
});

describe('ticks', () => {
  it('are round, in the range, and few, whatever the range', () => {
    const ends = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(ends, fc.double({ noNaN: true, min: 1e-3, max: 1e12 }), (from, width) => {
        const found = ticks([from, from + width]);
        expect(found.length).toBeLessThanOrEqual(16);
        for (const tick of found) expect(tick).toBeGreaterThanOrEqual(from - width * 0.01);
      }),
    );
    expect(ticks([0, 1])).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks([0, 100_000])).toEqual([0, 20_000, 40_000, 60_000, 80_000, 100_000]);
  });
});

describe('a waterfall', () => {
  it('is a tree by parents, and forgets no span: not an orphan, not a circle, not a span that is its own parent', () => {
    const spans = [
      span('root'),
      span('b', { parentSpanId: 'root', startMs: 50 }),
      span('b1', { parentSpanId: 'b', startMs: 60 }),
      span('orphan', { parentSpanId: 'gone' }),
      span('self', { parentSpanId: 'self' }),
      span('x', { parentSpanId: 'y' }),
      span('y', { parentSpanId: 'x' }),
    ];
    const { rows, startMs, endMs } = layWaterfall(spans);
    expect(rows.map((row) => [row.span.name, row.depth])).toEqual([
      ['root', 0],
      ['b', 1],
      ['b1', 2],
      ['orphan', 0],
      ['self', 0],
      ['x', 0],
      ['y', 0],
    ]);
    expect([startMs, endMs]).toEqual([0, 100]);
  });

  it('is drawn on one scale, with errors marked and what is too much counted', () => {
    const spans = [
      span('train', { endMs: 1000 }),
      span('load', { parentSpanId: 'train', endMs: 500 }),
      span('fit', { parentSpanId: 'train', startMs: 500, endMs: 1000, isError: true, message: 'no\nrows' }),
      span('more', { parentSpanId: 'train', startMs: 999 }),
    ];
    const text = printWaterfall(layWaterfall(spans), { columns: 45, maxRows: 3 });
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^train +█+ +1\.0 s$/),
      expect.stringMatching(/^ {2}load +█+·+ +500 ms$/),
      expect.stringMatching(/^ {2}fit +·+█+ +500 ms ✗ no rows$/),
      '… and 1 more',
    ]);
    const [whole = '', half = ''] = text.split('\n').map((line) => line.match(/[█·]+/)?.[0]);
    expect(half).toHaveLength(whole.length);
    expect(half.indexOf('·')).toBe(whole.length / 2);
  });

  it('of nothing is nothing, and one of ten thousand deep is laid out', () => {
    expect(printWaterfall(layWaterfall([]), { columns: 80, maxRows: 9 })).toBe('');
    const deep = Array.from({ length: 10_000 }, (_, at) => span(`s${at}`, { parentSpanId: `s${at - 1}` }));
    expect(layWaterfall(deep).rows.at(-1)?.depth).toBe(9_999);
  });
});

describe('telemetry', () => {
  it('is read from lines that a Collector writes, in order, whatever stands between them', () => {
    const attributes = [
      { key: 'n', value: { intValue: '7' } },
      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { doubleValue: 0.5 }] } } },
      { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: true } }] } } },
    ];
    const event = {
      name: 'exception',
      attributes: [
        { key: 'exception.type', value: { stringValue: 'RangeError' } },
        { key: 'exception.message', value: { stringValue: 'far' } },
      ],
    };
    const one = (name: string, start: string, rest: object = {}): object => ({
      resourceSpans: [{ scopeSpans: [{ spans: [{ name, spanId: name, startTimeUnixNano: start, ...rest }] }] }],
    });
    const lines = [
      one('late', '2000000000'),
      one('early', '1000000500', {
        attributes,
        status: { code: 2, message: 'far' },
        events: [event],
        parentSpanId: '',
      }),
    ].map((line) => JSON.stringify(line));
    const spans = readSpans(`${lines[0]}\nnot JSON\n\n[1]\n{"resourceSpans":7}\n${lines[1]}\n`);
    expect(spans.map(({ name }) => name)).toEqual(['early', 'late']);
    expect(spans[0]).toMatchObject({
      startMs: 1000,
      isError: true,
      message: 'far',
      parentSpanId: undefined,
      exceptions: ['RangeError: far'],
    });
    expect({ ...spans[0]?.attributes }).toEqual({ n: '7', list: '["a",0.5]', map: '{"k":true}' });
    const record = { timeUnixNano: '1700000000123000000', severityText: 'WARNING', body: { stringValue: 'hot' } };
    const text = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
    expect(readLogs(text)).toMatchObject([{ timeMs: 1_700_000_000_123, level: 'WARNING', message: 'hot' }]);
  });

  it('that is no telemetry is none, and never an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        readSpans(text);
        readLogs(text);
      }),
    );
  });
});
