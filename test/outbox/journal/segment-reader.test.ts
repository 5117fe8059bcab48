import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeWrite } from '../../../src/outbox/journal/encode-write.ts';
import { FrameEncoder } from '../../../src/outbox/journal/frame.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { SegmentReader } from '../../../src/outbox/journal/segment-reader.ts';
import { tempFolder } from '../temp-folder.ts';
import { metric, runKey } from '../writes.ts';

function frame(sequence: number): Buffer {
  return Buffer.from(new FrameEncoder().encode(sequence, 1, `${encodeWrite(metric(runKey(1), sequence))}\n`));
}

/** A disk on which another thread writes between two reads: `onRead` is called before the given read is carried out. */
class SharedDisk extends NodeDisk {
  #reads = 0;
  readonly #at: number;
  readonly #onRead: () => void;

  constructor(at: number, onRead: () => void) {
    super();
    this.#at = at;
    this.#onRead = onRead;
  }

  override read(descriptor: number, into: Uint8Array, position: number): number {
    this.#reads += 1;
    if (this.#reads === this.#at) this.#onRead();
    return super.read(descriptor, into, position);
  }
}

function readAll(reader: SegmentReader): readonly (number | string)[] {
  const seen: (number | string)[] = [];
  for (let looks = 0; looks < 5; looks += 1) {
    for (let step = reader.next(); step.kind !== 'end'; step = reader.next())
      seen.push(step.kind === 'frame' ? step.frame.firstSequence : `${step.bytes} bytes of damage`);
  }
  return seen;
}

describe('a reader beside a writer', () => {
  const cuts = [0, 1, 20, 48, 60, frame(2).byteLength - 1];
  const moments = Array.from({ length: 8 }, (_, index) => index + 1);
  it.each(cuts)(
    'loses no frame that is finished, with others behind it, between any two looks: %i bytes first',
    (cut) => {
      for (const moment of moments) {
        const folder = tempFolder();
        const file = join(folder, 'journal-000001.log');
        writeFileSync(file, Buffer.concat([frame(1), frame(2).subarray(0, cut)]));
        const disk = new SharedDisk(moment, () =>
          appendFileSync(file, Buffer.concat([frame(2).subarray(cut), frame(3), frame(4)])),
        );
        const reader = new SegmentReader({ disk, folder, isLive: true });
        expect(readAll(reader), `written before read ${moment}`).toEqual([1, 2, 3, 4]);
        reader.close();
      }
    },
  );
});
