import { expect, it } from 'vitest';
import { findLike } from '../../src/model/find-like.ts';

it.each([
  ['experiment', 'experimentName'],
  ['tracking_uri', 'trackingUri'],
  ['levle', 'level'],
  ['uri', undefined],
  ['nope', undefined],
  ['x'.repeat(100_000), undefined],
  ['', undefined],
])('a name like %.20s is taken for %s', (name, meant) => {
  expect(findLike(name, ['sink', 'level', 'trackingUri', 'registryUri', 'experimentName'])).toBe(meant);
});
