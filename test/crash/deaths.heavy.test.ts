// What outlives a death, an exit right after a burst, a locked database, a full disk: real children, SQLite as the reader.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openOutbox } from '../../src/outbox/job/outbox.ts';
import { acceptedBy, jobFolder, leftFolders, readRun, startJob, upTo } from './jobs.ts';
import { adopt, expectDelivered, key, killAfter } from './kills.ts';

describe('kill -9', () => {
  it('of an adopter in the middle leaves the rest to the next one', async () => {
    const folder = jobFolder();
    await adopt(folder);
    const database = new DatabaseSync(join(folder, 'mlflow.db'), { timeout: 10_000 });
    database.exec('begin immediate');
    const job = startJob({ folder, mode: 'busy', runKey: key(0), count: 0 });
    await killAfter(job, 30_000);
    const first = startJob({ folder, mode: 'adopt', runKey: key(9), count: 0 });
    await first.seen(/opened/);
    const adopted = `-${first.process.pid}-`;
    while (leftFolders(folder).filter((name) => name.includes(adopted)).length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    database.exec('rollback');
    database.close();
    while (readRun(folder, key(0)) === undefined) await new Promise((resolve) => setImmediate(resolve));
    first.process.kill('SIGKILL');
    await first.ended;
    const events = await adopt(folder);
    const run = readRun(folder, key(0));
    expect(run?.steps.length).toBeGreaterThanOrEqual(acceptedBy(job));
    expect(run?.steps).toEqual(upTo(run?.steps.length ?? 0));
    expect(run?.status).toBe('KILLED');
    expect(run?.tags['runspan.end_reason']).toContain(`process ${job.process.pid}`);
    expect(events.filter((event) => event.kind === 'reaped').length).toBeLessThanOrEqual(1);
    expect(leftFolders(folder)).toEqual([]);
  }, 60_000);
});

describe('an end right after 20,000 metrics', () => {
  it('by process.exit delivers all of them and keeps the exit code', async () => {
    await expectDelivered({ mode: 'exit', code: 3, status: 'FINISHED' });
  });

  it('by process.exit delivers all of them to a file also from an inline drain', async () => {
    await expectDelivered({ mode: 'exit', code: 3, status: 'FINISHED', drain: 'inline' });
  });

  it('inline promises the disk where the file is locked: it says what is left in time, and the next start delivers it', async () => {
    const folder = jobFolder();
    expect(await startJob({ folder, mode: 'stop', runKey: key(1), count: 1 }).ended).toBe(0);
    const locker = new DatabaseSync(join(folder, 'mlflow.db'));
    locker.exec('BEGIN IMMEDIATE');
    const job = startJob({ folder, mode: 'exit', runKey: key(0), count: 2000, drain: 'inline', exitTimeoutMs: 1000 });
    await job.seen(/opened/);
    const startMs = performance.now();
    expect(await job.ended).toBe(3);
    expect(performance.now() - startMs).toBeLessThan(10_000);
    locker.close();
    expect(job.stderr()).toMatch(
      /runspan: 2002 of 2002 records were not delivered before the exit, and are kept in .*: the next start/,
    );
    await adopt(folder);
    expect(readRun(folder, key(0))?.steps).toEqual(upTo(2000));
    expect(readRun(folder, key(0))?.status).toBe('FINISHED');
  });
});

describe('a locked database', () => {
  it('that another process holds until it is told of delays and loses nothing', async () => {
    const folder = jobFolder();
    await adopt(folder);
    const database = new DatabaseSync(join(folder, 'mlflow.db'), { timeout: 10_000 });
    database.exec('begin immediate');
    const job = startJob({ folder, mode: 'stop', runKey: key(0), count: 3000 });
    // SQLite itself waits for a second; what it says then is told, as what will pass, and tried again.
    await job.seen(/cannot be reached for now: .*: another process holds its lock .* tried again/);
    database.exec('rollback');
    database.close();
    expect(await job.ended, job.stderr()).toBe(0);
    expect(readRun(folder, key(0))).toMatchObject({ status: 'FINISHED', steps: upTo(3000) });
    expect(existsSync(join(folder, 'outbox', 'dead-letters'))).toBe(false);
    expect(readdirSync(join(folder, 'outbox'))).toEqual(['.gitignore']);
  }, 60_000);
});

/** Mounting needs rights that a developer seldom has; the injected disk of test/outbox covers the rest. */
function mountTiny(): string | undefined {
  const folder = jobFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

describe('a disk that is full for real', () => {
  it('costs one warning: what it took and what memory took is all delivered', async (context) => {
    const tiny = mountTiny();
    if (tiny === undefined) return context.skip('mounting a file system is not permitted here');
    const folder = jobFolder();
    const warnings: string[] = [];
    const outbox = openOutbox({
      directory: tiny,
      trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
      experimentName: 'crash',
      connection: {},
      artifactRoot: join(folder, 'artifacts'),
      env: {},
      onEvent: (event) => event.kind === 'warning' && warnings.push(event.message),
    });
    const tags = [{ key: 'mlflow.runName', value: 'full' }];
    const runKey = key(0);
    outbox.append({
      kind: 'create',
      runKey,
      experimentName: 'crash',
      runName: 'full',
      userId: 'u',
      startTimeMs: 1,
      tags,
    });
    for (const step of upTo(10_000)) {
      outbox.append({ kind: 'metric', runKey, key: 'loss', value: 1, timestampMs: step, step });
    }
    outbox.writeBuffered();
    expect(outbox.stats()).toMatchObject({ accepted: 10_001, durability: 'memory' });
    outbox.append({ kind: 'end', runKey, status: 'FINISHED', endTimeMs: 2 });
    expect(await outbox.stop({ timeoutMs: 20_000 })).toEqual({
      isComplete: true,
      delivered: 10_002,
      pending: 0,
      deadLettered: 0,
      durability: 'os',
    });
    expect(readRun(folder, runKey)).toMatchObject({ status: 'FINISHED', steps: upTo(10_000) });
    expect(warnings.filter((message) => message.includes('memory only'))).toHaveLength(1);
  });
});
