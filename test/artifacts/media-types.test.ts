// Types by name, as Python's mimetypes.guess_type says them; test/live/artifacts.test.ts asks Python itself.
import { expect, test } from 'vitest';
import { guessMediaType } from '../../src/artifacts/media-types.ts';

test.each([
  ['plots/loss.png', 'image/png', undefined],
  ['LOSS.PNG', 'image/png', undefined],
  ['table.csv.gz', 'text/csv', 'gzip'],
  ['all.tgz', 'application/x-tar', 'gzip'],
  ['pic.svgz', 'image/svg+xml', 'gzip'],
  ['a.b/c', undefined, undefined],
  ['data.json', 'application/json', undefined],
  ['weights.bin', 'application/octet-stream', undefined],
  ['model.parquet', undefined, undefined],
  ['.png', undefined, undefined],
  ['only.gz', undefined, 'gzip'],
  ['..png', undefined, undefined],
  ['notes.md', undefined, undefined],
])('%s is %s, packed %s', (path, type, encoding) => {
  expect(guessMediaType(path)).toEqual({ type, encoding });
});
