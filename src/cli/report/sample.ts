// Many points to few that still look the same: the least and the greatest of each of as many stretches as there is room for.
import type { Metric } from '../../model/entities.ts';

/** A point to be drawn: `x` is its step, or its time where all steps are the same. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const SPARKS = '▁▂▃▄▅▆▇█';

/** Makes points of a metric's history, by x; what is no finite number cannot be drawn. */
export function toPoints(history: readonly Metric[]): { readonly points: readonly Point[]; readonly isTime: boolean } {
  const isTime = history.length > 1 && history.every(({ step }) => step === history[0]?.step);
  const points = history
    .filter(({ value }) => Number.isFinite(value))
    .map(({ step, timestampMs, value }) => ({ x: isTime ? timestampMs : step, y: value }));
  return { points: points.toSorted((a, b) => a.x - b.x), isTime };
}

/** Keeps at most `maxCount` points: first, last, and the extremes of each stretch, none of them changed. */
export function sample(points: readonly Point[], maxCount: number): readonly Point[] {
  if (points.length <= maxCount) return points;
  const stretchCount = Math.max(1, Math.floor((maxCount - 2) / 2));
  const kept = new Set<Point>();
  const keep = (point: Point | undefined): void => void (point !== undefined && kept.add(point));
  keep(points[0]);
  for (let at = 0; at < stretchCount; at++) {
    const from = Math.floor((at * points.length) / stretchCount);
    const to = Math.floor(((at + 1) * points.length) / stretchCount);
    const [least, most] = extremes(points, from, to);
    for (const index of least < most ? [least, most] : [most, least]) keep(points[index]);
  }
  keep(points.at(-1));
  return [...kept];
}

function extremes(points: readonly Point[], from: number, to: number): [number, number] {
  let [least, most] = [from, from];
  for (let at = from; at < to; at++) {
    if ((points[at]?.y ?? 0) < (points[least]?.y ?? 0)) least = at;
    if ((points[at]?.y ?? 0) > (points[most]?.y ?? 0)) most = at;
  }
  return [least, most];
}

/** Draws points as a line of block characters, at most `width`; each is the mean of its stretch. */
export function sparkline(points: readonly Point[], width: number): string {
  const count = Math.min(width, points.length);
  const means = Array.from({ length: count }, (_, at) => {
    const stretch = points.slice(
      Math.floor((at * points.length) / count),
      Math.floor(((at + 1) * points.length) / count),
    );
    return stretch.reduce((sum, { y }) => sum + y / stretch.length, 0);
  });
  const [least, most] = [Math.min(...means), Math.max(...means)];
  return means
    .map((mean) => {
      const share = most > least ? (mean - least) / (most - least) : 0.5;
      return SPARKS[Math.min(SPARKS.length - 1, Math.floor(share * SPARKS.length))] ?? '';
    })
    .join('');
}
