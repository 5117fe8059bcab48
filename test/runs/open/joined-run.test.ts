// The key of a run that another process has open: known without asking anybody, and the same in every process that joins.
import { expect, test } from 'vitest';
import { keyOfJoined } from '../../../src/runs/open/joined-run.ts';

const ID = 'a1'.repeat(16);

test('is the one that was told', () => {
  expect(keyOfJoined({ runKey: 'b2'.repeat(16), runId: ID })).toBe('b2'.repeat(16));
});

test('is the id where nothing else is known, so that the run is found by it', () => {
  expect(keyOfJoined({ runId: ID })).toBe(ID);
});

test('is made of an id of another form, each time the same one', () => {
  const key = keyOfJoined({ runId: 'nightly-2026' });
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(keyOfJoined({ runId: 'nightly-2026' })).toBe(key);
  expect(keyOfJoined({ runId: 'nightly-2027' })).not.toBe(key);
});

test('is nobody’s where nothing is known', () => {
  expect(keyOfJoined({})).not.toBe(keyOfJoined({}));
});
