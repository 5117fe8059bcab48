// A byte that flipped on the disk while something waited there: it is noticed when that is sent, not sent as something else.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeadLetters, deadLetter } from '../../../src/outbox/folder/dead-letters.ts';
import { folderPaths, makeFolder, retireFolder } from '../../../src/outbox/folder/folder.ts';
import { inspectOutbox } from '../../../src/outbox/folder/inspect.ts';
import type { Grave } from '../../../src/outbox/folder/inspect.ts';
import { reviveGrave } from '../../../src/outbox/folder/revive.ts';
import { RecordSource } from '../../../src/outbox/journal/record-source.ts';
import { SegmentReader } from '../../../src/outbox/journal/segment-reader.ts';
import { Spool } from '../../../src/outbox/job/spool.ts';
import { openTestDrain } from '../deliveries.ts';
import { fakeSystem } from '../fake-system.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, metric, runKey } from '../writes.ts';

const key = runKey(1);
const trackingUri = 'memory:';

/** A RUNSPAN_DIR with a grave of three metrics, and the grave's file. */
function bury(): { directory: string; file: string; grave: () => Grave } {
  const directory = join(tempFolder(), 'rs');
  const system = fakeSystem();
  const place = { directory, trackingUri, workspace: undefined, experimentName: 'churn', isInline: false };
  const paths = makeFolder(system, place);
  const letters = new DeadLetters(system.disk, paths, { settledThrough: 0, onWarning: () => undefined });
  for (const step of [1, 2, 3]) letters.bury(deadLetter(step, metric(key, step), new Error('no')));
  retireFolder(system, paths, { directory });
  const grave = (): Grave => {
    const [only] = inspectOutbox(system, directory).graves;
    if (only === undefined) throw new Error('there is no grave');
    return only;
  };
  return { directory, file: join(directory, 'dead-letters', `${paths.name}.jsonl`), grave };
}

function revive(grave: Grave, directory: string): { count: number; steps: readonly unknown[] } {
  const system = fakeSystem();
  const destination = { trackingUri, workspace: undefined };
  const count = reviveGrave(grave, { system, directory, destination, experimentName: 'churn' });
  const drain = (name: string): readonly unknown[] => {
    const reader = new SegmentReader({ disk: system.disk, folder: join(directory, name), isLive: false });
    const source = new RecordSource({ reader, clock: system.clock, isLive: false, settledThrough: 0 });
    return source.take({ maxCount: 10 }).entries.map(({ write }) => (write.kind === 'metric' ? write.step : write));
  };
  const names = readdirSync(directory).filter((name) => !name.startsWith('.') && name !== 'dead-letters');
  return { count, steps: names.flatMap(drain) };
}

describe('a dead letter', () => {
  it('is sent no more where any byte of it has flipped, is named, and stays for who can read it', () => {
    const { file, grave } = bury();
    const text = readFileSync(file, 'utf8');
    const [first = '', second = ''] = text.split('\n');
    let known = 0;
    for (let at = 0; at < second.length; at += 1) {
      const flipped = `${second.slice(0, at)}${String.fromCharCode(second.charCodeAt(at) ^ 1)}${second.slice(at + 1)}`;
      writeFileSync(file, text.replace(second, flipped));
      const { deadLetters, damaged } = grave();
      // Where the name of the checksum itself is hit, the rest is whole, and read as a line of an earlier version.
      if (damaged.length === 0) {
        expect(deadLetters.map(({ sequence, record }) => [sequence, record])).toEqual(
          [1, 2, 3].map((step) => [step, metric(key, step)]),
        );
        known += 1;
        continue;
      }
      expect(damaged).toEqual(flipped.split('\n'));
      expect(deadLetters.map(({ sequence }) => sequence)).toEqual([1, ...damaged.map(() => 0), 3]);
    }
    expect(known).toBeLessThan(12);
    expect(first).toMatch(/,"crc":"[0-9a-f]{8}"\}$/);
  });

  it('is left where it lies while the others of its file are sent once more', () => {
    const { directory, file, grave } = bury();
    const flipped = readFileSync(file, 'utf8').replace('"step":2', '"step":3');
    writeFileSync(file, flipped);
    expect(revive(grave(), directory)).toEqual({ count: 2, steps: [1, 3] });
    expect(readFileSync(file, 'utf8')).toBe(`${flipped.split('\n')[1]}\n`);
    // There is nothing left in it that could be sent.
    expect(revive(grave(), directory).count).toBe(0);
  });

  it('of an earlier version, without a checksum, is sent as ever', () => {
    const { directory, file, grave } = bury();
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/,"crc":"[0-9a-f]{8}"/g, ''));
    expect(revive(grave(), directory)).toEqual({ count: 3, steps: [1, 2, 3] });
    expect(readdirSync(join(directory, 'dead-letters'))).toEqual([]);
  });
});

describe('a kept file', () => {
  async function send(damage: (file: string) => void): Promise<object> {
    const paths = folderPaths(tempFolder(), 'own');
    const store = new MemoryStore();
    const drain = openTestDrain(store, { paths });
    drain.system.disk.makeFolder(paths.spool);
    const spool = new Spool(drain.system, paths.spool);
    writeFileSync(join(paths.root, 'mine'), 'a file of mine');
    const kept = [spool.keepBytes(Buffer.from('some text')), await spool.keepFile(join(paths.root, 'mine'))];
    for (const file of readdirSync(paths.spool)) damage(join(paths.spool, file));
    drain.add(create(key));
    for (const [index, each] of kept.entries())
      drain.add({ kind: 'artifact', runKey: key, path: `${index}`, source: each });
    await drain.deliver();
    return { sent: [...drain.uploads.values()], counts: drain.counts(), warnings: drain.warnings };
  }

  it('goes out as it was kept', async () => {
    expect(await send(() => undefined)).toMatchObject({ sent: ['some text', 'a file of mine'], counts: { dead: 0 } });
  });

  it('is a dead letter where a byte of it has flipped', async () => {
    const flip = (file: string): void =>
      writeFileSync(file, readFileSync(file, 'utf8').replace('f', 'g').replace('x', 'y'));
    expect(await send(flip)).toMatchObject({
      sent: [],
      counts: { settled: 3, dead: 2 },
      warnings: [expect.stringContaining("The kept copy of artifact '0' is damaged")],
    });
  });
});
