// The text of a number is JavaScript's own, so that a journal reads back what was logged.
import { expect, test } from 'vitest';
import { numberText } from '../../../src/outbox/journal/number-text.ts';

test.for([0, 7, -7, 0.1, -1.5, 1 / 3, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 1.7e12])(
  '%d is spelled as a template spells it',
  (value) => {
    expect(numberText(value)).toBe(`${value}`);
  },
);

test('-0 keeps its sign', () => {
  expect(Object.is(Number(numberText(-0)), -0)).toBe(true);
});
