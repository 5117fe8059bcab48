// What the run of a whole process is called.
import { afterEach, expect, test, vi } from 'vitest';
import { nameOfProcess } from '../../../src/services/fluent/default-services.ts';

const { argv } = process;
afterEach(() => {
  process.argv = argv;
  vi.unstubAllEnvs();
});

test.each([
  ['like its script', '/work/train.model.mts', 'train.model'],
  ['node, where the code is on the command line', undefined, 'node'],
  ['node, where the code is on stdin', '-', 'node'],
])('%s', (_, script, name) => {
  process.argv = ['node', ...(script === undefined ? [] : [script])];
  expect(nameOfProcess()).toBe(name);
});

test('as its environment says', () => {
  vi.stubEnv('MLFLOW_RUN_NAME', 'of MLflow');
  expect(nameOfProcess()).toBe('of MLflow');
  vi.stubEnv('RUNSPAN_RUN_NAME', 'nightly');
  expect(nameOfProcess()).toBe('nightly');
});
