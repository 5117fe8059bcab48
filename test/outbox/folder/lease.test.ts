import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../src/outbox/folder/lease.ts';
import { judgeLease } from '../../../src/outbox/folder/lease.ts';
import type { Machine } from '../../../src/outbox/machine/system.ts';

const machine: Machine = {
  hostName: 'here',
  pid: 100,
  threadId: 0,
  bootId: 'boot-1',
  pidNamespace: 'pid:[1]',
  isAlive: (pid) => pid === 100 || pid === 200,
  processStart: (pid) => (pid === 100 || pid === 200 ? '5000' : undefined),
};

const lease: Lease = {
  folder: 'here-200-x',
  host: 'here',
  bootId: 'boot-1',
  pidNamespace: 'pid:[1]',
  pid: 200,
  processStart: '5000',
  threadId: 0,
  isInline: false,
  isReleased: false,
  orphan: undefined,
};

describe('a lease', () => {
  it.each([
    ['of a living process is alive, however old', {}, { kind: 'alive' }],
    ['of a dead process is gone', { pid: 300 }, { kind: 'gone' }],
    ['of a process id that another process has now is gone', { processStart: '4000' }, { kind: 'gone' }],
    ['of another boot is gone', { bootId: 'boot-0' }, { kind: 'gone' }],
    ['that was released is gone', { isReleased: true }, { kind: 'gone' }],
    ['of another host is judged by a minute of silence', { host: 'there' }, { kind: 'silent-for', limitMs: 60_000 }],
    [
      'of another container with our host name is judged by silence, because its process ids are not ours',
      { pidNamespace: 'pid:[2]', pid: 300 },
      { kind: 'silent-for', limitMs: 60_000 },
    ],
    ['of a thread of this process is judged by 15 s of silence', { pid: 100 }, { kind: 'silent-for', limitMs: 15_000 }],
    ['of an earlier process with our id is gone', { pid: 100, processStart: '1' }, { kind: 'gone' }],
    [
      'of an inline drain in this process is given ten minutes',
      { pid: 100, isInline: true },
      { kind: 'silent-for', limitMs: 600_000 },
    ],
  ] as const)('%s', (_name, change, verdict) => {
    expect(judgeLease({ ...lease, ...change }, machine)).toEqual(verdict);
  });

  it('without process starts is judged by silence', () => {
    expect(judgeLease(lease, { ...machine, processStart: () => undefined })).toEqual({
      kind: 'silent-for',
      limitMs: 60_000,
    });
  });

  it('that cannot be read is judged by silence', () => {
    expect(judgeLease(undefined, machine).kind).toBe('silent-for');
  });
});
