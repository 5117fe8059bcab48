// The processor time that a container may use and has used, as Linux's control groups (v2 and v1) tell it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The processor share of a container. */
export interface CpuQuota {
  /** How many processors' worth of time it may use. */
  readonly cores: number;
  /** The time used so far, in seconds; undefined where it cannot be read any more. */
  usedSeconds(): number | undefined;
}

/** Where the files lie; passed in, so that tests own them. */
export interface CgroupPlace {
  /** @default '/proc/self/cgroup' */
  readonly membershipFile?: string;
  /** @default '/sys/fs/cgroup' */
  readonly root?: string;
}

/**
 * Finds the tightest limit on processor time above this process.
 *
 * @returns undefined where there is none: no container, no limit, no Linux
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max, cpu.stat)
 * @example
 * findCpuQuota()?.cores; // 1.5 with `docker run --cpus 1.5`
 */
export function findCpuQuota({ membershipFile = '/proc/self/cgroup', root = '/sys/fs/cgroup' }: CgroupPlace = {}):
  CpuQuota | undefined {
  const quotas: CpuQuota[] = [];
  for (const line of readText(membershipFile)?.split('\n') ?? []) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const isSecond = controllers === '';
    if (!isSecond && !controllers.split(',').includes('cpu')) continue;
    for (const folder of foldersOf(isSecond ? root : join(root, controllers), path)) {
      const quota = isSecond ? readSecond(folder) : readFirst(folder);
      if (quota !== undefined) quotas.push(quota);
    }
  }
  return quotas.toSorted((a, b) => a.cores - b.cores)[0];
}

/** A group's folder and those above it; inside a container its own path may lead nowhere, and the root is the container's. */
function foldersOf(root: string, path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return [root, ...parts.map((_, index) => join(root, ...parts.slice(0, index + 1)))];
}

function readSecond(folder: string): CpuQuota | undefined {
  const [quota, period] = readText(join(folder, 'cpu.max'))?.trim().split(/\s+/).map(Number) ?? [];
  return toQuota(quota, period, () => {
    const micros = /^usage_usec (\d+)$/m.exec(readText(join(folder, 'cpu.stat')) ?? '')?.[1];
    return micros === undefined ? undefined : Number(micros) / 1e6;
  });
}

function readFirst(folder: string): CpuQuota | undefined {
  const numberIn = (name: string): number | undefined => toNumber(readText(join(folder, name)));
  return toQuota(numberIn('cpu.cfs_quota_us'), numberIn('cpu.cfs_period_us'), () => {
    const nanos = numberIn('cpuacct.usage');
    return nanos === undefined ? undefined : nanos / 1e9;
  });
}

function toQuota(
  quota: number | undefined,
  period: number | undefined,
  usedSeconds: () => number | undefined,
): CpuQuota | undefined {
  // `max` in v2 and -1 in v1 say that there is no limit.
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return undefined;
  return usedSeconds() === undefined ? undefined : { cores: quota / period, usedSeconds };
}

function toNumber(text: string | undefined): number | undefined {
  const number = Number(text?.trim() || Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No such controller, no Linux, or not for us to read: then there is no limit that we know of.
    return undefined;
  }
}
