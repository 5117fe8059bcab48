// Writes as jobs make them, for property tests and examples.
import fc from 'fast-check';
import type { CreateWrite, EndWrite, MetricWrite, Write } from '../../src/model/write.ts';

/** A run key from a small number. */
export function runKey(index: number): string {
  return index.toString(16).padStart(32, '0');
}

/** A create with the tags that it always has. */
export function create(key: string, more: Partial<CreateWrite> = {}): CreateWrite {
  return {
    kind: 'create',
    runKey: key,
    experimentName: 'churn',
    runName: 'train',
    userId: 'ann',
    startTimeMs: 1_700_000_000_000,
    tags: [
      { key: 'mlflow.runName', value: 'train' },
      { key: 'runspan.run_key', value: key },
    ],
    ...more,
  };
}

/** One metric point; its step makes it unlike the others. */
export function metric(key: string, step: number, name = 'loss'): MetricWrite {
  return { kind: 'metric', runKey: key, key: name, value: step / 2, timestampMs: 1_700_000_000_000 + step, step };
}

/** A run's end. */
export function end(key: string, status: EndWrite['status'] = 'FINISHED'): EndWrite {
  return { kind: 'end', runKey: key, status, endTimeMs: 1_700_000_009_000 };
}

const text = fc.string({ unit: 'binary', maxLength: 40 });
const pairs = fc.array(fc.record({ key: text, value: text }), { maxLength: 4 });

/** Any write, as the journal may get it. */
export const anyWrite: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('metric' as const),
      runKey: fc.nat(3).map(runKey),
      key: text,
      value: fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom('NaN' as const, 'Infinity' as const, '-Infinity' as const),
      ),
      timestampMs: fc.nat(),
      step: fc.maxSafeInteger(),
    }),
  },
  fc.record({ kind: fc.constant('params' as const), runKey: fc.nat(3).map(runKey), params: pairs }),
  fc.record({ kind: fc.constant('tags' as const), runKey: fc.nat(3).map(runKey), tags: pairs }),
  fc.nat(3).map((index) => create(runKey(index))),
  fc.nat(3).map((index) => end(runKey(index))),
);
