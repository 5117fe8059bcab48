// Node's own numbers: memory of this process, how late its event loop is, how long its garbage collector paused it.
import { PerformanceObserver } from 'node:perf_hooks';
import { BYTES_PER_MEGABYTE } from './probe.ts';
import type { SystemProbe } from './probe.ts';

/** How often the event loop is looked at: ten looks a second cost a hundredth of a percent of a core. */
const LOOK_INTERVAL_MS = 100;

/** Makes the probe of this process's memory. */
export function createProcessMemoryProbe(): SystemProbe {
  return {
    fold: 'mean',
    read() {
      const { rss, heapUsed } = process.memoryUsage();
      return {
        node_memory_usage_megabytes: rss / BYTES_PER_MEGABYTE,
        node_heap_usage_megabytes: heapUsed / BYTES_PER_MEGABYTE,
      };
    },
  };
}

/**
 * Makes the probe of the event loop: the longest delay of the window, in milliseconds; a job that never yields shows here.
 * A timer of ours, since Node's own histogram forgets the time after each reset: it would miss what blocks right then.
 */
export function createEventLoopProbe(): SystemProbe {
  let lastMs = performance.now();
  let longestMs = 0;
  const look = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - LOOK_INTERVAL_MS);
    lastMs = nowMs;
  };
  const timer = setInterval(look, LOOK_INTERVAL_MS).unref();
  return {
    fold: 'max',
    read() {
      look();
      const delayMs = longestMs;
      longestMs = 0;
      return { node_event_loop_delay_milliseconds: delayMs };
    },
    close: () => clearInterval(timer),
  };
}

/** Makes the probe of the garbage collector: the pauses of the window together, in milliseconds. */
export function createGarbageProbe(): SystemProbe {
  let pausedMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pausedMs += duration;
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    fold: 'sum',
    read() {
      const paused = pausedMs;
      pausedMs = 0;
      return { node_garbage_collection_milliseconds: paused };
    },
    close: () => observer.disconnect(),
  };
}
