// Who wrote a log line: name, function and line of the caller, not of pino nor of this package.
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';

/** Where a line was written. */
export interface LogSource {
  /** The file's name without its extension. */
  readonly name: string;
  /** The function's name; `<anonymous>` where it has none. */
  readonly function: string;
  /** From 1. */
  readonly line: number;
  /** The file's whole path. */
  readonly path: string;
}

/** Enough for a plain call (ours, pino's two, the caller): few frames are quick. */
const FEW_FRAMES = 5;
/** Enough for a call through `run.log`, a context and a wrapper. */
const MANY_FRAMES = 24;

/** This package's own folder, as modules and as CommonJS name it; what runs in it is not the caller. */
const OWN_URL = new URL('..', import.meta.url).href;
const OWN_PATH = fileURLToPath(OWN_URL);
const LIBRARIES = /[/\\]node_modules[/\\](?:pino|@opentelemetry[/\\][^/\\]+)[/\\]/;

const hiddenScripts = new Map<string, boolean>();
const files = new Map<string, { readonly name: string; readonly path: string }>();
/** How many scripts are remembered; a process that makes more of them asks anew. */
const MAX_SCRIPTS = 1_000;

/**
 * Finds the caller of the logger; undefined where every frame is a library's.
 *
 * @example
 * findLogSource(); // { name: 'train', function: 'main', line: 12, path: '/job/train.ts' }
 */
export function findLogSource(): LogSource | undefined {
  return findCaller(FEW_FRAMES) ?? findCaller(MANY_FRAMES);
}

function findCaller(frameCount: number): LogSource | undefined {
  // The first frame is this function.
  for (const site of getCallSites(frameCount)) {
    if (isHidden(site.scriptName)) continue;
    const { name, path } = fileOf(site.scriptName);
    return { name, path, function: site.functionName || '<anonymous>', line: site.lineNumber };
  }
  return undefined;
}

function isHidden(script: string): boolean {
  let hidden = hiddenScripts.get(script);
  if (hidden === undefined) {
    const isOwn = script.startsWith(OWN_URL) || script.startsWith(OWN_PATH);
    hidden = isOwn || script === '' || script.startsWith('node:') || LIBRARIES.test(script);
    if (hiddenScripts.size >= MAX_SCRIPTS) hiddenScripts.clear();
    hiddenScripts.set(script, hidden);
  }
  return hidden;
}

function fileOf(script: string): { readonly name: string; readonly path: string } {
  let file = files.get(script);
  if (file === undefined) {
    const path = script.startsWith('file:') ? fileURLToPath(script) : script;
    file = { path, name: basename(path, extname(path)) };
    if (files.size >= MAX_SCRIPTS) files.clear();
    files.set(script, file);
  }
  return file;
}
