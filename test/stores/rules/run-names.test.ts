// Random names: MLflow's form and length, whatever the dice say.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomRunName } from '../../../src/stores/rules/run-names.ts';

test('any roll gives predicate-noun-number in at most 20 characters', () => {
  const roll = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.array(roll, { minLength: 3, maxLength: 3 }), (rolls) => {
      const left = [...rolls];
      const name = randomRunName(() => left.shift() ?? 0);
      expect(name).toMatch(/^[a-z]+-[a-z]+-\d{1,4}$/);
      expect(name.length).toBeLessThanOrEqual(20);
    }),
  );
});

test('a thousand names are nearly all different', () => {
  expect(new Set(Array.from({ length: 1_000 }, () => randomRunName())).size).toBeGreaterThan(990);
});
