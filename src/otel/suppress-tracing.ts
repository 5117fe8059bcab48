// Our own traffic leaves no spans: the key that every OpenTelemetry SDK looks at.
import { context, createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

// The SDK's own text for the key; createContextKey is Symbol.for, so this is the same key.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * Runs a function so that nothing in it, nor in what it awaits, leaves a span.
 *
 * @example
 * await suppressTracing(() => fetch(trackingUri));
 */
export function suppressTracing<T>(work: () => T): T {
  return context.with(context.active().setValue(SUPPRESS_TRACING, true), work);
}

/** Says whether spans are suppressed in a context: the traffic of telemetry itself, whose log lines must not be exported either. */
export function isTracingSuppressed(at: Context = context.active()): boolean {
  return at.getValue(SUPPRESS_TRACING) === true;
}
