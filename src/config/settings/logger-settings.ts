// The settings of LoggerService.
import type { Fields } from './fields.ts';
import { findProjectName } from './project.ts';
import { REDACT_FIELDS } from './redact-fields.ts';
import type { RedactOptions } from './redact-fields.ts';
import { resolveSettings } from './settings.ts';
import { loadSources } from './sources.ts';
import type { SettingsSources } from './sources.ts';

/** The levels of a log line, from the least to the gravest. */
export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'SUCCESS' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** How a level may be written: the seven names and pino's, upper or lower case (any case at run time). */
export type LogLevelName = LogLevel | Lowercase<LogLevel> | 'WARN' | 'warn' | 'FATAL' | 'fatal';

/** Who makes the OpenTelemetry log records: the job's thread, a worker, nobody. */
export type LogExport = 'main' | 'worker' | 'off';

/** How the logger logs; strict: an unknown key, a wrong type or an unknown level throws `INVALID_SETTINGS`. */
export interface LoggerOptions extends RedactOptions {
  /** `stderr`, `stdout` or a file's path; its folders are made. @default 'stderr'  Env: RUNSPAN_LOGGER_SINK */
  readonly sink?: string;
  /** The least level that is logged. @default 'DEBUG'  Env: RUNSPAN_LOGGER_LEVEL */
  readonly level?: LogLevelName;
  /**
   * A template for lines in loguru's language, such as `{time:HH:mm:ss} <level>{level: <8}</level> {message} {extra}`; fields
   * stand only where it says so. Without one: time, level, source, message, fields, ids.  Env: RUNSPAN_LOGGER_FORMAT
   */
  readonly format?: string;
  /** Colours. @default true where the sink is a terminal, unless NO_COLOR is set or TERM is dumb  Env: RUNSPAN_LOGGER_COLORIZE */
  readonly colorize?: boolean;
  /** One JSON object a line. @default false  Env: RUNSPAN_LOGGER_SERIALIZE */
  readonly serialize?: boolean;
  /** Errors with their causes and asynchronous stack. @default true  Env: RUNSPAN_LOGGER_BACKTRACE */
  readonly backtrace?: boolean;
  /**
   * The variables of up to five of the job's own frames in the stack of each thrown error, cut and redacted; from start() to stop().
   * Node's debugger pauses this thread at each throw, caught ones too: up to a millisecond each, for at most 50 a second. What is not
   * thrown has none; where a debugger listens (--inspect) there are none. Names tell secrets, values may hold others: keep it off
   * where lines leave the house. @default false  Env: RUNSPAN_LOGGER_DIAGNOSE
   */
  readonly diagnose?: boolean;
  /** A sink that fails never reaches the job. @default true  Env: RUNSPAN_LOGGER_CATCH */
  readonly catch?: boolean;
  /**
   * Who makes OpenTelemetry log records. `main`: this thread, into the registered logger provider; counted. `worker`:
   * pino-opentelemetry-transport in a thread of its own, for some 20,000 lines a second and more; it costs about 40 MB and an
   * exporter of its own, keeps 262,144 records (OTEL_BLRP_MAX_QUEUE_SIZE) and drops those above without a word, and SIGKILL loses
   * what it holds. `off`: nobody. @default 'main'  Env: RUNSPAN_LOGGER_OTEL
   */
  readonly otel?: LogExport;
  /** The caller's file, function and line on each line of the log; costs about 4 µs. @default true  Env: RUNSPAN_LOGGER_SOURCE */
  readonly source?: boolean;
  /** `service.name` of what is exported. @default the nearest package.json's name, else the folder's  Env: OTEL_SERVICE_NAME */
  readonly serviceName?: string;
}

/** The settings of LoggerService, resolved. */
export interface LoggerSettings extends Required<RedactOptions> {
  /** `stderr`, `stdout` or a file's path. */
  readonly sink: string;
  /** The least level that is logged. */
  readonly level: LogLevel;
  /** A template for lines. */
  readonly format: string | undefined;
  /** Undefined: where the sink is a terminal. */
  readonly colorize: boolean | undefined;
  /** Whether a line is a JSON object. */
  readonly serialize: boolean;
  /** Whether errors have causes and stack. */
  readonly backtrace: boolean;
  /** Whether stacks have variables. */
  readonly diagnose: boolean;
  /** Whether a sink that fails is kept from the job. */
  readonly catch: boolean;
  /** Who makes OpenTelemetry log records. */
  readonly otel: LogExport;
  /** Whether lines say where they come from. */
  readonly source: boolean;
  /** `service.name` of what is exported. */
  readonly serviceName: string;
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  success: 'SUCCESS',
  warning: 'WARNING',
  error: 'ERROR',
  critical: 'CRITICAL',
  warn: 'WARNING',
  fatal: 'CRITICAL',
};

/** The table of the logger's settings. */
export const LOGGER_FIELDS: Fields<LoggerSettings> = {
  sink: {
    kind: 'string',
    env: ['RUNSPAN_LOGGER_SINK'],
    defaultValue: 'stderr',
    doc: "stderr, stdout or a file's path.",
  },
  level: {
    kind: 'choice',
    env: ['RUNSPAN_LOGGER_LEVEL'],
    defaultValue: 'DEBUG',
    choices: LEVELS,
    doc: 'The least level that is logged.',
  },
  format: {
    kind: 'string',
    env: ['RUNSPAN_LOGGER_FORMAT'],
    defaultValue: undefined,
    doc: 'A template for lines, in the language of loguru; see docs/logging.md.',
  },
  colorize: {
    kind: 'boolean',
    env: ['RUNSPAN_LOGGER_COLORIZE'],
    defaultValue: undefined,
    doc: 'Colours; without a value, where the sink is a terminal and `NO_COLOR` is not set.',
  },
  serialize: {
    kind: 'boolean',
    env: ['RUNSPAN_LOGGER_SERIALIZE'],
    defaultValue: false,
    doc: 'One JSON object a line.',
  },
  backtrace: {
    kind: 'boolean',
    env: ['RUNSPAN_LOGGER_BACKTRACE'],
    defaultValue: true,
    doc: 'Errors with their causes and asynchronous stack.',
  },
  diagnose: {
    kind: 'boolean',
    env: ['RUNSPAN_LOGGER_DIAGNOSE'],
    defaultValue: false,
    doc: 'The variables of the failing frames in stack traces.',
  },
  catch: {
    kind: 'boolean',
    env: ['RUNSPAN_LOGGER_CATCH'],
    defaultValue: true,
    doc: 'A sink that fails never reaches the job.',
  },
  otel: {
    kind: 'choice',
    env: ['RUNSPAN_LOGGER_OTEL'],
    defaultValue: 'main',
    choices: { main: 'main', worker: 'worker', off: 'off' },
    doc: 'Who makes OpenTelemetry log records: the thread of the job, a worker, nobody.',
  },
  source: {
    kind: 'boolean',
    env: ['RUNSPAN_LOGGER_SOURCE'],
    defaultValue: true,
    doc: "The caller's file, function and line on each line of the log.",
  },
  serviceName: {
    kind: 'string',
    env: ['OTEL_SERVICE_NAME'],
    defaultValue: ({ folder }) => findProjectName(folder),
    doc: 'service.name of what is exported.',
  },
  ...REDACT_FIELDS,
};

/**
 * Resolves the settings of LoggerService.
 *
 * @throws {RunspanError} `INVALID_SETTINGS`; what {@link loadSources} throws
 * @example
 * resolveLoggerSettings({ level: 'warn' }).level; // 'WARNING'
 */
export function resolveLoggerSettings(
  options: LoggerOptions = {},
  sources: SettingsSources = loadSources(),
): LoggerSettings {
  return resolveSettings(LOGGER_FIELDS, options, { section: 'logger', sources }).settings;
}
