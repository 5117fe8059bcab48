// A disk that fails at a call of one's choice, whatever it is: every method is counted.
import type { Disk } from '../../../src/outbox/machine/system.ts';

/** Which calls fail, counted from 1, and how. */
export interface Failure {
  readonly from: number;
  /** Only the one call, or all from it on. */
  readonly how: 'once' | 'from then on';
  readonly code: string;
}

/** A disk that counts. */
export interface CountingDisk {
  readonly disk: Disk;
  readonly count: () => number;
  /** The method that failed first. */
  readonly failed: () => string | undefined;
}

/** Wraps a disk; descriptors that were opened close, as they do on a full or broken disk. */
export function failingCalls(real: Disk, failure: Failure | undefined): CountingDisk {
  let count = 0;
  let failed: string | undefined;
  const disk = new Proxy(real, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || name === 'close') return member;
      return (...given: readonly unknown[]): unknown => {
        count += 1;
        const isDue =
          failure !== undefined && (failure.how === 'once' ? count === failure.from : count >= failure.from);
        if (!isDue) return Reflect.apply(member, target, given);
        failed ??= String(name);
        throw Object.assign(new Error(`${failure.code}: the disk failed at call ${count}`), { code: failure.code });
      };
    },
  });
  return { disk, count: () => count, failed: () => failed };
}
