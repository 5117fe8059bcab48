// A log-batch of any size in requests that MLflow takes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_LIMITS } from '../../../src/model/limits.ts';
import { splitBatch } from '../../../src/rest/wire/batches.ts';
import { encode } from '../../../src/rest/wire/wire-requests.ts';

const key = fc.string({ minLength: 1, maxLength: 250 });
const metric = fc.record({
  key,
  value: fc.double(),
  timestampMs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  step: fc.maxSafeInteger(),
});
const pair = fc.record({ key, value: fc.string({ maxLength: 8000 }) });
const many = <T>(item: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc
    .tuple(fc.array(item, { minLength: 1, maxLength: 20 }), fc.nat({ max: maxLength }))
    .map(([items, length]) => Array.from({ length }, (_, index) => items[index % items.length] as T));

describe('splitBatch', () => {
  it('keeps every item, in order, within every limit', () => {
    const batch = fc.record({
      metrics: many(metric, 3500),
      params: fc.uniqueArray(pair, { selector: (one) => one.key, maxLength: 350 }),
      tags: fc.uniqueArray(pair, { selector: (one) => one.key, maxLength: 350 }),
    });
    fc.assert(
      fc.property(batch, (from) => {
        const batches = splitBatch({ runId: 'r', ...from });
        expect(batches.flatMap((one) => one.metrics)).toEqual(from.metrics);
        expect(batches.flatMap((one) => one.params)).toEqual(from.params);
        expect(batches.flatMap((one) => one.tags)).toEqual(from.tags);
        for (const { metrics, params, tags, runId } of batches) {
          expect(runId).toBe('r');
          expect(params.length).toBeLessThanOrEqual(BATCH_LIMITS.paramCount);
          expect(tags.length).toBeLessThanOrEqual(BATCH_LIMITS.tagCount);
          expect(metrics.length).toBeLessThanOrEqual(BATCH_LIMITS.metricCount);
          const total = metrics.length + params.length + tags.length;
          expect(total).toBeGreaterThan(0);
          expect(total).toBeLessThanOrEqual(BATCH_LIMITS.totalCount);
          const body = JSON.stringify(encode.batch({ runId, metrics, params, tags }));
          expect(Buffer.byteLength(body)).toBeLessThan(1_100_000);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('needs no more requests than there must be', () => {
    const metrics = Array.from({ length: 2500 }, (_, step) => ({ key: 'loss', value: step, timestampMs: 1, step }));
    expect(splitBatch({ runId: 'r', metrics }).map((one) => one.metrics.length)).toEqual([1000, 1000, 500]);
    const params = Array.from({ length: 100 }, (_, index) => ({ key: `p${index}`, value: '' }));
    expect(splitBatch({ runId: 'r', metrics, params }).map((one) => one.metrics.length)).toEqual([900, 1000, 600]);
  });

  it('splits texts by their bytes', () => {
    const tags = Array.from({ length: 100 }, (_, index) => ({ key: `t${index}`, value: '日'.repeat(8000) }));
    const batches = splitBatch({ runId: 'r', tags });
    expect(batches.length).toBe(3);
    expect(batches.flatMap((one) => one.tags)).toEqual(tags);
  });

  it('sends an item that is too large alone, rather than not at all', () => {
    const tags = [
      { key: 'a', value: 'x'.repeat(2_000_000) },
      { key: 'b', value: 'x' },
    ];
    expect(splitBatch({ runId: 'r', tags }).map((one) => one.tags.length)).toEqual([1, 1]);
  });

  it('sends nothing where there is nothing', () => {
    expect(splitBatch({ runId: 'r' })).toEqual([]);
  });

  it('sends a param that is given twice once', () => {
    const params = [
      { key: 'a', value: '1' },
      { key: '__proto__', value: '2' },
      { key: 'a', value: '1' },
    ];
    expect(splitBatch({ runId: 'r', params })[0]?.params).toEqual(params.slice(0, 2));
  });

  it('refuses a param with two values as the server does', () => {
    const params = ['1', '2'].map((value) => ({ key: 'a', value }));
    expect(() => splitBatch({ runId: 'r', params })).toThrow(
      expect.objectContaining({ errorCode: 'INVALID_PARAMETER_VALUE', status: 400, isRetryable: false }),
    );
  });

  it('sends the last value of a tag', () => {
    const tags = ['1', '2'].map((value) => ({ key: 'a', value }));
    expect(splitBatch({ runId: 'r', tags })[0]?.tags).toEqual([{ key: 'a', value: '2' }]);
  });
});
