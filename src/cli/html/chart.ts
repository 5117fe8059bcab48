// A metric as a chart of the page: an SVG that says everything without script; script adds the value under the pointer.
import { formatDuration, formatNumber } from '../text/format.ts';
import { escapeHtml } from './text.ts';
import type { MetricSummary } from '../report/run-report.ts';
import type { Point } from '../report/sample.ts';

/** The picture's own units. */
export const CHART = { width: 560, height: 210, left: 58, right: 14, top: 12, bottom: 28 } as const;

const TICKS = 5;

/** What script needs to find the point under the pointer. */
export interface ChartData {
  readonly id: string;
  readonly points: readonly (readonly [number, number])[];
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly isTime: boolean;
}

/** A chart and its data; times are told from `startMs` on. */
export function renderChart(
  metric: MetricSummary,
  id: string,
  startMs: number,
): { readonly html: string; readonly data: ChartData } {
  const { isTime } = metric;
  const points: Point[] = isTime ? metric.points.map(({ x, y }) => ({ x: x - startMs, y })) : [...metric.points];
  const x = spread(points.map((point) => point.x));
  const y = roundOut(spread(points.map((point) => point.y)));
  const data = { id, points: points.map((point) => [point.x, point.y] as const), x, y, isTime };
  const label = `${metric.key}: last ${formatNumber(metric.last)}, least ${formatNumber(metric.min)}, greatest ${formatNumber(metric.max)}, ${metric.pointCount} points`;
  const picture = points.length === 0 ? '<p class="note">No finite value to draw.</p>' : draw(points, data, label);
  const facts = [
    ['last', metric.last],
    ['min', metric.min],
    ['max', metric.max],
  ].map(([name, value]) => `<span><i>${name}</i> ${escapeHtml(formatNumber(Number(value)))}</span>`);
  const isSampled = points.length < metric.pointCount;
  const note = isSampled
    ? `<p class="note">${points.length.toLocaleString('en')} of ${metric.pointCount.toLocaleString('en')} points are drawn: the least and the greatest of each stretch.</p>`
    : '';
  const html = `<figure class="card chart" id="${id}"><figcaption><b>${escapeHtml(metric.key)}</b><span class="facts">${facts.join('')}<span><i>points</i> ${metric.pointCount.toLocaleString('en')}</span></span></figcaption>${picture}${note}</figure>`;
  return { html, data };
}

function draw(points: readonly Point[], data: ChartData, label: string): string {
  const { width, height, left, right, top, bottom } = CHART;
  const toX = scale(data.x, left, width - right);
  const toY = scale(data.y, height - bottom, top);
  const line = points
    .map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`)
    .join('');
  const first = toX(points[0]?.x ?? 0).toFixed(1);
  const last = toX(points.at(-1)?.x ?? 0).toFixed(1);
  const base = height - bottom;
  const dots =
    points.length <= 60
      ? points
          .map(({ x, y }) => `<circle class="dot" cx="${toX(x).toFixed(1)}" cy="${toY(y).toFixed(1)}" r="2.2"/>`)
          .join('')
      : '';
  const grid = ticks(data.y).map((value) => {
    const at = toY(value).toFixed(1);
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 6}" y="${at}" dy="0.32em" text-anchor="end">${formatNumber(value)}</text>`;
  });
  // There is no half step.
  const steps = ticks(data.x).filter((value) => data.isTime || Number.isInteger(value));
  const marks = steps.map((value) => {
    const text = data.isTime ? formatDuration(value) : formatNumber(value);
    return `<text class="tick" x="${toX(value).toFixed(1)}" y="${height - 9}" text-anchor="middle">${text}</text>`;
  });
  return `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}" data-points="${points.length}"><title>${escapeHtml(label)}</title>${grid.join('')}${marks.join('')}<path class="area" d="${line}L${last} ${base}L${first} ${base}Z"/><path class="line" d="${line}"/>${dots}<g class="cursor" visibility="hidden"><line y1="${top}" y2="${base}"/><circle r="4"/></g></svg><output class="reading" aria-live="off"></output>`;
}

function scale([from, to]: readonly [number, number], low: number, high: number): (value: number) => number {
  return (value) => low + ((value - from) / (to - from)) * (high - low);
}

/** The least and the greatest; a single value gets room around it. */
function spread(values: readonly number[]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  if (!Number.isFinite(least)) return [0, 1];
  const room = least === most ? Math.max(Math.abs(least) * 0.1, 0.5) : 0;
  return [least - room, most + room];
}

/** Widens a range to round numbers. */
function roundOut([from, to]: readonly [number, number]): [number, number] {
  const step = stepOf(from, to);
  return step > 0 ? [Math.floor(from / step) * step, Math.ceil(to / step) * step] : [from, to];
}

/** Round numbers between the ends: 1, 2 or 5 times a power of ten apart. */
export function ticks([from, to]: readonly [number, number]): readonly number[] {
  const step = stepOf(from, to);
  if (!(step > 0)) return [from];
  const found: number[] = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to + step * 1e-9 && found.length <= TICKS * 3; at++)
    found.push(Number((at * step).toPrecision(12)));
  return found;
}

function stepOf(from: number, to: number): number {
  const rough = (to - from) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((factor) => factor * power >= rough * 0.75) ?? 10) * power;
}
