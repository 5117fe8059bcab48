// A piece of work as a child span.
import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Span } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE, INSTRUMENTATION_SCOPE } from './attribute-names.ts';
import { describeError } from './error-type.ts';
import { quietly } from './quietly.ts';

/** The work inside a span. */
export type SpanBody<T> = (span: Span) => T;

/**
 * Runs work in a child span of the active one and returns what it returns, a promise too. What it throws is recorded on
 * the span (status ERROR, `error.type`, an exception event) and thrown on. The span always ends.
 *
 * @example
 * const rows = await span('load', { 'db.system.name': 'sqlite' }, () => load());
 */
export function span<T>(name: string, body: SpanBody<T>): T;
export function span<T>(name: string, attributes: Attributes, body: SpanBody<T>): T;
export function span<T>(name: string, attributesOrBody: Attributes | SpanBody<T>, body?: SpanBody<T>): T {
  const work = body ?? attributesOrBody;
  if (typeof work !== 'function') throw new TypeError(`span('${name}') needs a function to run.`);
  const options = typeof attributesOrBody === 'function' ? {} : { attributes: attributesOrBody };
  return trace.getTracer(INSTRUMENTATION_SCOPE).startActiveSpan(name, options, (active) => runInside(active, work));
}

function runInside<T>(active: Span, work: SpanBody<T>): T {
  let result: T;
  try {
    result = work(active);
  } catch (error) {
    endWithError(active, error);
    throw error;
  }
  if (!isThenable(result)) {
    end(active);
    return result;
  }
  const settled = Promise.resolve(result).then(
    (value) => {
      end(active);
      return value;
    },
    (error: unknown) => {
      endWithError(active, error);
      throw error;
    },
  );
  // T is a promise here; its own class, if any, is not kept.
  return settled as T;
}

function end(active: Span): void {
  quietly('ending a span', () => active.end());
}

function endWithError(active: Span, thrown: unknown): void {
  quietly('recording an error', () => {
    const error = describeError(thrown);
    active.setAttribute(ATTR_ERROR_TYPE, error.type);
    active.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    active.recordException({
      name: error.type,
      message: error.message,
      ...(error.stack ? { stack: error.stack } : {}),
    });
  });
  end(active);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
