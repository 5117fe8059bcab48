// What every bench shares: rounds turn by turn, medians, and the machine they were measured on.
import { cpus } from 'node:os';

/** One contestant; `run` does the work of one round and returns how many items it did. */
export interface Contestant {
  readonly name: string;
  readonly run: () => number | Promise<number>;
}

/** Runs the contestants turn by turn and prints the median, the spread and the ratio to the first of them, in µs an item. */
export async function compare(question: string, contestants: readonly Contestant[], rounds = 15): Promise<void> {
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  // The first round of each warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of contestants) {
      const startMs = performance.now();
      const count = await run();
      if (round > 0) times.get(name)?.push(((performance.now() - startMs) * 1000) / count);
    }
  }
  console.log(`${question}\n${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node ${process.version}, ${rounds} rounds`);
  const first = median(times.values().next().value ?? []);
  for (const [name, all] of times) {
    const middle = median(all);
    const spread = `${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)}`;
    console.log(`${name.padEnd(44)} ${middle.toFixed(2)} µs  (${spread})  × ${(middle / first).toFixed(2)}`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
