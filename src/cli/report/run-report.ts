// Everything that a store knows of one run, gathered for `runspan show`.
import type { DatasetInput, Metric, RunEntity, RunInfo } from '../../model/entities.ts';
import { runUrlOf } from '../../services/mlflow/destination.ts';
import type { Store } from '../../stores/contract.ts';
import type { Connection } from '../store/connect.ts';
import { readNestedSpans } from './nested-spans.ts';
import { readRunFiles } from './run-files.ts';
import type { RunFiles } from './run-files.ts';
import { sortSpans } from './telemetry.ts';
import { sample, toPoints } from './sample.ts';
import type { Point } from './sample.ts';

const HISTORY_PAGE = 25_000;
/** More than a screen has columns; a page with 50 metrics stays at about 2 MB. */
const MAX_POINTS = 1_000;

/** One metric over its whole history; NaN counts as a point, not as a minimum or maximum. */
export interface MetricSummary {
  readonly key: string;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly pointCount: number;
  readonly lastStep: number;
  /** At most 1,000, by step; see `sample`. */
  readonly points: readonly Point[];
  /** Whether the points' x is a time, since all steps are the same. */
  readonly isTime: boolean;
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
  /** With the spans of nested runs among its own. */
  readonly files: RunFiles;
  /** The run's page; only servers have some. */
  readonly runUrl: string | undefined;
  readonly trace: RunTrace | undefined;
}

/** Gathers the report of a run. */
export async function reportRun(connection: Connection, run: RunEntity): Promise<RunReport> {
  const { store } = connection;
  const { info, data, inputs } = run;
  const metrics: MetricSummary[] = [];
  for (const [key, last] of Object.entries(data.metrics).toSorted(([a], [b]) => (rankOf(a) < rankOf(b) ? -1 : 1))) {
    metrics.push(summarise(key, last, await readHistory(store, info.runId, key)));
  }
  const experiment = await store.getExperiment(info.experimentId);
  const trace = traceOf(data.tags);
  const files = await readRunFiles(() => connection.openArtifacts(info.artifactUri));
  const nested = trace === undefined ? [] : await readNestedSpans(connection, run, trace.traceId);
  return {
    info,
    experimentName: experiment.name,
    params: data.params,
    tags: data.tags,
    metrics,
    inputs: inputs.datasetInputs,
    files: { ...files, spans: sortSpans([...files.spans, ...nested]) },
    runUrl: runUrlOf(store.uri, info.experimentId, info.runId),
    trace,
  };
}

/** The machine's metrics after the job's own. */
function rankOf(key: string): string {
  return `${key.startsWith('system/') ? 1 : 0} ${key}`;
}

async function readHistory(store: Store, runId: string, key: string): Promise<readonly Metric[]> {
  const history: Metric[] = [];
  let pageToken: string | undefined;
  do {
    const page = await store.getMetricHistory({
      runId,
      key,
      maxResults: HISTORY_PAGE,
      ...(pageToken && { pageToken }),
    });
    for (const point of page.items) history.push(point);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return history;
}

/** Sums up a metric's history; `last` is what the store says is its latest value. */
export function summarise(key: string, last: number, history: readonly Metric[]): MetricSummary {
  let [min, max] = [Number.NaN, Number.NaN];
  let latest: Metric | undefined;
  for (const point of history) {
    if (!latest || isLater(point, latest)) latest = point;
    if (Number.isNaN(point.value)) continue;
    min = Number.isNaN(min) ? point.value : Math.min(min, point.value);
    max = Number.isNaN(max) ? point.value : Math.max(max, point.value);
  }
  const { points, isTime } = toPoints(history);
  const lastStep = latest?.step ?? 0;
  return { key, last, min, max, pointCount: history.length, lastStep, points: sample(points, MAX_POINTS), isTime };
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
