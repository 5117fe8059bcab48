// One run for the eye: what it is, what went in, what came out, and where to look further.
import type { DatasetInput } from '../model/entities.ts';
import {
  formatDuration,
  formatNumber,
  formatSize,
  formatTime,
  jsonNumber,
  oneLine,
  paint,
  paintStatus,
} from './format.ts';
import type { MetricSummary, RunReport } from './run-report.ts';
import { layOut } from './table.ts';

/** Tags that are shown elsewhere. */
const SHOWN_ELSEWHERE = new Set([
  'mlflow.runName',
  'mlflow.user',
  'mlflow.note.content',
  'otel.trace_id',
  'otel.span_id',
  'otel.trace_url',
]);

/** Writes a report as text; `nowMs` is for a run that has not ended. */
export function printReport(report: RunReport, nowMs: number): string {
  const { params, tags, metrics, inputs } = report;
  const shownTags = Object.entries(tags).filter(([key]) => !SHOWN_ELSEWHERE.has(key));
  return [
    layOut(head(report, nowMs)),
    section('Params', pairs(Object.entries(params))),
    section(
      'Metrics',
      metrics.length > 0 ? [['', 'last', 'min', 'max', 'points', 'last step'], ...metrics.map(metricRow)] : [],
    ),
    section('Tags', pairs(shownTags)),
    section('Inputs', inputs.map(inputRow)),
    artifacts(report),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function head({ info, experimentName, tags, trace }: RunReport, nowMs: number): [string, string][] {
  const { status, startTimeMs, endTimeMs } = info;
  const duration = formatDuration((endTimeMs ?? nowMs) - startTimeMs);
  const description = tags['mlflow.note.content'];
  const rows: [string, string | undefined][] = [
    ['run', paint('bold', oneLine(info.runName))],
    ['id', info.runId],
    ['experiment', `${oneLine(experimentName)} (${info.experimentId})`],
    ['status', paintStatus(status)],
    ['started', formatTime(startTimeMs)],
    ['ended', endTimeMs === undefined ? `not yet, ${duration} so far` : `${formatTime(endTimeMs)}, after ${duration}`],
    ['user', oneLine(info.userId)],
    ['description', description && oneLine(description)],
    ['trace', trace && oneLine(trace.traceId)],
    ['trace link', trace?.url && oneLine(trace.url, 500)],
  ];
  return rows.flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []));
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const indented = layOut(rows).replaceAll(/^/gm, '  ');
  return `${paint('bold', title)}\n${indented}`;
}

function pairs(entries: readonly [string, string][]): string[][] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [oneLine(key), oneLine(value)]);
}

function metricRow({ key, last, min, max, pointCount, lastStep }: MetricSummary): string[] {
  return [oneLine(key), ...[last, min, max].map(formatNumber), String(pointCount), String(lastStep)];
}

function inputRow({ dataset, tags }: DatasetInput): string[] {
  const context = tags.find(({ key }) => key === 'mlflow.data.context')?.value ?? '';
  return [dataset.name, dataset.digest, dataset.sourceType, context].map((text) => oneLine(text));
}

function artifacts({ info, artifacts: files, hasMoreArtifacts }: RunReport): string {
  const title = paint('bold', 'Artifacts');
  const where = `${title}  ${oneLine(info.artifactUri, 500)}`;
  if (files === undefined) return where;
  if (files.length === 0) return `${where}\n  none`;
  const rows = files.map(({ path, fileSize }) => [oneLine(path), fileSize === undefined ? '' : formatSize(fileSize)]);
  return `${where}\n${layOut([...rows, ...(hasMoreArtifacts ? [['and more']] : [])]).replaceAll(/^/gm, '  ')}`;
}

/** Turns a report into what JSON can say: no NaN, no undefined. */
export function jsonReport(report: RunReport): Readonly<Record<string, unknown>> {
  const { info, experimentName, params, tags, metrics, inputs, artifacts: files, trace } = report;
  return {
    ...info,
    endTimeMs: info.endTimeMs ?? null,
    experimentName,
    params,
    tags,
    metrics: metrics.map((one) => ({
      ...one,
      last: jsonNumber(one.last),
      min: jsonNumber(one.min),
      max: jsonNumber(one.max),
    })),
    inputs,
    artifacts: files ?? null,
    trace: trace ? { traceId: trace.traceId, spanId: trace.spanId ?? null, url: trace.url ?? null } : null,
  };
}
