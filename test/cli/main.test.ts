// The command line inside this process: what it prints and the exit code it leaves.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../src/cli.ts';
import { makeFolder, type FilledFolder } from './store.ts';

let filled: FilledFolder;
beforeAll(async () => {
  filled = await makeFolder();
  await filled.addRun({ name: 'train', status: 'FINISHED' });
  await filled.addRun({ name: 'train', status: 'KILLED' });
});
afterAll(() => filled.remove());
afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

async function call(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
  }
  await main(args);
  return { code: process.exitCode, ...written };
}

describe('main', () => {
  it('leaves the exit code alone when all is well', async () => {
    const { code, stdout, stderr } = await call('show', 'train', '--tracking-uri', filled.uri);
    expect(code).toBeUndefined();
    expect(stdout).toMatch(/^run +train\n/);
    expect(stderr).toBe("runspan: More than one run is named 'train'; this is the newest.\n");
  });

  it('sets 1 for what failed and 2 for wrong usage, 0 for help', async () => {
    expect(await call('show', 'absent', '--tracking-uri', filled.uri)).toHaveProperty('code', 1);
    expect(await call('runs', '--limit', '1.5')).toHaveProperty('code', 2);
    expect(await call('--help')).toHaveProperty('code', 0);
  });

  it('refuses a file that is not there', async () => {
    const { stderr } = await call('runs', '--tracking-uri', `${filled.uri}.absent`);
    expect(stderr).toMatch(/^runspan: There is no run store at .*mlflow\.db\.absent yet/);
  });
});
