// Any write, for property tests.
import fc from 'fast-check';
import type { Write } from '../../src/model/write.ts';
import { create, end, runKey } from './writes.ts';

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
