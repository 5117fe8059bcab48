// Generators run in their consumer's context; this keeps them in the one they were bound to.
import { context } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

/**
 * Makes an iterator, sync or async, advance in the given context; anything else is returned as it is.
 *
 * @example
 * const rows = bindIterator(runContext, readRows()); // log lines inside readRows carry the run's ids
 */
export function bindIterator<T>(runContext: Context, value: T): T {
  if (!isIterator(value)) return value;
  return new Proxy(value, {
    get(target, property) {
      if (property === Symbol.iterator || property === Symbol.asyncIterator) {
        return property in target ? () => bindIterator(runContext, target) : undefined;
      }
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => context.with(runContext, () => Reflect.apply(member, target, args));
    },
  });
}

function isIterator(value: unknown): value is object & { next: () => unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'next' in value &&
    typeof value.next === 'function' &&
    (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}
