// The levels of a log line under all their names: pino's, the origin's (loguru's) and OpenTelemetry's.
import { SeverityNumber } from '@opentelemetry/api';

/** One level. */
export interface LogLevel {
  /** pino's name, the logger's method. */
  readonly label: string;
  /** pino's number. */
  readonly value: number;
  /** The name on a line. */
  readonly name: string;
  /** loguru's number, in `record.level.no`. */
  readonly no: number;
  readonly severity: SeverityNumber;
  /** The ANSI codes of the name on a terminal. */
  readonly color: string;
}

const TRACE: LogLevel = {
  label: 'trace',
  value: 10,
  name: 'TRACE',
  no: 5,
  severity: SeverityNumber.TRACE,
  color: '1;36',
};
const DEBUG: LogLevel = {
  label: 'debug',
  value: 20,
  name: 'DEBUG',
  no: 10,
  severity: SeverityNumber.DEBUG,
  color: '1;34',
};
const INFO: LogLevel = { label: 'info', value: 30, name: 'INFO', no: 20, severity: SeverityNumber.INFO, color: '1' };
const SUCCESS: LogLevel = {
  label: 'success',
  value: 35,
  name: 'SUCCESS',
  no: 25,
  severity: SeverityNumber.INFO2,
  color: '1;32',
};
const WARNING: LogLevel = {
  label: 'warn',
  value: 40,
  name: 'WARNING',
  no: 30,
  severity: SeverityNumber.WARN,
  color: '1;33',
};
const ERROR: LogLevel = {
  label: 'error',
  value: 50,
  name: 'ERROR',
  no: 40,
  severity: SeverityNumber.ERROR,
  color: '1;31',
};
const CRITICAL: LogLevel = {
  label: 'fatal',
  value: 60,
  name: 'CRITICAL',
  no: 50,
  severity: SeverityNumber.FATAL,
  color: '1;37;41',
};

/** Every level, lowest first. */
export const LOG_LEVELS: readonly LogLevel[] = [TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR, CRITICAL];

/** The level that pino does not have itself. */
export const CUSTOM_LEVELS = { [SUCCESS.label]: SUCCESS.value } as { readonly success: number };

const BY_VALUE: ReadonlyMap<number, LogLevel> = new Map(LOG_LEVELS.map((level) => [level.value, level]));

/** Gives pino's number of a level by its label; undefined for no level. */
export function valueOfLevel(label: string): number | undefined {
  return LOG_LEVELS.find((level) => level.label === label)?.value;
}

/** Other names of a level, in lower case. */
const ALIASES: Readonly<Record<string, string>> = { warning: 'warn', critical: 'fatal', silent: 'silent' };

/**
 * Gives pino's name of a level that is named in any case by pino's, loguru's or our word for it; undefined for no level.
 *
 * @example
 * toPinoLevel('WARNING'); // 'warn'
 */
export function toPinoLevel(name: string): string | undefined {
  const word = name.trim().toLowerCase();
  return ALIASES[word] ?? LOG_LEVELS.find((level) => level.label === word)?.label;
}

/** Gives the level of a line by pino's number; for a number of a child's own levels the highest level that is not above it. */
export function levelOf(value: unknown): LogLevel {
  const exact = typeof value === 'number' ? BY_VALUE.get(value) : INFO;
  return exact ?? LOG_LEVELS.findLast((level) => level.value <= Number(value)) ?? TRACE;
}
