// Everything that a store knows of one run, gathered for `runspan show`.
import { openArtifacts } from '../artifacts/open.ts';
import type { DatasetInput, FileInfo, Metric, RunEntity, RunInfo } from '../model/entities.ts';
import type { Store } from '../stores/contract.ts';

/** Files listed at most; a run of checkpoints can have thousands. */
const MAX_FILES = 200;
const HISTORY_PAGE = 25_000;

/** One metric over its whole history; NaN counts as a point, not as a minimum or maximum. */
export interface MetricSummary {
  readonly key: string;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly pointCount: number;
  readonly lastStep: number;
}

/** The trace that a run was recorded in. */
export interface RunTrace {
  readonly traceId: string;
  readonly spanId: string | undefined;
  readonly url: string | undefined;
}

/** What `runspan show` shows. */
export interface RunReport {
  readonly info: RunInfo;
  readonly experimentName: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: readonly MetricSummary[];
  readonly inputs: readonly DatasetInput[];
  /** Undefined where they are not on this machine. */
  readonly artifacts: readonly FileInfo[] | undefined;
  readonly hasMoreArtifacts: boolean;
  readonly trace: RunTrace | undefined;
}

/** Gathers the report of a run. */
export async function reportRun(store: Store, run: RunEntity): Promise<RunReport> {
  const { info, data, inputs } = run;
  const metrics: MetricSummary[] = [];
  for (const [key, last] of Object.entries(data.metrics).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    metrics.push(await summarise(store, { runId: info.runId, key, last }));
  }
  const experiment = await store.getExperiment(info.experimentId);
  const files = await listLocalFiles(info.artifactUri, store.uri);
  return {
    info,
    experimentName: experiment.name,
    params: data.params,
    tags: data.tags,
    metrics,
    inputs: inputs.datasetInputs,
    artifacts: files?.slice(0, MAX_FILES),
    hasMoreArtifacts: (files?.length ?? 0) > MAX_FILES,
    trace: traceOf(data.tags),
  };
}

async function summarise(
  store: Store,
  { runId, key, last }: { runId: string; key: string; last: number },
): Promise<MetricSummary> {
  let pointCount = 0;
  let [min, max] = [Number.NaN, Number.NaN];
  let latest: Metric | undefined;
  let pageToken: string | undefined;
  do {
    const page = await store.getMetricHistory({
      runId,
      key,
      maxResults: HISTORY_PAGE,
      ...(pageToken && { pageToken }),
    });
    pointCount += page.items.length;
    for (const point of page.items) {
      if (!latest || isLater(point, latest)) latest = point;
      if (Number.isNaN(point.value)) continue;
      min = Number.isNaN(min) ? point.value : Math.min(min, point.value);
      max = Number.isNaN(max) ? point.value : Math.max(max, point.value);
    }
    pageToken = page.nextPageToken;
  } while (pageToken);
  return { key, last, min, max, pointCount, lastStep: latest?.step ?? 0 };
}

/** MLflow's own order of "latest": by step, then by time, then by value. */
function isLater(a: Metric, b: Metric): boolean {
  if (a.step !== b.step) return a.step > b.step;
  return a.timestampMs === b.timestampMs ? a.value > b.value : a.timestampMs > b.timestampMs;
}

function traceOf(tags: Readonly<Record<string, string>>): RunTrace | undefined {
  const traceId = tags['otel.trace_id'];
  return traceId === undefined ? undefined : { traceId, spanId: tags['otel.span_id'], url: tags['otel.trace_url'] };
}

/** Lists the files under a folder of this machine, one more than are shown; undefined where they are elsewhere. */
async function listLocalFiles(artifactUri: string, trackingUri: string): Promise<FileInfo[] | undefined> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(artifactUri) && !/^file:/i.test(artifactUri)) return undefined;
  const repository = await openArtifacts(artifactUri, { trackingUri, connection: {} });
  const files: FileInfo[] = [];
  const folders: (string | undefined)[] = [undefined];
  try {
    for (const folder of folders) {
      const entries = await repository.list(folder);
      files.push(...entries.filter(({ isDir }) => !isDir));
      folders.push(...entries.filter(({ isDir }) => isDir).map(({ path }) => path));
      if (files.length > MAX_FILES) break;
    }
  } finally {
    await repository.close();
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
