import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnv, setEnvDefaults, workerEnv } from '../../src/config/env.ts';

const NAMES = ['RUNSPAN_TEST_A', 'RUNSPAN_TEST_B', 'RUNSPAN_TEST_C', 'NODE_OPTIONS'];
let before: Record<string, string | undefined> = {};

beforeEach(() => {
  before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
});

afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

describe('readEnv', () => {
  it('is a snapshot: later changes do not show, and changing it changes nothing', () => {
    process.env['RUNSPAN_TEST_A'] = '1';
    const snapshot = readEnv() as Record<string, string>;
    process.env['RUNSPAN_TEST_A'] = '2';
    expect(snapshot['RUNSPAN_TEST_A']).toBe('1');
    snapshot['RUNSPAN_TEST_B'] = 'x';
    expect(process.env['RUNSPAN_TEST_B']).toBeUndefined();
  });
});

describe('setEnvDefaults', () => {
  it('sets non-empty values where none, or an empty one, is set', () => {
    process.env['RUNSPAN_TEST_A'] = 'mine';
    process.env['RUNSPAN_TEST_B'] = '';
    const names = setEnvDefaults({
      RUNSPAN_TEST_A: 'theirs',
      RUNSPAN_TEST_B: 'b',
      RUNSPAN_TEST_C: '',
      RUNSPAN_TEST_D: undefined,
    });
    expect(names).toEqual(['RUNSPAN_TEST_B']);
    expect(process.env['RUNSPAN_TEST_A']).toBe('mine');
    expect(process.env['RUNSPAN_TEST_B']).toBe('b');
    expect('RUNSPAN_TEST_C' in process.env).toBe(false);
    expect('RUNSPAN_TEST_D' in process.env).toBe(false);
  });
});

describe('workerEnv', () => {
  it('is the environment without NODE_OPTIONS', () => {
    process.env['NODE_OPTIONS'] = '--no-warnings';
    process.env['RUNSPAN_TEST_A'] = '1';
    expect(workerEnv()).toMatchObject({ RUNSPAN_TEST_A: '1' });
    expect('NODE_OPTIONS' in workerEnv()).toBe(false);
    expect(process.env['NODE_OPTIONS']).toBe('--no-warnings');
  });
});
