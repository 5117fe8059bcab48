// Our own traffic leaves no spans in the user's traces.
import { context, createContextKey } from '@opentelemetry/api';

/** OpenTelemetry's own key: what runs under it makes no spans. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * Runs a function so that nothing in it, nor in what it awaits, leaves a span.
 *
 * @example
 * await untraced(() => client.send(command));
 */
export function untraced<T>(work: () => T): T {
  return context.with(context.active().setValue(SUPPRESS_TRACING, true), work);
}
