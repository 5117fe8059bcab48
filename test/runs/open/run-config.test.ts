import { describe, expect, test } from 'vitest';
import { readRunConfig } from '../../../src/runs/open/run-config.ts';

const refuses = (config: unknown): (() => unknown) => {
  // The cast lets the test give what TypeScript would refuse.
  return () => readRunConfig(config as Parameters<typeof readRunConfig>[0]);
};

describe('readRunConfig', () => {
  test('spells out a name alone', () => {
    expect(readRunConfig('train')).toEqual({ name: 'train' });
  });

  test('keeps a full config', () => {
    const config = { name: 'a', description: 'd', tags: { n: 1 }, logSystemMetrics: true, nested: false, runId: 'r_1' };
    expect(readRunConfig(config)).toEqual(config);
  });

  test('takes null for not given', () => {
    const config = { name: 'a', description: null, runId: null, parentRunId: null };
    expect(readRunConfig(config as unknown as Parameters<typeof readRunConfig>[0])).toEqual({ name: 'a' });
  });

  test.each([
    [{ name: 'a', nme: 1 }, 'nme'],
    [{ name: 1 }, 'RunConfig.name'],
    [{}, 'RunConfig.name'],
    [{ name: 'a', tags: ['x'] }, 'RunConfig.tags'],
    [{ name: 'a', tags: new Date(0) }, 'RunConfig.tags'],
    [{ name: 'a', nested: 'yes' }, 'RunConfig.nested'],
    [{ name: 'a', runId: '../x' }, 'RunConfig.runId'],
    [{ name: 'a', parentRunId: 'a b' }, 'RunConfig.parentRunId'],
    [null, 'RunConfig'],
    [[], 'RunConfig'],
    [7, 'RunConfig'],
  ])('refuses %j and names the field', (config, named) => {
    expect(refuses(config)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(named) }),
    );
  });

  test('M6: refuses a description together with tag mlflow.note.content', () => {
    expect(refuses({ name: 'a', description: 'x', tags: { 'mlflow.note.content': 'y' } })).toThrow(
      'mlflow.note.content',
    );
  });
});
