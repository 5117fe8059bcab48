// What the functions without an instance do on the run that is active where they are called.
import { RunspanError } from '../../errors.ts';
import { shareInProcess } from '../../model/process-wide.ts';
import type { MetricOptions, Run } from '../../runs/run.ts';
import { actOnceJoined, defaultLogger } from './default-services.ts';
import { findActiveRun } from '../mlflow/run-registry.ts';

/** Acts on the run that is active where it is called; outside any it is counted, and said once of each name. */
export function onRun(name: string, act: (run: Run, atMs?: number) => void): void {
  const run = findActiveRun();
  if (run !== undefined) {
    act(run);
    return;
  }
  const atMs = Date.now();
  if (actOnceJoined((joined) => act(joined, atMs))) return;
  const seen = strays();
  seen.count++;
  if (seen.said.has(name)) return;
  seen.said.add(name);
  sayOutside(
    `${name}() was called outside any run: nothing is logged. Call it inside runContext() or after startRun().`,
  );
}

/** A call that had to wait was made when it was made. */
export function at(options: MetricOptions | undefined, atMs: number | undefined): MetricOptions | undefined {
  return atMs === undefined ? options : { timestampMs: atMs, ...options };
}

function sayOutside(message: string): void {
  try {
    defaultLogger().warn(message);
  } catch (error) {
    // Settings that make no logger are an error of runContext(); a call on data never throws.
    const why = error instanceof RunspanError ? ` (${error.message})` : '';
    process.stderr.write(`runspan: ${message}${why}\n`);
  }
}

/** How many calls came outside any run. */
export function strays(): { count: number; readonly said: Set<string> } {
  return shareInProcess('strays', () => ({ count: 0, said: new Set<string>() }));
}
