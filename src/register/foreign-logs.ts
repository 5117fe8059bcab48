// What a job says by console, by a pino logger of its own, and by an error that nobody catches: log records beside what it prints.
import { subscribe } from 'node:diagnostics_channel';
import { format } from 'node:util';
import { LogEmitter } from '../logs/export/emitter.ts';
import { LogEntry, parseLine, redactRecord } from '../logs/entry/entry.ts';
import type { LogRecord } from '../logs/entry/entry.ts';
import { serializeError } from '../logs/entry/error-text.ts';
import { toPinoLevel, valueOfLevel } from '../logs/entry/levels.ts';
import { isInstrumented, isOwnLogger } from '../logs/pino-logger.ts';
import { createRedactor } from '../model/redact.ts';
import { quietly } from '../otel/quietly.ts';
import { currentContext } from '../otel/run/run-context.ts';
import { joinExits } from '../services/lifecycle/exits.ts';
import { isError } from '../model/any-realm.ts';

/** Which console method is of which level. */
const CONSOLE_LEVELS = { debug: 20, log: 30, info: 30, warn: 40, error: 50, trace: 10 } as const;
const FATAL = 60;
const INFO = 30;

/**
 * Makes log records of what the job says without our logger, from now on. What is printed stays as it is.
 *
 * @returns what is recorded, for a line that people read
 */
export function recordForeignLogs(): string {
  const emitter = new LogEmitter();
  const redactor = createRedactor();
  const mask = (arg: unknown): unknown => (isError(arg) ? arg : redactor.redactObject(arg));
  const take = (record: LogRecord): void => {
    redactRecord(record, redactor);
    emitter.take(new LogEntry('', { context: currentContext(), source: undefined }, record));
  };
  recordConsole((level, args) => take({ level, time: Date.now(), ...toFields(args.map(mask)) }));
  // Pino says each line that it has made, from version 9.6 on; no loader hook is needed to hear it.
  subscribe('tracing:pino_asJson:end', (message) => {
    quietly('recording a line of pino', () => takePinoLine(message, take));
  });
  recordUncaught(emitter, take);
  return 'console, pino, uncaught errors';
}

function recordConsole(take: (level: number, args: readonly unknown[]) => void): void {
  let depth = 0;
  for (const [name, level] of Object.entries(CONSOLE_LEVELS)) {
    const method = name as keyof typeof CONSOLE_LEVELS;
    const original = console[method];
    console[method] = function (this: unknown, ...args: unknown[]): void {
      // console.trace() and others of Node's own call console.error(): said once, recorded once.
      depth++;
      try {
        original.apply(this, args);
      } finally {
        depth--;
      }
      if (depth === 0) quietly('recording a console line', () => take(level, args));
    };
  }
}

function toFields(args: readonly unknown[]): LogRecord {
  const error = args.find((arg) => isError(arg));
  return { msg: format(...args), ...(error === undefined ? {} : { err: serializeError(error) }) };
}

function takePinoLine(message: unknown, take: (record: LogRecord) => void): void {
  // The shape of pino's own channel.
  const { instance, result } = message as { readonly instance?: object; readonly result?: unknown };
  if (instance === undefined || typeof result !== 'string' || isOwnLogger(instance) || isInstrumented(instance)) return;
  const { level, time, pid: _pid, hostname: _hostname, ...rest } = parseLine(result);
  const ms = typeof time === 'number' ? time : Date.parse(String(time));
  take({ ...rest, level: toLevel(level), time: Number.isFinite(ms) ? ms : Date.now() });
}

/** Formatters of the job's may write a level as its label. */
function toLevel(level: unknown): number {
  if (typeof level === 'number') return level;
  const label = toPinoLevel(String(level));
  return (label === undefined ? undefined : valueOfLevel(label)) ?? INFO;
}

function recordUncaught(emitter: LogEmitter, take: (record: LogRecord) => void): void {
  joinExits({
    exitTimeoutMs: 0,
    isBusy: () => false,
    endRunsNow: () => undefined,
    noteUncaught: (error) => {
      const err = serializeError(error);
      take({ level: FATAL, time: Date.now(), msg: isError(error) ? error.message : format(error), err });
      emitter.drain();
    },
    // Before the providers are told that it is the end: what they get later is kept, and sent by the next job only.
    handOver: () => emitter.drain(),
    flush: () => Promise.resolve(),
    drainInExit: () => undefined,
  });
}
