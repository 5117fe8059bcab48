// The page's waterfall and log: each span opens to what it carries, and leads to its own lines.
import { formatDuration, formatTime } from '../text/format.ts';
import { escapeHtml, pairTable } from './text.ts';
import { ownFields } from '../report/telemetry.ts';
import type { LogLine, TraceSpan } from '../report/telemetry.ts';
import { layWaterfall } from '../report/waterfall.ts';
import type { WaterfallRow } from '../report/waterfall.ts';

const MAX_SPANS = 1_000;
const MAX_LINES = 2_000;
const MAX_MESSAGE = 1_000;
const MAX_DEPTH = 12;
/** What the head of the page says for every span. */
const SAID_ABOVE = /^(?:runspan\.|mlflow\.run_(?:id|url)$)/;
/** The scale of a bar's own picture. */
const BAR_UNITS = 1_000;

/** Draws the spans; undefined where there are none. */
export function renderWaterfall(spans: readonly TraceSpan[]): string | undefined {
  if (spans.length === 0) return undefined;
  const { rows, startMs, endMs } = layWaterfall(spans);
  const total = Math.max(endMs - startMs, 1e-6);
  const drawn = rows.slice(0, MAX_SPANS).map((row) => renderSpan(row, { startMs, total }));
  const rest = rows.length - drawn.length;
  const more =
    rest > 0
      ? `<p class="note">${rest.toLocaleString('en')} more spans are not drawn; they are in runspan/trace.otlp.jsonl.</p>`
      : '';
  const scale = `<div class="scale"><span>0</span><span>${formatDuration(total / 2)}</span><span>${formatDuration(total)}</span></div>`;
  return `${scale}<div class="spans">${drawn.join('')}</div>${more}`;
}

function renderSpan(
  { span, depth }: WaterfallRow,
  scale: { readonly startMs: number; readonly total: number },
): string {
  const duration = span.endMs - span.startMs;
  const from = ((span.startMs - scale.startMs) / scale.total) * BAR_UNITS;
  const width = Math.max(3, (duration / scale.total) * BAR_UNITS);
  const x = Math.min(from, BAR_UNITS - 3).toFixed(1);
  const bar = `<svg class="bar" viewBox="0 0 ${BAR_UNITS} 10" preserveAspectRatio="none" aria-hidden="true"><rect x="${x}" width="${width.toFixed(1)}" height="10" rx="2"/></svg>`;
  const mark = span.isError ? '<span class="mark" title="error">✗</span>' : '';
  const message = span.message === undefined ? '' : `<p class="fault">${escapeHtml(span.message)}</p>`;
  const exceptions = span.exceptions.map((text) => `<pre>${escapeHtml(text)}</pre>`).join('');
  const begun = `<p class="note">${formatDuration(span.startMs - scale.startMs)} after the start · ${formatDuration(duration)} · span ${escapeHtml(span.spanId)}</p>`;
  const attributes = Object.entries(span.attributes).filter(([key]) => !SAID_ABOVE.test(key));
  const table = attributes.length > 0 ? pairTable(attributes) : '';
  return `<details class="span${span.isError ? ' error' : ''}" data-span="${escapeHtml(span.spanId)}" data-depth="${depth}"><summary><span class="name d${Math.min(depth, MAX_DEPTH)}">${escapeHtml(span.name || '(no name)', 200)}${mark}</span>${bar}<span class="took">${formatDuration(duration)}</span></summary><div class="inside">${message}${exceptions}${begun}${table}</div></details>`;
}

/** Writes the last log lines; undefined where there are none. */
export function renderLogs(logs: readonly LogLine[]): string | undefined {
  if (logs.length === 0) return undefined;
  const shown = logs.slice(-MAX_LINES);
  const before = logs.length - shown.length;
  const note =
    before > 0
      ? `<p class="note">The last ${shown.length.toLocaleString('en')} of ${logs.length.toLocaleString('en')} lines; all are in runspan/logs.otlp.jsonl.</p>`
      : '';
  const levels = [...new Set(shown.map(({ level }) => level))];
  const options = levels.map((level) => `<option>${escapeHtml(level)}</option>`).join('');
  const tools = `<div class="tools" hidden><input type="search" id="find" placeholder="find in the log" aria-label="find in the log"><select id="level" aria-label="level"><option value="">all levels</option>${options}</select><button type="button" id="all" hidden>all spans</button><span id="count"></span></div>`;
  return `${tools}${note}<ol class="log">${shown.map(renderLine).join('')}</ol>`;
}

function renderLine({ timeMs, level, message, spanId, attributes }: LogLine): string {
  const fields = ownFields(attributes).map(
    ([key, value]) => `<span class="field"><i>${escapeHtml(key)}</i> ${escapeHtml(value, MAX_MESSAGE)}</span>`,
  );
  const time = `${formatTime(timeMs).slice(11)}.${String(Math.floor(timeMs % 1000)).padStart(3, '0')}`;
  const kind = level.toLowerCase().replaceAll(/[^a-z]/g, '');
  return `<li class="l-${kind}" data-span="${escapeHtml(spanId ?? '')}" data-level="${escapeHtml(level)}"><time>${time}</time><b>${escapeHtml(level, 12)}</b><span class="said">${escapeHtml(message, MAX_MESSAGE)} ${fields.join(' ')}</span></li>`;
}
