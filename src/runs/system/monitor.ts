// Reads the probes at an interval and logs a point a window: the first at once, the last, partial one at the end.
import type { Fold, SystemProbe } from './probe.ts';

/** How system metrics are logged. */
export interface SystemMetricsSettings {
  /** Between two samples, in milliseconds. */
  readonly intervalMs: number;
  /** How many samples become one point. */
  readonly samplesPerPoint: number;
  /** Names this machine in the metrics' keys, where a run has several. */
  readonly nodeId?: string | undefined;
}

/** What a {@link SystemMonitor} stands on. */
export interface SystemMonitorOptions extends SystemMetricsSettings {
  readonly probes: readonly SystemProbe[];
  /** Takes one point of each metric. */
  readonly log: (metrics: Readonly<Record<string, number>>, step: number) => void;
  /** The first step; after a resume the one behind the last. @default 0 */
  readonly firstStep?: number;
}

/** Where MLflow's pages look for system metrics. */
const PREFIX = 'system/';
/** As MLflow rounds a mean. */
const MEAN_FACTOR = 10;

/**
 * Logs system metrics from its making until stop(); a probe that throws is left out of that sample. The timer does not keep
 * the process alive. While the job's thread is busy nothing is sampled: the next sample then covers all of that time.
 *
 * @example
 * const monitor = new SystemMonitor({ probes: [createMemoryProbe()], intervalMs: 10_000, samplesPerPoint: 1, log });
 * monitor.stop();
 */
export class SystemMonitor {
  readonly #options: SystemMonitorOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #window = new Map<string, { readonly fold: Fold; readonly values: number[] }>();
  #sampleCount = 0;
  #step: number;
  #hasStopped = false;

  constructor(options: SystemMonitorOptions) {
    this.#options = options;
    this.#step = options.firstStep ?? 0;
    this.#sample();
    this.#publish();
    this.#timer = setInterval(() => this.#tick(), options.intervalMs).unref();
  }

  /** Logs the window that is under way and lets the probes go. Idempotent. */
  stop(): void {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    clearInterval(this.#timer);
    this.#sample();
    this.#publish();
    for (const probe of this.#options.probes) probe.close?.();
  }

  #tick(): void {
    this.#sample();
    if (this.#sampleCount >= this.#options.samplesPerPoint) this.#publish();
  }

  #sample(): void {
    this.#sampleCount++;
    for (const probe of this.#options.probes) {
      for (const [name, value] of Object.entries(readQuietly(probe))) {
        const kept = this.#window.get(name);
        if (kept === undefined) this.#window.set(name, { fold: probe.fold, values: [value] });
        else kept.values.push(value);
      }
    }
  }

  #publish(): void {
    const { nodeId, log } = this.#options;
    const point: Record<string, number> = {};
    for (const [name, { fold, values }] of this.#window) point[systemKey(name, nodeId)] = foldValues(fold, values);
    this.#window.clear();
    this.#sampleCount = 0;
    log(point, this.#step++);
  }
}

/** The key under which MLflow keeps a system metric of this machine. */
export function systemKey(name: string, nodeId: string | undefined): string {
  return nodeId === undefined ? PREFIX + name : `${PREFIX}${nodeId}/${name}`;
}

function readQuietly(probe: SystemProbe): Readonly<Record<string, number>> {
  try {
    return probe.read();
  } catch {
    // A file of /proc or a disk that went away: this sample goes without it, the next one tries again.
    return {};
  }
}

function foldValues(fold: Fold, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (fold) {
    case 'last':
      return values.at(-1) ?? 0;
    case 'max':
      return Math.max(...values);
    case 'sum':
      return sum;
    case 'mean':
      return Math.round((sum / values.length) * MEAN_FACTOR) / MEAN_FACTOR;
  }
}
