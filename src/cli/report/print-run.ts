// One run for the eye: what it is, what went in, what came out, and where to look further.
import type { DatasetInput } from '../../model/entities.ts';
import {
  formatDuration,
  formatNumber,
  formatSize,
  formatTime,
  jsonNumber,
  oneLine,
  paint,
  paintStatus,
} from '../text/format.ts';
import type { MetricSummary, RunReport } from './run-report.ts';
import { sparkline } from './sample.ts';
import { layOut } from '../text/table.ts';
import { ownFields } from './telemetry.ts';
import type { LogLine } from './telemetry.ts';
import { layWaterfall, printWaterfall } from './waterfall.ts';

/** How a report is written for a terminal. */
export interface PrintOptions {
  /** For a run that has not ended. */
  readonly nowMs: number;
  readonly columns: number;
  /** How many of the last log lines. */
  readonly lineCount: number;
}

const SPARK_WIDTH = 24;
/** Below this a table has no room for a picture beside it. */
const NARROW = 72;
const MAX_SPANS = 40;
const LEVEL_STYLE: Readonly<Record<string, Parameters<typeof paint>[0]>> = {
  TRACE: 'dim',
  DEBUG: 'dim',
  SUCCESS: 'green',
  WARNING: 'yellow',
  WARN: 'yellow',
  ERROR: 'red',
  CRITICAL: 'magenta',
  FATAL: 'magenta',
};

/** Tags that are shown elsewhere. */
const SHOWN_ELSEWHERE = new Set([
  'mlflow.runName',
  'mlflow.user',
  'mlflow.note.content',
  'otel.trace_id',
  'otel.span_id',
  'otel.trace_url',
]);

/** Writes a report as text. */
export function printReport(report: RunReport, { nowMs, columns, lineCount }: PrintOptions): string {
  const { params, tags, metrics, inputs } = report;
  const shownTags = Object.entries(tags).filter(([key]) => !SHOWN_ELSEWHERE.has(key));
  const header = ['', 'last', 'min', 'max', 'points', 'last step'];
  const rows = metrics.map((metric) => metricRow(metric, columns));
  return [
    layOut(head(report, nowMs)),
    section('Params', pairs(Object.entries(params))),
    section('Metrics', rows.length > 0 ? [header, ...rows] : []),
    section('Tags', pairs(shownTags)),
    section('Inputs', inputs.map(inputRow)),
    artifacts(report),
    trace(report, columns),
    logs(report, lineCount),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function head({ info, experimentName, tags, trace, runUrl }: RunReport, nowMs: number): [string, string][] {
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
    ['page', runUrl && oneLine(runUrl, 500)],
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

function metricRow({ key, last, min, max, pointCount, lastStep, points }: MetricSummary, columns: number): string[] {
  const row = [oneLine(key), ...[last, min, max].map(formatNumber), String(pointCount), String(lastStep)];
  return columns < NARROW || points.length < 2 ? row : [...row, sparkline(points, SPARK_WIDTH)];
}

function inputRow({ dataset, tags }: DatasetInput): string[] {
  const context = tags.find(({ key }) => key === 'mlflow.data.context')?.value ?? '';
  return [dataset.name, dataset.digest, dataset.sourceType, context].map((text) => oneLine(text));
}

function artifacts({ info, files: { files, hasMore, note } }: RunReport): string {
  const title = paint('bold', 'Artifacts');
  const where = `${title}  ${oneLine(info.artifactUri, 500)}`;
  if (files === undefined) return `${where}\n  ${oneLine(note ?? 'cannot be reached from here', 300)}`;
  if (files.length === 0) return `${where}\n  none`;
  const rows = files.map(({ path, fileSize }) => [oneLine(path), fileSize === undefined ? '' : formatSize(fileSize)]);
  return `${where}\n${layOut([...rows, ...(hasMore ? [['and more']] : [])]).replaceAll(/^/gm, '  ')}`;
}

function trace({ files: { spans } }: RunReport, columns: number): string {
  if (spans.length === 0) return '';
  const picture = printWaterfall(layWaterfall(spans), { columns: columns - 2, maxRows: MAX_SPANS });
  return `${paint('bold', 'Trace')}\n${picture.replaceAll(/^/gm, '  ')}`;
}

function logs({ files: { logs: all } }: RunReport, lineCount: number): string {
  const last = lineCount === 0 ? [] : all.slice(-lineCount);
  if (last.length === 0) return '';
  const before = all.length - last.length;
  const title = `${paint('bold', 'Log')}${before > 0 ? paint('dim', `  the last ${last.length} of ${all.length}, --lines for more`) : ''}`;
  return `${title}\n${last.map((line) => `  ${logLine(line)}`).join('\n')}`;
}

function logLine({ timeMs, level, message, attributes }: LogLine): string {
  const style = LEVEL_STYLE[level.toUpperCase()];
  const padded = oneLine(level, 10).padEnd(8);
  const fields = ownFields(attributes).map(([key, value]) => `${oneLine(key)}=${oneLine(value)}`);
  const told = style === undefined ? padded : paint(style, padded);
  const tail = fields.length === 0 ? '' : ` ${paint('dim', fields.join(' '))}`;
  return `${paint('dim', formatTime(timeMs).slice(11))}  ${told}  ${oneLine(message, 300).trimEnd()}${tail}`;
}

/** Turns a report into what JSON can say: no NaN, no undefined. */
export function jsonReport(report: RunReport, lineCount: number): Readonly<Record<string, unknown>> {
  const { info, experimentName, params, tags, metrics, inputs, files, trace: ids, runUrl } = report;
  return {
    ...info,
    endTimeMs: info.endTimeMs ?? null,
    experimentName,
    runUrl: runUrl ?? null,
    params,
    tags,
    metrics: metrics.map(({ key, last, min, max, pointCount, lastStep }) => ({
      key,
      last: jsonNumber(last),
      min: jsonNumber(min),
      max: jsonNumber(max),
      pointCount,
      lastStep,
    })),
    inputs,
    artifacts: files.files ?? null,
    trace: ids ? { traceId: ids.traceId, spanId: ids.spanId ?? null, url: ids.url ?? null } : null,
    spans: layWaterfall(files.spans).rows.map(({ span, depth }) => ({
      ...span,
      parentSpanId: span.parentSpanId ?? null,
      message: span.message ?? null,
      depth,
    })),
    logs: lineCount === 0 ? [] : files.logs.slice(-lineCount).map((line) => ({ ...line, spanId: line.spanId ?? null })),
  };
}
