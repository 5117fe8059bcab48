// The pino logger of the logger service: pino's levels with success and critical beside them.
import { tracingChannel } from 'node:diagnostics_channel';
import { pino } from 'pino';
import { ERROR_KEY, serializeError } from './error-text.ts';
import { CUSTOM_LEVELS, toPinoLevel } from './levels.ts';
import type { LogPipeline } from './pipeline.ts';
import { findLogSource } from './source.ts';
import type { StackBoundary } from './source.ts';

/** What this package's logger has beside pino's own. */
export interface CriticalLevel {
  /** Another name of pino's `fatal`. */
  readonly critical: pino.LogFn;
  child(bindings: pino.Bindings, options?: pino.ChildLoggerOptions): RunspanLogger;
}

/** A pino logger with `success` (between info and warn) and `critical`; its children have them too. */
export type RunspanLogger = CriticalLevel & pino.Logger<'success'>;

type LogMethodHook = (this: pino.Logger, args: Parameters<pino.LogFn>, method: pino.LogFn, level: number) => void;

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
      hooks: { streamWrite: pipeline.mask, logMethod: createLogHook(pipeline, () => logger) },
    },
    pipeline,
  );
  const critical = function (this: pino.Logger, ...line: Parameters<pino.LogFn>): void {
    this.fatal(...line);
  };
  Object.defineProperty(logger, OWN, { value: true });
  // On the logger itself, so that its children inherit it; `this` is the one it is called on.
  return Object.defineProperty(logger, 'critical', { value: critical, configurable: true }) as RunspanLogger;
}

/** pino's own: whoever listens there waits for each line that it writes. */
const asJsonChannel = tracingChannel('pino_asJson');

/** pino calls it in each level method; `this` is the logger, whose method of that level the caller called. */
function createLogHook(pipeline: LogPipeline, rootOf: () => object): LogMethodHook {
  const read = pipeline.createReader();
  return function (this: pino.Logger, args, method, level) {
    // Found here, and not where the line is: between the two lie ten frames, and each costs up to a microsecond (measured).
    const source = pipeline.hasSource ? findLogSource(methodOf(this, level)) : undefined;
    const isQuick = isPlain(this as unknown as PinoState, rootOf() as PinoState, pipeline);
    const quick = isQuick ? read(args, level) : undefined;
    if (quick === undefined) pipeline.withSource(source, () => method.apply(this, args));
    else pipeline.writeQuick(quick, source);
  };
}

/** The level method that the caller called. */
function methodOf(logger: pino.Logger, level: number): StackBoundary {
  return Reflect.get(logger, logger.levels.labels[level] ?? '') as StackBoundary;
}

interface PinoState {
  readonly [key: symbol]: unknown;
}

type PinoSymbol =
  | 'streamSym'
  | 'chindingsSym'
  | 'serializersSym'
  | 'formattersSym'
  | 'stringifiersSym'
  | 'mixinSym'
  | 'msgPrefixSym'
  | 'asJsonSym';

/** Where pino keeps on a logger what decides how a line looks; its types do not name all of it. */
const { streamSym, chindingsSym, serializersSym, formattersSym, stringifiersSym, mixinSym, msgPrefixSym, asJsonSym } =
  pino.symbols as unknown as Readonly<Record<PinoSymbol, symbol>>;

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
