// An outbox that keeps what it is given in a list: the contract without disk or worker.
import type { Outbox } from '../../src/outbox/contract.ts';
import { openDisabledOutbox } from '../../src/outbox/job/disabled-outbox.ts';
import type { Write } from '../../src/model/write.ts';

export interface RecordingOutbox extends Outbox {
  readonly writes: Write[];
  readonly spooled: Map<string, string>;
  /** Makes the next append throw. */
  failWith: Error | undefined;
}

export function openRecordingOutbox(): RecordingOutbox {
  const writes: Write[] = [];
  const spooled = new Map<string, string>();
  const outbox: RecordingOutbox = {
    ...openDisabledOutbox(),
    writes,
    spooled,
    failWith: undefined,
    append: (write) => {
      if (outbox.failWith !== undefined) throw outbox.failWith;
      return writes.push(write);
    },
    spoolBytes: (bytes) => {
      const file = `spool-${spooled.size + 1}`;
      spooled.set(file, Buffer.from(bytes).toString('utf8'));
      return { kind: 'spool', file };
    },
    spoolFile: (path) => Promise.resolve({ kind: 'file', file: path, sizeBytes: 1, modifiedMs: 1 }),
  };
  return outbox;
}
