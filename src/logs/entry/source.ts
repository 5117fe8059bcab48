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

/** Below the level method: perhaps `critical` or `run.log`, then the caller. Each frame costs about 1 µs. */
const NEAR_FRAMES = 3;
/** Lines in a row that needed fewer frames than are looked at, before fewer are looked at. */
const PATIENCE = 32;
/** Enough for a call through contexts and wrappers. */
const MANY_FRAMES = 24;

/** This package's own folder (src, or dist, where all files are in one), as modules and as CommonJS name it; what runs in it is not the caller. */
const OWN_URL = new URL(import.meta.url.endsWith('.ts') ? '../..' : '.', import.meta.url).href;
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

/** What a stack is captured on; a class, since V8 then knows its shape. */
class CapturedStack {
  declare readonly stack: readonly NodeJS.CallSite[];
}

/** How many frames are looked at first: as many as the lines before needed. */
let usualDepth = 1;
let shallowCount = 0;

/** What the job has set. */
let limit: number;
let prepare: typeof Error.prepareStackTrace;

/**
 * Makes V8 ready to capture the caller; `readCapture` and `endCapture` follow at once. These are three calls and not one since each
 * function between the caller and `captureStackTrace` costs up to half a microsecond, also where V8 has inlined it (measured).
 *
 * @returns undefined where Error is frozen; there `findLogSource` still works
 * @example
 * function log(): void {
 *   const stack = beginCapture();
 *   if (stack === undefined) return;
 *   try {
 *     Error.captureStackTrace(stack, log); // half as long as util.getCallSites, which starts at the top (measured)
 *     readCapture(stack);
 *   } finally {
 *     endCapture();
 *   }
 * }
 */
export function beginCapture(): CapturedStack | undefined {
  limit = Error.stackTraceLimit;
  // oxlint-disable-next-line typescript/unbound-method -- it is put back, and called by nobody here
  prepare = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = keepCallSites;
    Error.stackTraceLimit = usualDepth;
  } catch {
    return undefined;
  }
  return new CapturedStack();
}

/** Gives the caller; undefined where it lies deeper: then the next line looks deeper at once. Never throws. */
export function readCapture(captured: CapturedStack): LogSource | undefined {
  const { stack } = captured;
  for (let at = 0; at < stack.length; at++) {
    const site = stack[at];
    const script = scriptOf(site?.getFileName() ?? '');
    if (script.isHidden || site === undefined) continue;
    learnDepth(at + 1);
    return toSource(script, site.getFunctionName(), site.getLineNumber() ?? 0);
  }
  usualDepth = NEAR_FRAMES;
  return undefined;
}

/** Puts back what the job has set, whatever it was. */
export function endCapture(): void {
  Error.stackTraceLimit = limit;
  Error.prepareStackTrace = prepare as typeof keepCallSites;
}

/**
 * Finds the caller from anywhere below it; undefined where every frame is a library's.
 *
 * @example
 * findLogSource(); // { name: 'train', function: 'main', line: 12, path: '/job/train.ts' }
 */
export function findLogSource(): LogSource | undefined {
  for (const site of getCallSites(MANY_FRAMES)) {
    const script = scriptOf(site.scriptName);
    if (!script.isHidden) return toSource(script, site.functionName, site.lineNumber);
  }
  return undefined;
}

function learnDepth(needed: number): void {
  if (needed < usualDepth && ++shallowCount < PATIENCE) return;
  usualDepth = needed;
  shallowCount = 0;
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
    const path = toPath(url);
    const isHidden = isOwn || url === '' || url.startsWith('node:') || LIBRARIES.test(url);
    script = { isHidden, path, name: basename(path, extname(path)) };
    if (scripts.size >= MAX_SCRIPTS) scripts.clear();
    scripts.set(url, script);
  }
  return script;
}

function toPath(url: string): string {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url;
  } catch {
    return url; // a file of another host, which has no path here
  }
}
