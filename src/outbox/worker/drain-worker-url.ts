// Where the worker thread's entry lies: beside this file, from source as when built.
import path from 'node:path';

/** @returns the drain worker's file, with this one's extension: `.ts` from source, `.js` when built */
export function drainWorkerUrl(): URL {
  return new URL(`./drain-worker${path.extname(new URL(import.meta.url).pathname)}`, import.meta.url);
}
