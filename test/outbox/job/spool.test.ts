import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactWrite } from '../../../src/model/write.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { Spool } from '../../../src/outbox/job/spool.ts';
import { openTestDrain } from '../deliveries.ts';
import { fakeSystem } from '../fake-system.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, runKey } from '../writes.ts';

const key = runKey(1);

/** Says that every file is too large to copy, and clones nothing. */
class LargeFiles extends NodeDisk {
  /** What happens while a file's checksum is taken. */
  onChecksum: (file: string) => void = () => undefined;

  override copy(): Promise<void> {
    return Promise.reject(new Error('ENOSPC'));
  }

  override async checksum(file: string): Promise<string> {
    const sum = await super.checksum(file);
    this.onChecksum(file);
    return sum;
  }
}

function spoolOn(disk: NodeDisk = new NodeDisk()): { spool: Spool; folder: string; spoolFolder: string } {
  const folder = tempFolder();
  const spoolFolder = join(folder, 'spool');
  mkdirSync(spoolFolder);
  return { spool: new Spool(fakeSystem({ disk }), spoolFolder), folder, spoolFolder };
}

describe('what is no regular file is refused at once', () => {
  it('a pipe that nobody writes to', async () => {
    const { spool, folder } = spoolOn();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(spool.keepFile(join(folder, 'pipe'))).rejects.toMatchObject({
      code: 'FILE_NOT_READABLE',
      message: expect.stringMatching(/pipe' as an artifact: it is no regular file/) as string,
    });
  });

  it('a link to a pipe', async () => {
    const { spool, folder } = spoolOn();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    symlinkSync('pipe', join(folder, 'link'));
    await expect(spool.keepFile(join(folder, 'link'))).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
  });

  it('a socket', async () => {
    const { spool, folder } = spoolOn();
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
    await expect(spool.keepFile(join(folder, 's'))).rejects.toThrow(/it is no regular file/);
  });

  it('a device', async () => {
    await expect(spoolOn().spool.keepFile('/dev/zero')).rejects.toThrow(/it is no regular file/);
  });

  it('a folder, and says what to do', async () => {
    const { spool, folder } = spoolOn();
    await expect(spool.keepFile(folder)).rejects.toThrow(/it is a folder\. Log its files one by one/);
  });

  it('a link to nowhere, a ring of links, a file below a file', async () => {
    const { spool, folder } = spoolOn();
    symlinkSync('nowhere', join(folder, 'dangling'));
    symlinkSync('ring', join(folder, 'ring'));
    writeFileSync(join(folder, 'file'), '');
    for (const name of ['dangling', 'ring', 'file/below', '']) {
      await expect(spool.keepFile(join(folder, name))).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    }
    await expect(spool.keepFile('a\0b')).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
  });
});

describe('what is a file', () => {
  it.each(['ünï 日本 🎉.txt', 'two\nlines', 'quo\'te"s', '-rf', ' '])('is kept under any name: %j', async (name) => {
    const { spool, folder, spoolFolder } = spoolOn();
    writeFileSync(join(folder, name), name);
    symlinkSync(name, join(folder, 'link to it'));
    for (const each of [name, 'link to it']) {
      const source = await spool.keepFile(join(folder, each));
      expect(readFileSync(join(spoolFolder, source.file), 'utf8')).toBe(name);
    }
  });

  it('that changes while it is copied is copied again, so that the copy is of one moment', async () => {
    class Busy extends NodeDisk {
      copies = 0;
      override async copy(source: string, target: string, how: 'clone' | 'bytes'): Promise<void> {
        if (how === 'clone') throw new Error('ENOTSUP');
        await super.copy(source, target, how);
        this.copies += 1;
        if (this.copies === 1) appendFileSync(source, ' more');
        if (this.copies === 2) truncateSync(source, 2);
      }
    }
    const disk = new Busy();
    const { spool, folder, spoolFolder } = spoolOn(disk);
    writeFileSync(join(folder, 'log'), 'line');
    const source = await spool.keepFile(join(folder, 'log'));
    expect(readFileSync(join(spoolFolder, source.file), 'utf8')).toBe('li');
    expect(disk.copies).toBe(3);
  });

  it('that never stops changing is kept as it was last copied', async () => {
    class Growing extends NodeDisk {
      override async copy(source: string, target: string, how: 'clone' | 'bytes'): Promise<void> {
        if (how === 'clone') throw new Error('ENOTSUP');
        await super.copy(source, target, how);
        appendFileSync(source, '+');
      }
    }
    const { spool, folder, spoolFolder } = spoolOn(new Growing());
    writeFileSync(join(folder, 'log'), '+');
    const source = await spool.keepFile(join(folder, 'log'));
    expect(readFileSync(join(spoolFolder, source.file), 'utf8')).toBe('+++');
  });
});

describe('a file by reference', () => {
  const sha = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

  it('is known by size, time and checksum', async () => {
    const { spool, folder } = spoolOn(new LargeFiles());
    const file = join(folder, 'big');
    writeFileSync(file, 'hello');
    expect(await spool.keepFile(file)).toMatchObject({ kind: 'file', file, sizeBytes: 5, checksum: sha });
  });

  it('that does not stop changing is refused', async () => {
    const disk = new LargeFiles();
    const { spool, folder } = spoolOn(disk);
    const file = join(folder, 'big');
    writeFileSync(file, 'hello');
    disk.onChecksum = (each) => appendFileSync(each, '!');
    await expect(spool.keepFile(file)).rejects.toThrow(/is being written to\. Log it once it is finished/);
  });

  async function deliver(
    checksum: string | undefined,
    change: (file: string) => void,
    { onPut, disk }: { onPut?: (file: string) => void; disk?: NodeDisk } = {},
  ): Promise<ReturnType<typeof openTestDrain>> {
    const file = join(tempFolder(), 'big');
    writeFileSync(file, 'hello');
    utimesSync(file, 1000, 1000);
    const drain = openTestDrain(new MemoryStore(), {
      onPut: async () => onPut?.(file),
      ...(disk === undefined ? {} : { disk }),
    });
    const source: ArtifactWrite['source'] = {
      kind: 'file',
      file,
      sizeBytes: 5,
      modifiedMs: 1_000_000,
      ...(checksum === undefined ? {} : { checksum }),
    };
    drain.add(create(key), { kind: 'artifact', runKey: key, path: 'big', source });
    change(file);
    await drain.deliver();
    return drain;
  }

  it('is dead-lettered where other bytes have its size and time', async () => {
    const drain = await deliver(sha, (file) => {
      writeFileSync(file, 'hallo');
      utimesSync(file, 1000, 1000);
    });
    expect([...drain.uploads]).toEqual([]);
    expect(drain.counts()).toEqual({ settled: 2, dead: 1 });
    expect(drain.warnings.join()).toMatch(/was changed after it was logged/);
  });

  it('is dead-lettered where it is changed while it is sent', async () => {
    const drain = await deliver(sha, () => undefined, { onPut: (file) => writeFileSync(file, 'something longer') });
    expect(drain.counts()).toEqual({ settled: 2, dead: 1 });
    expect(drain.warnings.join()).toMatch(/was changed while it was sent/);
  });

  it('of an older journal, without a checksum, is delivered by size and time', async () => {
    const drain = await deliver(undefined, () => undefined);
    expect([...drain.uploads.values()]).toEqual(['hello']);
    expect(drain.counts()).toEqual({ settled: 2, dead: 0 });
  });

  it('is checked however long that takes: the clock of the test stands meanwhile', async () => {
    class SlowFiles extends NodeDisk {
      override async checksum(file: string): Promise<string> {
        // More turns than the fake clock needs to pass the thirty seconds after which an artifact is set aside.
        for (let turn = 0; turn < 5_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        return super.checksum(file);
      }
    }
    const change = (file: string): void => {
      writeFileSync(file, 'hallo');
      utimesSync(file, 1000, 1000);
    };
    const drain = await deliver(sha, change, { disk: new SlowFiles() });
    expect(drain.counts()).toEqual({ settled: 2, dead: 1 });
  });

  it('that is whole is delivered', async () => {
    const drain = await deliver(sha, () => undefined);
    expect([...drain.uploads.values()]).toEqual(['hello']);
  });
});
