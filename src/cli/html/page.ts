// One run as one page: charts, trace and log side by side, and every table; nothing is loaded from anywhere.
import { createHash } from 'node:crypto';
import type { DatasetInput } from '../../model/entities.ts';
import { formatDuration, formatNumber, formatSize, formatTime } from '../text/format.ts';
import { CHART, renderChart } from './chart.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { escapeHtml, jsonForScript, link, pairTable } from './text.ts';
import { renderLogs, renderWaterfall } from './trace.ts';
import type { MetricSummary, RunReport } from '../report/run-report.ts';

/** Charts drawn at most; the table has the others. */
const MAX_CHARTS = 60;
/** What is measured of the machine stands below what the run is about. */
const SYSTEM = 'system/';
/** Tags that the head of the page says already. */
const IN_HEAD = new Set([
  'mlflow.runName',
  'mlflow.user',
  'mlflow.note.content',
  'otel.trace_id',
  'otel.span_id',
  'otel.trace_url',
]);

/** Writes a report as an HTML document; `nowMs` is for a run that has not ended. */
export function renderPage(report: RunReport, nowMs: number): string {
  const { info } = report;
  const own = report.metrics.filter(({ key }) => !key.startsWith(SYSTEM));
  const system = report.metrics.filter(({ key }) => key.startsWith(SYSTEM));
  const drawn = [...own, ...system].filter(({ pointCount }) => pointCount > 1).slice(0, MAX_CHARTS);
  const charts = drawn.map((metric, at) => ({ metric, ...renderChart(metric, `chart-${at}`, info.startTimeMs) }));
  const data = jsonForScript({ charts: charts.map((chart) => chart.data), box: CHART });
  const title = escapeHtml(`${info.runName} · ${info.status}`, 200);
  // Hashes, so that the browser runs and applies what stands here and nothing that a run's texts may smuggle in.
  const policy = `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer"><title>${title}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><main>
${head(report, nowMs)}
${metricsSection('Metric', own, charts)}
${traceSection(report)}
${tables(report)}
${metricsSection('System metric', system, charts)}
<footer>Written by runspan at ${formatTime(nowMs)}. Times are local to where it was written. The page is whole by itself: it loads nothing.</footer>
</main><script type="application/json" id="data">${data}</script><script>${SCRIPT}</script></body></html>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function head({ info, experimentName, tags, trace, runUrl }: RunReport, nowMs: number): string {
  const { status, startTimeMs, endTimeMs } = info;
  const duration = formatDuration((endTimeMs ?? nowMs) - startTimeMs);
  const description = tags['mlflow.note.content'];
  const facts: [string, string][] = [
    ['experiment', escapeHtml(experimentName)],
    ['started', formatTime(startTimeMs)],
    [endTimeMs === undefined ? 'so far' : 'took', duration],
    ['user', escapeHtml(info.userId)],
    ['run', escapeHtml(info.runId)],
  ];
  if (trace !== undefined)
    facts.push(['trace', trace.url === undefined ? escapeHtml(trace.traceId) : link(trace.url, trace.traceId)]);
  if (runUrl !== undefined) facts.push(['MLflow', link(runUrl, 'the run’s page')]);
  const items = facts.filter(([, value]) => value !== '').map(([name, value]) => `<li><i>${name}</i>${value}</li>`);
  const said = description === undefined ? '' : `<p>${escapeHtml(description)}</p>`;
  return `<header><h1>${escapeHtml(info.runName, 250)}</h1><span class="status s-${status.toLowerCase()}">${status}</span>${said}<ul class="meta">${items.join('')}</ul></header>`;
}

function metricsSection(
  noun: string,
  metrics: readonly MetricSummary[],
  drawn: readonly { readonly metric: MetricSummary; readonly html: string }[],
): string {
  if (metrics.length === 0) return '';
  const charts = drawn.filter(({ metric }) => metrics.includes(metric)).map(({ html }) => html);
  const rest = metrics.filter(({ pointCount }) => pointCount > 1).length - charts.length;
  const note = rest > 0 ? `<p class="note">${rest} more metrics have no chart; the table has their values.</p>` : '';
  const rows = metrics.map(({ key, last, min, max, pointCount, lastStep }) => {
    const numbers = [last, min, max, pointCount, lastStep].map(
      (value) => `<td class="n">${escapeHtml(formatNumber(value))}</td>`,
    );
    return `<tr><th scope="row">${escapeHtml(key)}</th>${numbers.join('')}</tr>`;
  });
  const names = ['last', 'min', 'max', 'points', 'last step'].map((name) => `<td class="n">${name}</td>`).join('');
  const table = `<div class="card values"><table><tr><th>metric</th>${names}</tr>${rows.join('')}</table></div>`;
  return `<h2>${noun}s</h2><div class="charts">${charts.join('')}</div>${note}<h2>${noun} values</h2>${table}`;
}

function traceSection({ info, files: { spans, logs, note } }: RunReport): string {
  const why =
    info.status === 'RUNNING'
      ? 'It is kept when the run ends.'
      : (note ?? 'A run that was killed keeps none, and keepTelemetry may be off.');
  const none = `<p class="note">There is none among the run’s files. ${escapeHtml(why)}</p>`;
  return `<div class="pair"><section><h2>Trace</h2><div class="card scroll">${renderWaterfall(spans) ?? none}</div></section><section><h2>Log</h2><div class="card scroll">${renderLogs(logs) ?? none}</div></section></div>`;
}

function tables({ params, tags, inputs, files: { files, hasMore }, info }: RunReport): string {
  const sorted = (values: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const shownTags = sorted(tags).filter(([key]) => !IN_HEAD.has(key));
  const rows = (files ?? []).map(({ path, fileSize }): [string, string] => [
    path,
    fileSize === undefined ? '' : formatSize(fileSize),
  ]);
  const listed = `<p class="note">${escapeHtml(info.artifactUri)}</p>${pairTable(hasMore ? [...rows, ['and more', '']] : rows, 'files')}`;
  const cards: [string, string | undefined][] = [
    ['Params', card(sorted(params))],
    ['Tags', card(shownTags)],
    ['Inputs', card(inputs.map(inputRow))],
    ['Artifacts', `<div class="card scroll">${listed}</div>`],
  ];
  const sections = cards.flatMap(([title, html]) =>
    html === undefined ? [] : [`<section><h2>${title}</h2>${html}</section>`],
  );
  return `<div class="pair">${sections.join('')}</div>`;
}

function card(rows: readonly (readonly [string, string])[]): string | undefined {
  return rows.length === 0 ? undefined : `<div class="card scroll">${pairTable(rows)}</div>`;
}

function inputRow({ dataset, tags }: DatasetInput): [string, string] {
  const context = tags.find(({ key }) => key === 'mlflow.data.context')?.value;
  return [dataset.name, [context, dataset.digest, dataset.source].filter(Boolean).join(' · ')];
}
