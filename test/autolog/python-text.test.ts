// Values as Python writes them, and digests as Python computes them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { numpyDigest } from '../../src/autolog/numpy-digest.ts';
import { toPythonFloat, toPythonText } from '../../src/autolog/python-text.ts';

it.each([
  [null, 'None'],
  [undefined, 'None'],
  [true, 'True'],
  [false, 'False'],
  [3, '3'],
  [0.5, '0.5'],
  ['adam', 'adam'],
  [[1, 'a', null], "[1, 'a', None]"],
  [{ 0: 1, 1: 2.5 }, '{0: 1, 1: 2.5}'],
  [{ out: { 1: true } }, "{'out': {1: True}}"],
  [{ dataId: {}, shape: [3, 1] }, '<Tensor shape=[3, 1]>'],
])('%j is said as %s', (value, text) => expect(toPythonText(value)).toBe(text));

it.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [0.1, '0.1'],
  [1e-7, '1e-07'],
  [0.00001, '1e-05'],
  [0.0001, '0.0001'],
  [1.5e-10, '1.5e-10'],
  [123456789, '123456789.0'],
  [1e15, '1000000000000000.0'],
  [1e16, '1e+16'],
  [1.25e22, '1.25e+22'],
  [12345678.25, '12345678.25'],
  [NaN, 'nan'],
  [-Infinity, '-inf'],
  [null, 'None'],
])('the float %d is said as %s', (value, text) => expect(toPythonFloat(value)).toBe(text));

it('a numpy array has the digest that MLflow gives it', () => {
  const { datasets } = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/mlflow.json'), 'utf8')) as {
    datasets: { name: string; dataset: { digest: string } }[];
  };
  const known = datasets.find(({ name }) => name === 'numpy')?.dataset.digest;
  expect(numpyDigest([{ shape: [3, 2], values: new Float64Array([0, 1, 2, 3, 4, 5]) }])).toBe(known);
});

it.each([
  ['float32', [{ shape: [3], values: new Float32Array([0.1, -2.5, 3e7]) }], '07f96154'],
  [
    'int32 with targets',
    [
      { shape: [2, 2], values: new Int32Array([1, -2, 3, 2 ** 31 - 1]) },
      { shape: [2], values: new Float32Array([1.5, 2.5]) },
    ],
    '2ca3346f',
  ],
  ['bool', [{ shape: [2], values: new Uint8Array([1, 0]) }], 'c3712814'],
  [
    'more than are looked at',
    [{ shape: [10_000, 2], values: Float32Array.from({ length: 20_000 }, (_, at) => at) }],
    'f5784dbf',
  ],
])('%s: the digest that Python answers', (_, arrays, digest) => expect(numpyDigest(arrays)).toBe(digest));
