// Bytes that went over the network since the probe was made, over all interfaces, as MLflow counts them.
import { readFileSync } from 'node:fs';
import { BYTES_PER_MEGABYTE } from './probe.ts';
import type { SystemProbe } from './probe.ts';

/** Bytes over all interfaces since the machine started. */
export interface NetworkCounters {
  readonly received: number;
  readonly transmitted: number;
}

/**
 * Makes the probe of the network.
 *
 * @returns undefined where the machine does not say (only Linux does, in a file: a program every ten seconds would cost the job more)
 */
export function createNetworkProbe(
  readCounters: () => NetworkCounters | undefined = readLinux,
): SystemProbe | undefined {
  const start = readCounters();
  if (start === undefined) return undefined;
  return {
    fold: 'last',
    read() {
      const { received, transmitted } = readCounters() ?? start;
      return {
        network_receive_megabytes: Math.max(0, received - start.received) / BYTES_PER_MEGABYTE,
        network_transmit_megabytes: Math.max(0, transmitted - start.transmitted) / BYTES_PER_MEGABYTE,
      };
    },
  };
}

function readLinux(): NetworkCounters | undefined {
  try {
    return parseNetDev(readFileSync('/proc/net/dev', 'utf8'));
  } catch {
    // Not Linux, or /proc is not mounted.
    return undefined;
  }
}

/**
 * Adds up the interfaces of `/proc/net/dev`.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_net.5.html
 * @example
 * parseNetDev('  lo: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0'); // { received: 100, transmitted: 200 }
 */
export function parseNetDev(text: string): NetworkCounters {
  let received = 0;
  let transmitted = 0;
  for (const [, numbers] of text.matchAll(/^\s*[^\s:]+:(.*)$/gm)) {
    const fields = numbers?.trim().split(/\s+/).map(Number) ?? [];
    received += fields[0] ?? 0;
    transmitted += fields[8] ?? 0;
  }
  return { received, transmitted };
}
