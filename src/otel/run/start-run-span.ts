// Starts the span of a run: the run is in the context first, so that every span inside knows it.
import { context, INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api';
import type { Attributes, Context, Link, Span } from '@opentelemetry/api';
import {
  ATTR_MLFLOW_EXPERIMENT_NAME,
  ATTR_MLFLOW_RUN_NAME,
  ATTR_RUN_KEY,
  ATTR_RUNSPAN_KIND,
  INSTRUMENTATION_SCOPE,
  RUNSPAN_KIND_RUN,
} from '../attribute-names.ts';
import { sayFailure } from '../quietly.ts';
import { withRun } from './run-context.ts';
import type { RunIdentity } from './run-context.ts';
import { RunSpan } from './run-span.ts';
import type { RunSpanOptions } from './run-span.ts';
import { redactAttributes } from '../span-attributes.ts';

/** What {@link startRunSpan} takes. */
export interface StartRunSpanOptions extends Omit<RunSpanOptions, 'inner' | 'attributes'> {
  readonly runKey: string;
  /** The run's name. @default the span's name */
  readonly runName?: string;
  readonly experimentName?: string;
  readonly attributes?: Attributes;
  /** What the run is started in. @default the active context */
  readonly parent?: Context;
  readonly links?: Link[];
  /** A span inside a run that another process has: it is no run's own, so nothing is alerted or ended by it. @default false */
  readonly isJoined?: boolean;
}

/** A run's span, the context that carries span and run, and the run's identity, whose id is set when it becomes known. */
export interface StartedRunSpan {
  readonly span: RunSpan;
  readonly context: Context;
  readonly identity: RunIdentity;
}

/**
 * Starts the span of a run. The run is in the context before the SDK's span starts, so that processors stamp it too.
 * Never throws: where no span can be had, the run's span stands alone.
 *
 * @example
 * const { span, context: runContext } = startRunSpan({ name: 'train', runKey });
 * context.with(runContext, () => work());
 */
export function startRunSpan(options: StartRunSpanOptions): StartedRunSpan {
  const { name, runKey, runName = name, experimentName, redactor, links } = options;
  const identity: RunIdentity =
    experimentName === undefined ? { runKey, runName } : { runKey, runName, experimentName };
  const attributes: Attributes = {
    ...redactAttributes(Object.entries(options.attributes ?? {}), redactor),
    ...(options.isJoined === true ? {} : { [ATTR_RUNSPAN_KIND]: RUNSPAN_KIND_RUN }),
    [ATTR_RUN_KEY]: runKey,
    [ATTR_MLFLOW_RUN_NAME]: runName,
    ...(experimentName === undefined ? {} : { [ATTR_MLFLOW_EXPERIMENT_NAME]: experimentName }),
  };
  const parent = withRun(options.parent ?? context.active(), identity);
  const inner = startInnerSpan(name, { attributes, ...(links ? { links } : {}) }, parent);
  const span = new RunSpan({ ...options, inner, attributes });
  span.links.push(...(links ?? []));
  return { span, context: trace.setSpan(parent, span), identity };
}

function startInnerSpan(name: string, options: { attributes: Attributes; links?: Link[] }, parent: Context): Span {
  try {
    return trace.getTracer(INSTRUMENTATION_SCOPE).startSpan(name, options, parent);
  } catch (error) {
    sayFailure('starting a run span', error);
    return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  }
}
