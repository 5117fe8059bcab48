// A plain table: columns as wide as their widest cell, two spaces between them.
import { widthOf } from './format.ts';

/** One cell: what it says, and how that is coloured once it is padded. */
export interface Cell {
  readonly text: string;
  readonly paint?: (padded: string) => string;
}

/**
 * Lays rows out in columns; the last one is not padded.
 *
 * @returns one line a row, without a line break at the end
 */
export function layOut(rows: readonly (readonly (Cell | string)[])[]): string {
  const cells = rows.map((row) => row.map((cell): Cell => (typeof cell === 'string' ? { text: cell } : cell)));
  const widths: number[] = [];
  for (const row of cells) row.forEach(({ text }, at) => (widths[at] = Math.max(widths[at] ?? 0, widthOf(text))));
  return cells
    .map((row) =>
      row
        .map((cell, at) => show(cell, at === row.length - 1 ? 0 : (widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function show({ text, paint = (padded) => padded }: Cell, width: number): string {
  return paint(text + ' '.repeat(Math.max(0, width - widthOf(text))));
}
