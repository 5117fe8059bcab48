import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findCpuQuota } from '../../../src/runs/system/cgroup-cpu.ts';
import { createGpuProbe, parseGpus } from '../../../src/runs/system/gpu-probe.ts';
import { createCpuProbe, createDiskProbe, createMemoryProbe } from '../../../src/runs/system/machine-probes.ts';
import { createNetworkProbe, parseNetDev } from '../../../src/runs/system/network-probe.ts';
import {
  createEventLoopProbe,
  createGarbageProbe,
  createProcessMemoryProbe,
} from '../../../src/runs/system/node-probes.ts';
import { createProbes } from '../../../src/runs/system/probes.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function tempFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-system-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

describe('the processor', () => {
  test('is used by what its ticks say since the last reading', () => {
    let idle = 0;
    let user = 0;
    const probe = createCpuProbe(undefined, { cpus: () => [{ times: { idle, user } }, { times: { idle, user } }] });
    expect(probe.read()).toEqual({});
    [idle, user] = [30, 10];
    expect(probe.read()).toEqual({ cpu_utilization_percentage: 25 });
    [idle, user] = [30, 20];
    expect(probe.read()).toEqual({ cpu_utilization_percentage: 100 });
  });

  test("of a container is measured by the container's own time against its quota", () => {
    let used = 10;
    let nowMs = 0;
    const probe = createCpuProbe({ cores: 1.5, usedSeconds: () => used }, { now: () => nowMs });
    [used, nowMs] = [10.75, 1000];
    expect(probe.read()).toEqual({ cpu_utilization_percentage: 50 });
  });

  test('finds the tightest limit of control groups v2, above its own group too', () => {
    const root = tempFolder({
      'self/cgroup': '0::/outer/inner\n',
      'fs/outer/cpu.max': '150000 100000\n',
      'fs/outer/cpu.stat': 'usage_usec 2500000\nuser_usec 1\n',
      'fs/outer/inner/cpu.max': 'max 100000\n',
      'fs/outer/inner/cpu.stat': 'usage_usec 1\n',
    });
    const quota = findCpuQuota({ membershipFile: join(root, 'self/cgroup'), root: join(root, 'fs') });
    expect(quota?.cores).toBe(1.5);
    expect(quota?.usedSeconds()).toBe(2.5);
  });

  test('finds the limit of control groups v1', () => {
    const root = tempFolder({
      'self/cgroup': '3:cpuset:/\n2:cpu,cpuacct:/docker/abc\n0::/\n',
      'fs/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
      'fs/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      'fs/cpu,cpuacct/cpuacct.usage': '3000000000\n',
    });
    const quota = findCpuQuota({ membershipFile: join(root, 'self/cgroup'), root: join(root, 'fs') });
    expect(quota?.cores).toBe(0.5);
    expect(quota?.usedSeconds()).toBe(3);
  });

  test.each([
    ['no such file', undefined],
    ['no limit in v2', 'max 100000'],
    ['nonsense', 'x y'],
  ])('has no quota where there is %s', (_, cpuMax) => {
    const files = cpuMax === undefined ? {} : { 'fs/cpu.max': cpuMax, 'fs/cpu.stat': 'usage_usec 5\n' };
    const root = tempFolder({ 'self/cgroup': '0::/\n', ...files });
    expect(findCpuQuota({ membershipFile: join(root, 'self/cgroup'), root: join(root, 'fs') })).toBeUndefined();
  });
});

describe('memory', () => {
  const machine = { totalMemory: () => 8e9, availableMemory: () => 2e9 };

  test('counts what is not available, in megabytes of a million bytes', () => {
    expect(createMemoryProbe({ ...machine, memoryLimit: () => 0 }).read()).toEqual({
      system_memory_usage_megabytes: 6000,
      system_memory_usage_percentage: 75,
    });
  });

  test('is measured against the limit of a container', () => {
    const probe = createMemoryProbe({ ...machine, memoryLimit: () => 1e9, memoryLeft: () => 4e8 });
    expect(probe.read()).toEqual({ system_memory_usage_megabytes: 600, system_memory_usage_percentage: 60 });
  });

  test('takes a limit that no machine has for none', () => {
    const probe = createMemoryProbe({ ...machine, memoryLimit: () => 1.8e19, memoryLeft: () => 1 });
    expect(probe.read()).toMatchObject({ system_memory_usage_percentage: 75 });
  });
});

test('the disk is the one of the root folder', () => {
  const { blocks, bfree, bavail, bsize } = statfsSync('/');
  const read = createDiskProbe().read();
  expect(read['disk_usage_megabytes']).toBeCloseTo(((blocks - bfree) * bsize) / 1e6, -3);
  expect(read['disk_available_megabytes']).toBeCloseTo((bavail * bsize) / 1e6, -3);
  expect(read['disk_usage_percentage']).toBeGreaterThan(0);
  expect(read['disk_usage_percentage']).toBeLessThanOrEqual(100);
});

describe('the network', () => {
  const TABLE = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
  eth0:1000000 5 0 0 0 0 0 0 2000000 7 0 0 0 0 0 0
`;

  test('adds up all interfaces', () => {
    expect(parseNetDev(TABLE)).toEqual({ received: 1_003_193, transmitted: 2_003_193 });
  });

  test('counts from its making', () => {
    let counters = { received: 5e6, transmitted: 1e6 };
    const probe = createNetworkProbe(() => counters);
    counters = { received: 7.5e6, transmitted: 1e6 };
    expect(probe?.read()).toEqual({ network_receive_megabytes: 2.5, network_transmit_megabytes: 0 });
  });

  test('is left out where the machine does not say', () => {
    expect(createNetworkProbe(() => undefined)).toBeUndefined();
  });
});

describe("NVIDIA's cards", () => {
  test("become MLflow's names, a card at a time; what a card does not tell is left out", () => {
    expect(parseGpus('0, 1000, 4000, 50, 100.0, 400.0\n1, 0, 4000, [N/A], [Not Supported], 400\n')).toEqual({
      gpu_0_memory_usage_percentage: 25,
      gpu_0_memory_usage_megabytes: 1048.576,
      gpu_0_utilization_percentage: 50,
      gpu_0_power_usage_watts: 100,
      gpu_0_power_usage_percentage: 25,
      gpu_1_memory_usage_percentage: 0,
      gpu_1_memory_usage_megabytes: 0,
    });
    expect(parseGpus('NVIDIA-SMI has failed')).toEqual({});
  });

  test('are asked through its program, whose answer shows at the next reading', async () => {
    const folder = tempFolder({ 'nvidia-smi': '#!/bin/sh\necho "0, 1000, 4000, 50, 100.0, 400.0"\n' });
    chmodSync(join(folder, 'nvidia-smi'), 0o755);
    const probe = createGpuProbe(`/nowhere:${folder}`);
    expect(probe?.read()).toEqual({});
    const isAnswered = (): void => expect(probe?.read()).toMatchObject({ gpu_0_utilization_percentage: 50 });
    await vi.waitFor(isAnswered, { timeout: 10_000 });
    probe?.close?.();
  });

  test('that stop answering give no numbers', async () => {
    const folder = tempFolder({ 'nvidia-smi': '#!/bin/sh\nexit 9\n' });
    chmodSync(join(folder, 'nvidia-smi'), 0o755);
    const probe = createGpuProbe(folder);
    await delay(50); // the program fails in its own time; either way nothing may show
    expect(probe?.read()).toEqual({});
    probe?.close?.();
  });

  test('are left out where there is no program', () => {
    expect(createGpuProbe('/nowhere')).toBeUndefined();
  });
});

describe('Node', () => {
  test('tells its memory', () => {
    const read = createProcessMemoryProbe().read();
    expect(read['node_memory_usage_megabytes']).toBeGreaterThan(10);
    expect(read['node_heap_usage_megabytes']).toBeGreaterThan(1);
  });

  test('tells how long the job kept the event loop, also right after a reading', async () => {
    const probe = createEventLoopProbe();
    for (let round = 0; round < 2; round++) {
      const endMs = performance.now() + 250;
      while (performance.now() < endMs);
      await delay(1);
      expect(probe.read()['node_event_loop_delay_milliseconds']).toBeGreaterThan(100);
    }
    // Its own delays are over; those of a busy machine end too.
    await vi.waitFor(() => expect(probe.read()['node_event_loop_delay_milliseconds']).toBeLessThan(100), {
      timeout: 10_000,
    });
    probe.close?.();
  });

  test('tells how long the garbage collector paused it', async () => {
    const probe = createGarbageProbe();
    let sum = 0;
    await vi.waitFor(() => {
      for (let index = 0; index < 200; index++) Array.from({ length: 20_000 }, (_, each) => ({ each }));
      sum += probe.read()['node_garbage_collection_milliseconds'] ?? 0;
      expect(sum).toBeGreaterThan(0);
    }, 10_000);
    probe.close?.();
    expect(probe.read()).toEqual({ node_garbage_collection_milliseconds: expect.any(Number) });
  });
});

test("all of them together give MLflow's names on this machine", async () => {
  const probes = createProbes('');
  await delay(30); // a tick of the processor's clock
  const all = Object.assign({}, ...probes.map((probe) => probe.read())) as Record<string, number>;
  for (const probe of probes) probe.close?.();
  expect(Object.keys(all)).toEqual(
    expect.arrayContaining([
      'system_memory_usage_megabytes',
      'system_memory_usage_percentage',
      'disk_usage_percentage',
      'disk_usage_megabytes',
      'disk_available_megabytes',
      ...(process.platform === 'linux' ? ['network_receive_megabytes', 'network_transmit_megabytes'] : []),
    ]),
  );
  for (const value of Object.values(all)) expect(value).toBeGreaterThanOrEqual(0);
});
