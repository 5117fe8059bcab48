import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Adopter } from '../../../src/outbox/folder/adopt.ts';
import { folderPaths, makeFolder, retireFolder } from '../../../src/outbox/folder/folder.ts';
import type { FolderPaths } from '../../../src/outbox/folder/folder.ts';
import { inspectOutbox } from '../../../src/outbox/folder/inspect.ts';
import { Heartbeat } from '../../../src/outbox/folder/heartbeat.ts';
import { readLease, writeLease } from '../../../src/outbox/folder/lease.ts';
import type { Machine } from '../../../src/outbox/machine/system.ts';
import type { FakeSystem } from '../fake-system.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { fakeSystem } from '../fake-system.ts';
import { tempFolder } from '../temp-folder.ts';

const trackingUri = 'http://mlflow:5000';

function make(directory: string, machine: Partial<Machine> = {}, uri = trackingUri): FolderPaths {
  return makeFolder(fakeSystem({ machine }), {
    directory,
    trackingUri: uri,
    workspace: undefined,
    experimentName: 'e',
    isInline: false,
  });
}

function adopterIn(directory: string, system: FakeSystem = fakeSystem()): { adopter: Adopter; warnings: string[] } {
  const warnings: string[] = [];
  const adopter = new Adopter({
    system,
    directory,
    destination: { trackingUri, workspace: undefined },
    ownName: undefined,
    isInline: false,
    onWarning: (message) => warnings.push(message),
  });
  return { adopter, warnings };
}

/** As a version wrote it that kept a query, had no checksums and made no copy. */
function writeOldHeader({ header, headerCopy }: FolderPaths, uri: string): void {
  writeFileSync(
    header,
    `${JSON.stringify({ formatVersion: 1, trackingUri: uri, experimentName: 'e', createdAtMs: 1 })}\n`,
  );
  rmSync(headerCopy);
}

const dead: Partial<Machine> = { pid: 2 ** 22 + 1, processStart: () => '1' };

describe('a folder', () => {
  it('is private, ignored by git, and holds no credentials', () => {
    const directory = join(tempFolder(), 'deep', 'rs');
    const paths = make(directory);
    expect(statSync(paths.root).mode & 0o777).toBe(0o700);
    expect(statSync(paths.header).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, '.gitignore'), 'utf8')).toBe('*\n');
    expect(JSON.parse(readFileSync(paths.header, 'utf8'))).toMatchObject({ formatVersion: 1, trackingUri });
    expect(readdirSync(directory)).toEqual(['.gitignore', paths.name]);
  });

  it('leaves its dead letters and their files behind when it goes', () => {
    const directory = tempFolder();
    const paths = make(directory);
    writeFileSync(paths.deadLetters, '{}\n');
    writeFileSync(join(paths.spool, 'f'), 'x');
    retireFolder(fakeSystem(), paths, { directory });
    expect(existsSync(paths.root)).toBe(false);
    expect(readFileSync(join(directory, 'dead-letters', `${paths.name}.jsonl`), 'utf8')).toBe('{}\n');
    expect(readdirSync(join(directory, 'dead-letters', `${paths.name}.spool`))).toEqual(['f']);
  });
});

describe('an adopter', () => {
  it('takes a dead process’ folder by renaming it, and one of two rivals gets it', () => {
    const directory = tempFolder();
    const paths = make(directory, dead);
    const lastSeenMs = 1_600_000_000_000;
    utimesSync(paths.lease, lastSeenMs / 1000, lastSeenMs / 1000);
    const rivals = [adopterIn(directory), adopterIn(directory)];
    const taken = rivals.flatMap(({ adopter }) => adopter.scan());
    expect(taken).toHaveLength(1);
    expect(taken[0]?.orphan).toMatchObject({ pid: dead.pid, lastSeenMs });
    expect(taken[0]?.paths.name).toContain(`-${process.pid}-`);
    expect(existsSync(paths.root)).toBe(false);
  });

  it('remembers the first dead owner when an adopter dies too', () => {
    const directory = tempFolder();
    make(directory, dead);
    const middle = adopterIn(directory, fakeSystem({ machine: { ...dead, pid: 2 ** 22 + 2, isAlive: () => false } }));
    middle.adopter.scan();
    const [again] = adopterIn(directory).adopter.scan();
    expect(again?.orphan.pid).toBe(dead.pid);
  });

  it('leaves living folders, its own, and strangers alone', () => {
    const directory = tempFolder();
    make(directory);
    make(directory, { pid: process.ppid });
    mkdirSync(join(directory, 'dead-letters'));
    writeFileSync(join(directory, 'a file'), '');
    const { adopter, warnings } = adopterIn(directory);
    expect(adopter.scan()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('keeps neither credentials nor a query in a header, and shows none of an older one', () => {
    const directory = tempFolder();
    const secret = make(directory, dead, 'http://me:hunter2@other:1/x?token=hunter2#hunter2');
    const sqlite = make(directory, dead, 'sqlite:////db?timeout=5');
    expect(readFileSync(secret.header, 'utf8')).not.toContain('hunter2');
    expect(JSON.parse(readFileSync(sqlite.header, 'utf8'))).toMatchObject({ trackingUri: 'sqlite:////db?timeout=5' });
    writeOldHeader(make(directory, dead, 'http://other:2'), 'http://other:2/?token=hunter2');
    const { adopter, warnings } = adopterIn(directory);
    adopter.scan();
    // Folders are read in the order of their random names.
    for (const uri of ['other:1', 'other:2']) expect(warnings.join()).toContain(uri);
    expect(warnings.join()).not.toContain('hunter2');
  });

  it('takes a folder whose older header names its store with a query', () => {
    const directory = tempFolder();
    writeOldHeader(make(directory, dead), `${trackingUri}/?token=x`);
    expect(adopterIn(directory).adopter.scan()).toHaveLength(1);
  });

  it('names folders for other stores in one line, once', () => {
    const directory = tempFolder();
    make(directory, dead, 'http://other:1');
    make(directory, dead, 'http://other:2');
    const { adopter, warnings } = adopterIn(directory);
    expect(adopter.scan()).toEqual([]);
    adopter.scan();
    expect(warnings).toHaveLength(1);
    for (const uri of ['http://other:1', 'http://other:2']) expect(warnings[0]).toContain(uri);
  });

  it('names a folder without a readable header and leaves it', () => {
    const directory = tempFolder();
    const { header, headerCopy } = make(directory, dead);
    for (const file of [header, headerCopy]) writeFileSync(file, '{"formatVersion":"one"}');
    mkdirSync(join(directory, 'stranger'));
    const { adopter, warnings } = adopterIn(directory);
    expect(adopter.scan()).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(readdirSync(directory)).toHaveLength(3);
  });

  it('takes the others over where one cannot be read, and names that one once', () => {
    const directory = tempFolder();
    const foreign = make(directory, dead);
    make(directory, dead);
    class Denying extends NodeDisk {
      override readText(file: string): string | undefined {
        if (!file.startsWith(foreign.root)) return super.readText(file);
        throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
      }
    }
    const { adopter, warnings } = adopterIn(directory, fakeSystem({ disk: new Denying() }));
    expect(adopter.scan()).toHaveLength(1);
    expect(adopter.scan()).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/cannot be read, and are left as they are: .*EACCES/)]);
    const { folders, unreadable } = inspectOutbox(fakeSystem({ disk: new Denying() }), directory);
    expect([folders.length, unreadable]).toEqual([1, [{ name: foreign.name, why: 'EACCES: permission denied' }]]);
  });

  it('takes another host’s folder only after a minute of silence that it has watched itself', () => {
    const directory = tempFolder();
    const paths = make(directory, { hostName: 'elsewhere' });
    const system = fakeSystem();
    const { adopter } = adopterIn(directory, system);
    expect(adopter.scan()).toEqual([]);
    expect(adopter.hasSuspects).toBe(false);
    const oldSeconds = Date.now() / 1000 - 61;
    utimesSync(paths.lease, oldSeconds, oldSeconds);
    expect(adopter.scan()).toEqual([]);
    expect(adopter.hasSuspects).toBe(true);
    system.clock.advance(2999);
    expect(adopter.scan()).toEqual([]);
    system.clock.advance(1);
    expect(adopter.scan()).toHaveLength(1);
  });

  it('does not condemn a living folder when the clock steps forward or back', () => {
    const directory = tempFolder();
    const paths = make(directory, { hostName: 'elsewhere' });
    const system = fakeSystem();
    const { adopter } = adopterIn(directory, system);
    for (const stepSeconds of [-3600, 3600]) {
      // As after a step of the clock: the last heartbeat seems an hour old, or an hour ahead.
      utimesSync(paths.lease, Date.now() / 1000 + stepSeconds, Date.now() / 1000 + stepSeconds);
      expect(adopter.scan()).toEqual([]);
      system.disk.touch(paths.lease);
      system.clock.advance(3000);
      expect(adopter.scan()).toEqual([]);
      system.clock.advance(3000);
      expect(adopter.scan()).toEqual([]);
    }
  });

  it('does not take a folder that a rival has renamed and not signed yet', () => {
    const directory = tempFolder();
    const paths = make(directory, dead);
    const renamed = folderPaths(directory, paths.name.replace(String(dead.pid), String(process.ppid)));
    fakeSystem().disk.rename(paths.root, renamed.root);
    expect(adopterIn(directory).adopter.scan()).toEqual([]);
    const orphaned = folderPaths(directory, paths.name.replace(String(dead.pid), String(2 ** 22 + 5)));
    fakeSystem().disk.rename(renamed.root, orphaned.root);
    expect(adopterIn(directory).adopter.scan()).toHaveLength(1);
  });

  it('takes a folder whose owner stopped in order, even in this process', () => {
    const directory = tempFolder();
    const paths = make(directory);
    const system = fakeSystem();
    writeLease(system, paths.lease, { folder: paths.name, isInline: false, isReleased: true });
    expect(adopterIn(directory, system).adopter.scan()).toHaveLength(1);
  });
});

describe('a heartbeat', () => {
  it('moves the lease’s time each second and says once that the lease is gone', () => {
    const paths = make(tempFolder());
    const system = fakeSystem();
    let lost = 0;
    const beat = new Heartbeat({
      system,
      ownLease: paths.lease,
      otherLeases: () => [join(paths.root, 'absent')],
      onLost: () => (lost += 1),
    });
    utimesSync(paths.lease, 1000, 1000);
    beat.start();
    expect(statSync(paths.lease).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    expect(readLease(system, paths.lease)?.pid).toBe(process.pid);
    system.disk.removeFolder(paths.root);
    system.clock.advance(5000);
    expect(lost).toBe(1);
    expect(beat.isLost).toBe(true);
    beat.stop();
    expect(system.clock.timerCount).toBe(0);
  });

  it('notices that the lease is gone on a disk that takes nothing, and does not on one that cannot be read', () => {
    const paths = make(tempFolder());
    class FailingDisk extends NodeDisk {
      isReadable = true;
      override touch(): void {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      }
      override stat(file: string): ReturnType<NodeDisk['stat']> {
        if (!this.isReadable) throw Object.assign(new Error('bad sector'), { code: 'EIO' });
        return super.stat(file);
      }
    }
    const disk = new FailingDisk();
    const system = fakeSystem({ disk });
    let lost = 0;
    const beat = new Heartbeat({
      system,
      ownLease: paths.lease,
      otherLeases: () => [],
      onLost: () => (lost += 1),
    });
    beat.start();
    system.clock.advance(2000);
    expect(lost).toBe(0);
    new NodeDisk().removeFolder(paths.root);
    disk.isReadable = false;
    system.clock.advance(2000);
    expect(lost).toBe(0);
    disk.isReadable = true;
    system.clock.advance(2000);
    expect(lost).toBe(1);
    beat.stop();
  });
});
