// S1: signatures inferred from examples, held to what MLflow's own infer_signature answers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inferSignature, signatureNames } from '../../src/model/infer-signature.ts';

interface Shaped {
  readonly dtype: string;
  readonly shape: readonly number[];
}

interface Case {
  readonly name: string;
  readonly input: {
    readonly json?: unknown;
    readonly ndarray?: Shaped;
    readonly ndarrays?: Readonly<Record<string, Shaped>>;
  };
  readonly signature: string;
}

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/mlflow.json'), 'utf8')) as {
  readonly signatures: readonly Case[];
};

/** JavaScript has one type of number: a column of 1 and 1.5 is one of doubles, where Python finds two types. */
const DIFFERENT: Readonly<Record<string, unknown>> = {
  'mixed int float': [{ type: 'double', name: 'a', required: true }],
};

describe('S1: inferSignature', () => {
  it.each(fixture.signatures)('answers as MLflow does: $name', ({ name, input, signature }) => {
    const { json, ndarray, ndarrays } = input;
    const { inputs, outputs } = inferSignature({ inputs: json ?? ndarray ?? ndarrays });
    expect(JSON.parse(inputs ?? '')).toEqual(DIFFERENT[name] ?? JSON.parse(signature));
    expect(outputs).toBeNull();
  });

  it('of tables has their columns, the names of which can be asked for', () => {
    const table = [
      { id: 1, name: 'a', at: new Date(0), raw: new Uint8Array([1]), big: 5n },
      { id: 2, name: null, at: new Date(1), raw: new Uint8Array([2]), big: 6n },
    ];
    const { inputs, outputs } = inferSignature({ inputs: table, outputs: [{ score: 0.5 }] });
    expect(JSON.parse(inputs ?? '')).toEqual([
      { type: 'long', name: 'id', required: true },
      { type: 'string', name: 'name', required: false },
      { type: 'datetime', name: 'at', required: true },
      { type: 'binary', name: 'raw', required: true },
      { type: 'long', name: 'big', required: true },
    ]);
    expect(signatureNames(inputs)).toEqual(['id', 'name', 'at', 'raw', 'big']);
    expect(signatureNames(outputs)).toEqual(['score']);
    expect(signatureNames(inferSignature({ inputs: [1, 2] }).inputs)).toEqual([0]);
    expect(signatureNames(null)).toEqual([]);
  });

  it('of typed arrays and params, and of nothing at all', () => {
    const { inputs, params } = inferSignature({
      inputs: { x: new Float32Array(3), y: new BigInt64Array(2) },
      params: { temperature: 0.5, stop: ['a', 'b'], n: 3 },
    });
    expect(JSON.parse(inputs ?? '')).toEqual([
      { name: 'x', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1] } },
      { name: 'y', type: 'tensor', 'tensor-spec': { dtype: 'int64', shape: [-1] } },
    ]);
    expect(JSON.parse(params ?? '')).toEqual([
      { name: 'temperature', default: 0.5, shape: null, type: 'double' },
      { name: 'stop', default: ['a', 'b'], shape: [-1], type: 'string' },
      { name: 'n', default: 3, shape: null, type: 'long' },
    ]);
    expect(() => inferSignature({})).toThrow('needs an example');
    expect(() => inferSignature({ params: { a: {} } })).toThrow("Param 'a'");
  });
});
