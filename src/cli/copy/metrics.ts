// Whole metric histories: read page by page, and sent without the points that are there already.
import type { Metric } from '../../model/entities.ts';
import type { Store } from '../../stores/contract.ts';
import type { Copying } from './copying.ts';

const PAGE_SIZE = 25_000;
/** MLflow's limit of one log-batch. */
const BATCH_SIZE = 1000;

/** Reads the history of one metric in pages. */
export async function* readPoints(store: Store, runId: string, key: string): AsyncGenerator<readonly Metric[], void> {
  let pageToken: string | undefined;
  do {
    const paging = pageToken === undefined ? {} : { pageToken };
    const page = await store.getMetricHistory({ runId, key, maxResults: PAGE_SIZE, ...paging });
    yield page.items;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/** Names a point: MLflow's databases keep one that is logged twice once, and infinities as the largest doubles. */
export function namePoint({ value, timestampMs, step }: Pick<Metric, 'value' | 'timestampMs' | 'step'>): string {
  const bounded = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
  return `${timestampMs} ${step} ${bounded}`;
}

/** One run's metrics on both sides. */
export interface MetricCopy {
  readonly fromRunId: string;
  readonly toRunId: string;
  readonly keys: readonly string[];
  /** The metrics that the target has something of already. */
  readonly keysThere: ReadonlySet<string>;
}

/** Copies the points that the target has not. */
export async function copyMetrics(
  copying: Copying,
  { fromRunId, toRunId, keys, keysThere }: MetricCopy,
): Promise<void> {
  const { source, target } = copying;
  let batch: Metric[] = [];
  const send = async (): Promise<void> => {
    const metrics = batch;
    batch = [];
    if (metrics.length === 0) return;
    await copying.attempt(() => target.store.logBatch({ runId: toRunId, metrics }));
    copying.counts.points += metrics.length;
    copying.onProgress();
  };
  for (const key of keys) {
    const there = keysThere.has(key) ? await copying.attempt(() => namePoints(target.store, toRunId, key)) : undefined;
    for await (const page of readPoints(source.store, fromRunId, key)) {
      for (const point of page) {
        if (there?.has(namePoint(point)) === true) continue;
        batch.push(point);
        if (batch.length >= BATCH_SIZE) await send();
      }
    }
  }
  await send();
}

async function namePoints(store: Store, runId: string, key: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const page of readPoints(store, runId, key)) for (const point of page) names.add(namePoint(point));
  return names;
}
