// run.log: the service's logger, each line written in the run's own context wherever the call is made.
import { context } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { RunLog } from './run.ts';

/** The methods that are bound to the run. */
const LEVELS = ['trace', 'debug', 'info', 'success', 'warn', 'error', 'critical', 'fatal'] as const;

/** What {@link bindLog} stands on. */
export interface BindLogOptions<L extends RunLog> {
  readonly logger: L;
  /** The run's own context, used where another run or none is active. */
  readonly runContext: Context;
  /** Whether the active context is the run's already: a line in a child span keeps that span's id. */
  readonly isActive: () => boolean;
}

/**
 * Makes a logger whose lines carry the run's trace id, span id and key; everything else is the logger's own.
 *
 * @example
 * const log = bindLog({ logger, runContext, isActive: () => activeRun()?.runKey === runKey });
 * log.info({ rows: 442 }, 'loaded');
 */
export function bindLog<L extends RunLog>(options: BindLogOptions<L>): L {
  const { logger, runContext, isActive } = options;
  // The prototype is the logger itself, so the result has all its other members.
  const bound = Object.create(logger) as L;
  for (const level of LEVELS) {
    const write = (...args: [object, string?]): void => {
      if (isActive()) logger[level](...args);
      else context.with(runContext, () => logger[level](...args));
    };
    Object.defineProperty(bound, level, { value: write });
  }
  return bound;
}
