// The pino logger of the logger service: pino's levels with success and critical beside them.
import { tracingChannel } from 'node:diagnostics_channel';
import { pino } from 'pino';
import { ERROR_KEY, serializeError } from './entry/error-text.ts';
import { CUSTOM_LEVELS, LOG_LEVELS, toPinoLevel } from './entry/levels.ts';
import { placeLeftovers } from './entry/leftover-arguments.ts';
import type { LogPipeline } from './pipeline.ts';
import { beginCapture, endCapture, findLogSource, readCapture } from './entry/source.ts';
import type { LogSource } from './entry/source.ts';

/** What this package's logger has beside pino's own. */
export interface CriticalLevel {
  /** Another name of pino's `fatal`. */
  readonly critical: pino.LogFn;
  child(bindings: pino.Bindings, options?: pino.ChildLoggerOptions): RunspanLogger;
}

/** A pino logger with `success` (between info and warn) and `critical`; its children have them too. */
export type RunspanLogger = CriticalLevel & pino.Logger<'success'>;

/** Fields in which errors are often logged; pino itself would write them as `{}`. */
const ERROR_FIELDS = [ERROR_KEY, 'error', 'reason'] as const;

const OWN = Symbol.for('runspan.logger');

/** Makes the logger that writes into a pipeline. */
export function createPinoLogger(level: string, pipeline: LogPipeline): RunspanLogger {
  const logger: pino.Logger<'success'> = pino(
    {
      level: toPinoLevel(level) ?? 'info',
      customLevels: CUSTOM_LEVELS,
      base: null,
      serializers: Object.fromEntries(ERROR_FIELDS.map((field) => [field, serializeError])),
      hooks: { streamWrite: pipeline.mask },
    },
    pipeline,
  );
  const critical = function (this: pino.Logger, ...line: Parameters<pino.LogFn>): void {
    this.fatal(...line);
  };
  Object.defineProperty(logger, OWN, { value: true });
  replaceMethods(logger, pipeline);
  // On the logger itself, so that its children inherit it; `this` is the one it is called on.
  return Object.defineProperty(logger, 'critical', { value: critical, configurable: true }) as RunspanLogger;
}

/** pino's own: whoever listens there waits for each line that it writes. */
const asJsonChannel = tracingChannel('pino_asJson');

/** What the level methods of a logger and of its children share. */
interface Shared {
  readonly pipeline: LogPipeline;
  readonly root: PinoState;
  readonly read: ReturnType<LogPipeline['createReader']>;
}

type Levelled = pino.Logger<'success'>;

/**
 * Puts our level methods on a logger in the place of pino's, and again wherever a level is set, which makes pino write its methods anew: on
 * a child, too. Not by pino's hook for this: it is called from inside of pino's method, and that frame more costs a line with source
 * 0.3 µs (measured). The methods of a child's own levels stay pino's.
 */
function replaceMethods(logger: Levelled, pipeline: LogPipeline): void {
  const shared = { pipeline, root: logger as unknown as PinoState, read: pipeline.createReader() };
  const setLevel = Reflect.get(logger, setLevelSym) as (this: Levelled, level: string | number) => void;
  const replace = (target: Levelled): void => {
    for (const { label, value } of LOG_LEVELS) {
      if (!target.isLevelEnabled(label)) continue;
      const write = Reflect.get(target, label) as pino.LogFn;
      Reflect.set(target, label, createMethod(shared, value, write));
    }
  };
  const setLevelAndReplace = function (this: Levelled, level: string | number): void {
    setLevel.call(this, level);
    replace(this);
  };
  Object.defineProperty(logger, setLevelSym, { value: setLevelAndReplace });
  replace(logger);
}

/** @param write pino's own method, for lines that have to be written by pino */
function createMethod(shared: Shared, level: number, write: pino.LogFn): pino.LogFn {
  if (!shared.pipeline.hasSource)
    return function (this: pino.Logger, ...args: unknown[]): void {
      writeLine(shared, { logger: this, args, level, write, source: undefined });
    };
  return function log(this: pino.Logger, ...args: unknown[]): void {
    let source: LogSource | undefined;
    const stack = beginCapture();
    if (stack !== undefined)
      try {
        Error.captureStackTrace(stack, log);
        source = readCapture(stack);
      } finally {
        endCapture();
      }
    source ??= findLogSource();
    writeLine(shared, { logger: this, args, level, write, source });
  };
}

interface Call {
  readonly logger: pino.Logger;
  readonly args: readonly unknown[];
  readonly level: number;
  readonly write: pino.LogFn;
  readonly source: LogSource | undefined;
}

function writeLine(shared: Shared, call: Call): void {
  try {
    tryToWriteLine(shared, call);
  } catch (error) {
    // A getter of the job's threw before anything was written: the line counts for more than that field.
    const args = call.args.map((arg) => copyReadable(arg) ?? arg);
    if (args.every((arg, at) => arg === call.args[at])) throw error;
    tryToWriteLine(shared, { ...call, args });
  }
}

function tryToWriteLine({ pipeline, root, read }: Shared, { logger, args, level, write, source }: Call): void {
  const quick = isPlain(logger as unknown as PinoState, root, pipeline) ? read(args, level) : undefined;
  if (quick !== undefined) pipeline.writeQuick(quick, source);
  // The cast: whatever they are, pino takes them.
  else pipeline.withSource(source, () => write.apply(logger, placeLeftovers(args) as Parameters<pino.LogFn>));
}

const UNREADABLE = '[Unreadable]';

/** A copy of fields in which those that cannot be read say so; undefined where all can be. */
function copyReadable(fields: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined;
  let isWhole = true;
  const copy: Record<string, unknown> = {};
  try {
    for (const key in fields) {
      try {
        copy[key] = (fields as Readonly<Record<string, unknown>>)[key];
      } catch {
        copy[key] = UNREADABLE;
        isWhole = false;
      }
    }
  } catch {
    isWhole = false; // a proxy without a target: it has no keys to tell
  }
  return isWhole ? undefined : copy;
}

interface PinoState {
  readonly [key: symbol]: unknown;
}

type PinoSymbol =
  | 'setLevelSym'
  | 'streamSym'
  | 'chindingsSym'
  | 'serializersSym'
  | 'formattersSym'
  | 'stringifiersSym'
  | 'mixinSym'
  | 'msgPrefixSym'
  | 'asJsonSym';

/** Where pino keeps on a logger what decides how a line looks; its types do not name all of it. */
const {
  setLevelSym,
  streamSym,
  chindingsSym,
  serializersSym,
  formattersSym,
  stringifiersSym,
  mixinSym,
  msgPrefixSym,
  asJsonSym,
} = pino.symbols as unknown as Readonly<Record<PinoSymbol, symbol>>;

/** Those that a child may have of its own. */
const TABLES = [serializersSym, formattersSym, stringifiersSym, mixinSym, msgPrefixSym, asJsonSym];

/** Whether a line of this logger looks as one of the root's does: no bindings, no option of a child's, no destination of another package. */
function isPlain(logger: PinoState, root: PinoState, pipeline: LogPipeline): boolean {
  if (logger[streamSym] !== pipeline || logger[chindingsSym] !== '') return false;
  if (asJsonChannel.hasSubscribers || root[mixinSym] !== undefined) return false;
  if (logger === root) return true;
  for (const table of TABLES) if (logger[table] !== root[table]) return false;
  return true;
}

/** Says whether a logger, or what it is a child of, is one of ours, of whichever copy of this package: its lines become log records already. */
export function isOwnLogger(logger: object): boolean {
  return Reflect.get(logger, OWN) === true;
}

/** Says whether instrumentation-pino sends this logger's lines to OpenTelemetry already: then we must not. */
export function isInstrumented(logger: object): boolean {
  // instrumentation-pino puts a multistream of its own around the destination.
  const stream = Reflect.get(logger, pino.symbols.streamSym) as
    { readonly streams?: readonly { readonly stream?: object }[] } | undefined;
  return stream?.streams?.some((one) => one.stream?.constructor?.name === 'OTelPinoStream') ?? false;
}
