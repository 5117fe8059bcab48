// A trace as a waterfall: its spans as a tree, each a bar on one scale of time.
import { formatDuration, oneLine, paint, widthOf } from '../text/format.ts';
import type { TraceSpan } from './telemetry.ts';

/** One row: a span, and how deep it is. */
export interface WaterfallRow {
  readonly span: TraceSpan;
  readonly depth: number;
}

/** Spans in the order they are shown, and the time they cover. */
export interface Waterfall {
  readonly rows: readonly WaterfallRow[];
  readonly startMs: number;
  readonly endMs: number;
}

const BAR_PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const MAX_NAME_WIDTH = 40;
const MAX_DEPTH_SHOWN = 10;
const DURATION_WIDTH = 9;
const MIN_BAR_WIDTH = 10;
const MAX_BAR_WIDTH = 60;

/** Makes the tree: children below their parent by their start; a span whose parent is not there is a root. */
export function layWaterfall(spans: readonly TraceSpan[]): Waterfall {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string | undefined, TraceSpan[]>();
  for (const span of spans) {
    const { parentSpanId: parent } = span;
    const under = parent !== undefined && parent !== span.spanId && ids.has(parent) ? parent : undefined;
    children.set(under, [...(children.get(under) ?? []), span]);
  }
  const rows: WaterfallRow[] = [];
  const seen = new Set<TraceSpan>();
  // A stack, not a recursion: a trace may be thousands deep.
  const waiting = (children.get(undefined) ?? []).map((span) => ({ span, depth: 0 })).toReversed();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    if (seen.has(row.span)) continue;
    seen.add(row.span);
    rows.push(row);
    const { depth } = row;
    const below = (children.get(row.span.spanId) ?? []).map((span) => ({ span, depth: depth + 1 }));
    waiting.push(...below.toReversed());
  }
  // Spans that name one another as parents hang on no root.
  for (const span of spans) if (!seen.has(span)) rows.push({ span, depth: 0 });
  const startMs = rows.reduce((least, { span }) => Math.min(least, span.startMs), Infinity);
  const endMs = rows.reduce((most, { span }) => Math.max(most, span.endMs), -Infinity);
  return rows.length === 0 ? { rows, startMs: 0, endMs: 0 } : { rows, startMs, endMs };
}

/**
 * Writes a waterfall for a terminal of this width, one line a span, at most `maxRows`.
 *
 * @example
 * printWaterfall(layWaterfall(spans), { columns: 80, maxRows: 40 });
 */
export function printWaterfall(
  { rows, startMs, endMs }: Waterfall,
  { columns, maxRows }: { readonly columns: number; readonly maxRows: number },
): string {
  const shown = rows.slice(0, maxRows);
  const labels = shown.map(labelOf);
  const nameWidth = Math.max(0, ...labels.map(widthOf));
  const barWidth = Math.min(MAX_BAR_WIDTH, Math.max(MIN_BAR_WIDTH, columns - nameWidth - DURATION_WIDTH - 6));
  const lines = shown.map(({ span }, at) => {
    const label = labels[at] ?? '';
    const name = label + ' '.repeat(nameWidth - widthOf(label));
    const bar = barOf(span, { startMs, endMs, width: barWidth });
    const style = span.isError ? 'red' : 'cyan';
    const said = span.isError ? ` ${paint('red', `✗ ${oneLine(span.message ?? 'error', 60)}`)}` : '';
    const duration = formatDuration(span.endMs - span.startMs).padStart(DURATION_WIDTH);
    return `${span.isError ? paint('red', name) : name}  ${paint(style, bar)}${duration}${said}`;
  });
  const rest = rows.length - shown.length;
  return [...lines, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n');
}

function labelOf({ span, depth }: WaterfallRow): string {
  const indent = '  '.repeat(Math.min(depth, MAX_DEPTH_SHOWN));
  return indent + oneLine(span.name || '(no name)', MAX_NAME_WIDTH - indent.length);
}

function barOf(
  span: TraceSpan,
  scale: { readonly startMs: number; readonly endMs: number; readonly width: number },
): string {
  const total = Math.max(scale.endMs - scale.startMs, 1e-6);
  const from = Math.min(scale.width - 1, Math.floor(((span.startMs - scale.startMs) / total) * scale.width));
  const length = Math.min(((span.endMs - span.startMs) / total) * scale.width, scale.width - from);
  const whole = Math.floor(length);
  const part = BAR_PARTS[Math.floor((length - whole) * BAR_PARTS.length)] ?? '';
  const bar = '█'.repeat(whole) + part || '▏';
  return `${'·'.repeat(from)}${bar}`.padEnd(scale.width, '·');
}
