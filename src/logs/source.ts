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

/** A function of the logger's that stands in the stack between this package and the caller. */
export type StackBoundary = (...args: never[]) => unknown;

/** Below pino's level method: perhaps `critical` or `run.log`, then the caller. Each frame costs about 1 µs. */
const NEAR_FRAMES = 3;
/** Lines in a row that needed fewer frames than are looked at, before fewer are looked at. */
const PATIENCE = 32;
/** Enough for a call through contexts and wrappers. */
const MANY_FRAMES = 24;

/** This package's own folder (src, or dist, where all files are in one), as modules and as CommonJS name it; what runs in it is not the caller. */
const OWN_URL = new URL(import.meta.url.endsWith('.ts') ? '..' : '.', import.meta.url).href;
const OWN_PATH = fileURLToPath(OWN_URL);
const LIBRARIES = /[/\\]node_modules[/\\](?:pino|@opentelemetry[/\\][^/\\]+)[/\\]/;

interface Script {
  readonly isHidden: boolean;
  readonly name: string;
  readonly path: string;
}

const scripts = new Map<string, Script>();
/** How many scripts are remembered; a process that makes more of them asks anew. */
const MAX_SCRIPTS = 1_000;

/**
 * Finds the caller of the logger; undefined where every frame is a library's.
 *
 * @param boundary the function that the caller called; quicker than from here. Each frame between it and this call costs, too:
 *   so this function looks at the stack itself, and a logger calls it in the function that the boundary calls
 * @example
 * findLogSource(); // { name: 'train', function: 'main', line: 12, path: '/job/train.ts' }
 */
export function findLogSource(boundary?: StackBoundary): LogSource | undefined {
  if (boundary === undefined) return findFar();
  // oxlint-disable-next-line typescript/unbound-method -- it is put back, and called by nobody here
  const { stackTraceLimit, prepareStackTrace } = Error;
  let near: LogSource | undefined;
  try {
    Error.prepareStackTrace = keepCallSites;
    Error.stackTraceLimit = usualDepth;
    const holder = new Holder();
    // Half as long as util.getCallSites, which starts at the top (measured).
    Error.captureStackTrace(holder, boundary);
    near = toCaller(holder.stack);
  } catch {
    // Where Error is frozen the other way still works.
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    // Put back as it was, whatever it was.
    Error.prepareStackTrace = prepareStackTrace as typeof keepCallSites;
  }
  return near ?? findDeeper(boundary);
}

/** What a stack is captured on; a class, since V8 then knows its shape. */
class Holder {
  declare readonly stack: readonly NodeJS.CallSite[];
}

/** The next line of the same caller looks as deep at once. */
function findDeeper(boundary: StackBoundary): LogSource | undefined {
  if (usualDepth === NEAR_FRAMES) return findFar();
  usualDepth = NEAR_FRAMES;
  return findLogSource(boundary);
}

/** How many frames are looked at first: as many as the lines before needed. */
let usualDepth = 1;
let shallowCount = 0;

function toCaller(sites: readonly NodeJS.CallSite[]): LogSource | undefined {
  for (let at = 0; at < sites.length; at++) {
    const site = sites[at];
    const script = scriptOf(site?.getFileName() ?? '');
    if (script.isHidden || site === undefined) continue;
    learnDepth(at + 1);
    return toSource(script, site.getFunctionName(), site.getLineNumber() ?? 0);
  }
  return undefined;
}

function learnDepth(needed: number): void {
  if (needed < usualDepth && ++shallowCount < PATIENCE) return;
  usualDepth = needed;
  shallowCount = 0;
}

function findFar(): LogSource | undefined {
  for (const site of getCallSites(MANY_FRAMES)) {
    const script = scriptOf(site.scriptName);
    if (!script.isHidden) return toSource(script, site.functionName, site.lineNumber);
  }
  return undefined;
}

function keepCallSites(_error: Error, sites: NodeJS.CallSite[]): NodeJS.CallSite[] {
  return sites;
}

/** Says whether a script, by V8's name for it, is Node's, this package's or an installed package's. */
export function isForeignScript(url: string): boolean {
  return scriptOf(url).isHidden || /[/\\]node_modules[/\\]/.test(url);
}

function toSource(script: Script, functionName: string | null, line: number): LogSource {
  return { name: script.name, function: functionName || '<anonymous>', line, path: script.path };
}

function scriptOf(url: string): Script {
  let script = scripts.get(url);
  if (script === undefined) {
    const isOwn = url.startsWith(OWN_URL) || url.startsWith(OWN_PATH);
    const path = url.startsWith('file:') ? fileURLToPath(url) : url;
    const isHidden = isOwn || url === '' || url.startsWith('node:') || LIBRARIES.test(url);
    script = { isHidden, path, name: basename(path, extname(path)) };
    if (scripts.size >= MAX_SCRIPTS) scripts.clear();
    scripts.set(url, script);
  }
  return script;
}
