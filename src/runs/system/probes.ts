// All that a run on this machine can be measured by.
import { findCpuQuota } from './cgroup-cpu.ts';
import { createGpuProbe } from './gpu-probe.ts';
import { createCpuProbe, createDiskProbe, createMemoryProbe } from './machine-probes.ts';
import { createNetworkProbe } from './network-probe.ts';
import { createEventLoopProbe, createGarbageProbe, createProcessMemoryProbe } from './node-probes.ts';
import type { SystemProbe } from './probe.ts';

/**
 * Makes the probes of this machine and process.
 *
 * @param path the variable PATH, where NVIDIA's program is looked for
 */
export function createProbes(path: string): readonly SystemProbe[] {
  const probes = [
    createCpuProbe(findCpuQuota()),
    createMemoryProbe(),
    createDiskProbe(),
    createNetworkProbe(),
    createGpuProbe(path),
    createProcessMemoryProbe(),
    createEventLoopProbe(),
    createGarbageProbe(),
  ];
  return probes.filter((probe) => probe !== undefined);
}
