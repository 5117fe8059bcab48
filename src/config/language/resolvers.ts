// The resolvers of `${name:…}` that a program registers.
import { shareInProcess } from '../../model/process-wide.ts';
import { asConfigError, configError, requireOptions } from './config-errors.ts';
import type { ConfigValue } from './config-values.ts';

/**
 * A function behind `${name:a,b}`: it gets the arguments (words typed as OmegaConf does: `1` a number, `true` a boolean, `null`,
 * `[1,2]` a list) and returns plain data. It is synchronous.
 */
export type Resolver = {
  // A method, so that a function that takes numbers only is one too.
  resolve(...args: ConfigValue[]): unknown;
}['resolve'];

/** How a resolver is registered. */
export interface ResolverOptions {
  /** Take the place of one that is there. @default false: a second registration is an error */
  readonly replace?: boolean;
  /** Call it once for equal arguments in one configuration. @default false: once for each place it stands at */
  readonly useCache?: boolean;
}

/** A registered resolver. */
export interface RegisteredResolver {
  readonly resolve: Resolver;
  readonly useCache: boolean;
}

/** Names of the resolvers that are always there. */
export const BUILT_IN_NAMES = [
  'oc.env',
  'oc.decode',
  'oc.select',
  'oc.create',
  'oc.deprecated',
  'oc.dict.keys',
  'oc.dict.values',
] as const;

const NAME = /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/;
const registered = shareInProcess('resolvers', () => new Map<string, RegisteredResolver>());

/**
 * Registers what `${name:…}` stands for, for every configuration of this process.
 *
 * @param name words with dots between them: `path`, `my.path`
 * @throws {RunspanError} `INVALID_CONFIG` for a name that is none, or is taken, unless `replace`
 * @example
 * registerResolver('add', (a: number, b: number) => a + b);
 * toObject(parseString('sum: ${add:1,2}')); // { sum: 3 }
 */
export function registerResolver(name: string, resolver: Resolver, options: ResolverOptions = {}): void {
  asConfigError(() => {
    requireOptions(options, ['replace', 'useCache']);
    const { replace = false, useCache = false } = options;
    if (typeof name !== 'string' || !NAME.test(name))
      throw configError({ reason: 'the name of a resolver is not words with dots', mend: 'Name it like my.path.' });
    if (typeof resolver !== 'function')
      throw configError({ reason: `the resolver '${name}' is no function`, mend: 'Hand in a function.' });
    if (hasResolver(name) && !replace)
      throw configError({ reason: `there is a resolver '${name}'`, mend: 'Take another name, or set replace.' });
    registered.set(name, { resolve: resolver, useCache });
  });
}

/**
 * Takes a resolver away; a built-in one that was replaced comes back. Returns whether there was one.
 *
 * @example
 * clearResolver('add'); // true where it was registered
 */
export function clearResolver(name: string): boolean {
  return registered.delete(name);
}

/**
 * Takes every registered resolver away; those of `oc.` stay.
 *
 * @example
 * afterEach(() => clearResolvers());
 */
export function clearResolvers(): void {
  registered.clear();
}

/**
 * Whether `${name:…}` stands for something.
 *
 * @example
 * hasResolver('oc.env'); // true
 */
export function hasResolver(name: string): boolean {
  return registered.has(name) || (BUILT_IN_NAMES as readonly string[]).includes(name);
}

/** The registered resolver of a name. */
export function findResolver(name: string): RegisteredResolver | undefined {
  return registered.get(name);
}
