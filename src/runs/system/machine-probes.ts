// Processor, memory and disk, within a container's limits where it has some: what Node itself can tell, without a program or a package.
import { statfsSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import type { CpuQuota } from './cgroup-cpu.ts';
import { BYTES_PER_MEGABYTE, toPercentage } from './probe.ts';
import type { SystemProbe } from './probe.ts';

/** Where the numbers come from; passed in, so that tests own them. */
export interface MachineSources {
  readonly cpus?: () => readonly { readonly times: Readonly<Record<string, number>> }[];
  /** Milliseconds of a clock that never steps back. */
  readonly now?: () => number;
  readonly totalMemory?: () => number;
  readonly availableMemory?: () => number;
  /** The container's limit in bytes; 0 or more than the machine has: none. */
  readonly memoryLimit?: () => number;
  /** What the container may still use, in bytes. */
  readonly memoryLeft?: () => number;
}

/**
 * Makes the probe of the processor: its use since the last reading, or since the probe was made.
 *
 * @param quota of a container: 100 % is then all that it may use
 */
export function createCpuProbe(quota: CpuQuota | undefined, sources: MachineSources = {}): SystemProbe {
  const { cpus: readCpus = cpus, now = (): number => performance.now() } = sources;
  const readTimes = (): { readonly busy: number; readonly whole: number } =>
    quota === undefined
      ? sumTimes(readCpus())
      : { busy: (quota.usedSeconds() ?? 0) * 1000, whole: now() * quota.cores };
  let last = readTimes();
  return {
    fold: 'mean',
    read() {
      const next = readTimes();
      const percentage = toPercentage(next.busy - last.busy, next.whole - last.whole);
      last = next;
      return percentage === undefined ? {} : { cpu_utilization_percentage: percentage };
    },
  };
}

/** Makes the probe of memory: what is not available any more, of the container's limit where there is one. */
export function createMemoryProbe(sources: MachineSources = {}): SystemProbe {
  const {
    totalMemory = totalmem,
    availableMemory = freemem,
    memoryLimit = (): number => process.constrainedMemory(),
    memoryLeft = (): number => process.availableMemory(),
  } = sources;
  return {
    fold: 'mean',
    read() {
      const limit = memoryLimit();
      const isLimited = limit > 0 && limit < totalMemory();
      const whole = isLimited ? limit : totalMemory();
      const used = whole - (isLimited ? Math.min(limit, memoryLeft()) : availableMemory());
      return {
        system_memory_usage_megabytes: used / BYTES_PER_MEGABYTE,
        system_memory_usage_percentage: toPercentage(used, whole) ?? 0,
      };
    },
  };
}

/** Makes the probe of the disk that holds the root folder, as MLflow reads it. */
export function createDiskProbe(root = '/'): SystemProbe {
  return {
    fold: 'mean',
    read() {
      const { blocks, bfree, bavail, bsize } = statfsSync(root);
      const used = (blocks - bfree) * bsize;
      const available = bavail * bsize;
      return {
        // Of what users can have: what the file system keeps for root counts as neither, as in Python's psutil.
        disk_usage_percentage: toPercentage(used, used + available) ?? 0,
        disk_usage_megabytes: used / BYTES_PER_MEGABYTE,
        disk_available_megabytes: available / BYTES_PER_MEGABYTE,
      };
    },
  };
}

function sumTimes(all: readonly { readonly times: Readonly<Record<string, number>> }[]): {
  readonly busy: number;
  readonly whole: number;
} {
  let busy = 0;
  let whole = 0;
  for (const { times } of all)
    for (const [name, ms] of Object.entries(times)) {
      whole += ms;
      if (name !== 'idle') busy += ms;
    }
  return { busy, whole };
}
