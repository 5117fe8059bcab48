// Opens the monitor of one run: at step 0, or for a resumed run behind the last point that the store has.
import type { Metric, Page } from '../../model/entities.ts';
import type { MetricWrite } from '../../model/write.ts';
import type { Outbox } from '../../outbox/contract.ts';
import type { SystemMetricsSettings } from './monitor.ts';
import { systemKey, SystemMonitor } from './monitor.ts';
import type { SystemProbe } from './probe.ts';

/** The one that every machine has: its history tells how far a resumed run has come. */
const MARKER = 'system_memory_usage_percentage';

/** What {@link watchSystem} stands on. */
export interface SystemWatch extends SystemMetricsSettings {
  readonly makeProbes: () => readonly SystemProbe[];
  /** How long the store is asked for a resumed run's last step, in milliseconds. */
  readonly timeoutMs: number;
}

/** The run that is watched. */
export interface WatchedRun {
  readonly runKey: string;
  /** The run of the store that this one goes on with. */
  readonly resumeRunId: string | undefined;
  readonly outbox: Pick<Outbox, 'call'>;
  readonly append: (metric: MetricWrite) => void;
  readonly now: () => number;
}

/** Logs system metrics into a run until the returned function is called. */
export function watchSystem(watch: SystemWatch, run: WatchedRun): () => void {
  const log = (metrics: Readonly<Record<string, number>>, step: number): void => {
    const timestampMs = run.now();
    for (const [key, value] of Object.entries(metrics))
      run.append({ kind: 'metric', runKey: run.runKey, key, value, timestampMs, step });
  };
  let monitor: SystemMonitor | undefined;
  let hasEnded = false;
  const open = (firstStep: number): void => {
    if (!hasEnded) monitor = new SystemMonitor({ ...watch, probes: watch.makeProbes(), log, firstStep });
  };
  if (run.resumeRunId === undefined) open(0);
  else void findNextStep(watch, run.resumeRunId, run.outbox).then(open);
  return () => {
    hasEnded = true;
    monitor?.stop();
  };
}

/** Never rejects: a store that does not answer costs only that steps begin anew. */
async function findNextStep(watch: SystemWatch, runId: string, outbox: Pick<Outbox, 'call'>): Promise<number> {
  const key = systemKey(MARKER, watch.nodeId);
  const { timeoutMs } = watch;
  let next = 0;
  try {
    for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
      const request = { runId, key, ...(pageToken === '' ? {} : { pageToken }) };
      const page: Page<Metric> = await outbox.call('getMetricHistory', [request], { timeoutMs });
      next = page.items.reduce((largest, { step }) => Math.max(largest, step + 1), next);
      pageToken = page.nextPageToken;
    }
  } catch {
    // Away, or no such run: the first is tried again by the outbox for what is logged, the second is said by created().
  }
  return next;
}
