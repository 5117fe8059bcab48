// run.log: the service's logger, each line written in the run's own context wherever the call is made.
import { context } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { RunLog } from '../run.ts';

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
 * Makes a logger whose lines carry the run's trace id, span id and key, and those of its children too; everything else is the
 * logger's own. Its level is its own from the moment that it is set.
 *
 * @example
 * const log = bindLog({ logger, runContext, isActive: () => activeRun()?.runKey === runKey });
 * log.info({ rows: 442 }, 'loaded');
 */
export function bindLog<L extends RunLog>(options: BindLogOptions<L>): L {
  const { logger, runContext, isActive } = options;
  // pino puts its methods on the logger anew where a level is set: on this one, not on the one that others share.
  const own = Object.create(logger) as L & { level?: unknown; child?: unknown };
  // The prototype is the logger itself, so the result has all its other members.
  const bound = Object.create(own) as L;
  for (const level of LEVELS) {
    const write = (...args: [object, string?]): void => {
      if (isActive()) own[level](...args);
      else context.with(runContext, () => own[level](...args));
    };
    Object.defineProperty(bound, level, { value: write, writable: true, configurable: true });
  }
  if ('level' in own)
    Object.defineProperty(bound, 'level', {
      get: () => own.level,
      set: (level: unknown) => {
        own.level = level;
      },
    });
  const { child } = own;
  if (typeof child === 'function') {
    const bindChild = (...args: unknown[]): L => bindLog({ ...options, logger: Reflect.apply(child, own, args) as L });
    Object.defineProperty(bound, 'child', { value: bindChild, writable: true, configurable: true });
  }
  return bound;
}
