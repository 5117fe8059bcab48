// The packed package in a project whose tests are Jest's: their realm is not Node's, and the process they see has no end.
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Consumer, type Ended } from './consumer.ts';

let project: Consumer;
beforeAll(() => {
  project = installPacked();
});
afterAll(() => project?.remove());

/** Runs one test by Jest, in a folder of its own. */
function runJest(folder: string, body: string, env: Readonly<Record<string, string>> = {}): Ended {
  project.write(
    `${folder}/job.test.cjs`,
    `const { flush, logMetric, runContext, stats } = require('runspan');
     test('trains', async () => {${body}});`,
  );
  // Jest loads ES modules for require() with this flag alone.
  const jest = ['--experimental-vm-modules', '../node_modules/jest/bin/jest.js', '--rootDir=.', '--runInBand'];
  return project.run(process.execPath, [...jest, '--testMatch', '**/job.test.cjs'], folder, env);
}

describe('in Jest', () => {
  it('the journal is on the disk, and a run keeps its spans', () => {
    const ended = runJest(
      'kept',
      `await runContext('train', () => logMetric('loss', 0.25));
       expect(await flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
       expect(stats().services).toMatchObject([{ durability: 'os' }]);`,
    );
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout + ended.stderr).not.toContain('WARNING');
    const kept = globSync('mlruns/*/*/artifacts/runspan/*', { cwd: join(project.folder, 'kept') });
    expect(kept.map((file) => basename(file)).toSorted()).toEqual(['logs.otlp.jsonl', 'trace.otlp.jsonl']);
  });

  it('what nobody waited for is on the disk, for whoever comes next', () => {
    const first = runJest('left', `await runContext('first', () => undefined); await flush();`);
    expect(first.code, first.stdout + first.stderr).toBe(0);
    using store = new DatabaseSync(join(project.folder, 'left/mlflow.db'));
    store.exec('BEGIN EXCLUSIVE');
    const second = runJest('left', `await runContext('second', () => logMetric('loss', 0.25));`);
    store.exec('ROLLBACK');
    expect(second.code, second.stdout + second.stderr).toBe(0);
    const ended = (): unknown => store.prepare('SELECT name, status FROM runs ORDER BY start_time').all();
    expect(ended()).toEqual([{ name: 'first', status: 'FINISHED' }]);

    const sync = project.run('runspan', ['sync'], 'left');
    expect(sync.code, sync.stdout + sync.stderr).toBe(0);
    expect(ended()).toMatchObject([{ name: 'first' }, { name: 'second', status: 'FINISHED' }]);
    expect(store.prepare("SELECT value FROM metrics WHERE key = 'loss'").all()).toEqual([{ value: 0.25 }]);
  });
});
