// What every copy of this package in one process shares: kept under one symbol, whose version is that of the shapes under it.

/** Raised when a shared shape changes so that an older copy could not use it: copies of other versions then share nothing with this one. */
const VERSION = 1;

/**
 * Gives the one value of this name in the process, made by whichever copy of this package asks first.
 *
 * @example
 * const alerted = shareInProcess('alerted-runs', () => new Set<string>());
 */
export function shareInProcess<T>(name: string, create: () => T): T {
  const symbol = Symbol.for(`runspan.${name}.v${VERSION}`);
  // The symbol is ours, so what lies under it is what a copy of this very version made.
  const holder = globalThis as { [key: symbol]: { readonly value: T } | undefined };
  return (holder[symbol] ??= { value: create() }).value;
}
