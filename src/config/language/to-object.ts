// From a configuration to what a program works with: interpolations resolved, checked and typed by a schema.
import { asConfigError, configError, requireOptions } from './config-errors.ts';
import { formatPath } from './config-values.ts';
import type { Config, ConfigValue, KeyPath } from './config-values.ts';
import { copyConfig } from './copy-config.ts';
import { readEnv } from '../env.ts';
import { Interpolation } from './interpolate.ts';
import { placeOf } from './places.ts';
import type { Place } from './places.ts';
import { isSecretPath } from './secrets.ts';
import type { Secrets } from './secrets.ts';
import type { StandardIssue, StandardSchema } from './standard-schema.ts';

/** How a configuration becomes an object. */
export interface ToObjectOptions {
  /** Resolve interpolations; without it they stay the texts they are. @default true */
  readonly resolve?: boolean;
}

/** How a configuration becomes an object of a schema's type. */
export interface SchemaOptions<Output> extends ToObjectOptions {
  /** A synchronous schema of any library that follows Standard Schema: zod, valibot, ArkType, … */
  readonly schema: StandardSchema<Output>;
}

const MAX_SHOWN_ISSUES = 5;
/** What cached resolvers answered, for as long as the configuration they answered for is held. */
const caches = new WeakMap<object, Map<string, ConfigValue>>();

/**
 * Returns a configuration as plain data, a deep copy with every interpolation resolved against its root; with a schema, what
 * that makes of it. `???` stays as it is, for the schema to refuse.
 *
 * @throws {RunspanError} `INVALID_CONFIG` with the path: a circle, a path that leads nowhere, an unknown resolver, a variable that
 *   is not set, an interpolation that is not well-formed, a value that the schema refuses, an asynchronous schema. No message holds
 *   the value of a secret name or of a secret variable.
 * @example
 * const config = parseString('host: ${oc.env:HOST,localhost}\nurl: http://${host}:80');
 * toObject(config); // { host: 'localhost', url: 'http://localhost:80' }
 */
export function toObject<Output>(config: object, options: SchemaOptions<Output>): Output;
/** Returns a configuration as plain data. */
export function toObject(config: object, options?: ToObjectOptions): Config;
export function toObject(config: object, options: ToObjectOptions & { schema?: StandardSchema } = {}): unknown {
  return asConfigError(() => {
    requireOptions(options, ['resolve', 'schema']);
    const { resolve = true, schema } = options;
    const copy = copyConfig(config);
    let cache = caches.get(config);
    if (cache === undefined) caches.set(config, (cache = new Map()));
    let env: Readonly<Record<string, string>> | undefined;
    const readVariable = (name: string): string | undefined => {
      env ??= readEnv();
      return Object.hasOwn(env, name) ? env[name] : undefined;
    };
    const interpolation = new Interpolation(copy, { env: readVariable, cache });
    const object = resolve ? interpolation.resolveAll() : copy;
    if (schema === undefined) return object;
    interpolation.secrets.addSecretsOf(object);
    return validate(object, schema, { source: copy, secrets: interpolation.secrets });
  });
}

interface Validation {
  /** What the places of values are known by. */
  readonly source: object;
  readonly secrets: Secrets;
}

function validate(object: object, schema: StandardSchema, validation: Validation): unknown {
  const standard = (schema as Partial<StandardSchema>)['~standard'];
  if (typeof standard?.validate !== 'function')
    throw configError({
      reason: 'the schema does not follow Standard Schema',
      mend: 'See https://standardschema.dev.',
    });
  const result = standard.validate(object);
  if (result instanceof Promise) {
    result.catch(() => undefined); // refused below, whatever it would have said
    throw configError({
      reason: 'the schema is asynchronous',
      mend: 'Use a synchronous one, or validate the object of toObject yourself.',
    });
  }
  if (result.issues === undefined) return result.value;
  throw refuseIssues(result.issues, validation);
}

function refuseIssues(issues: readonly StandardIssue[], { source, secrets }: Validation): Error {
  const found = issues.map(({ message, path = [] }) => {
    const keys = path.map((part) => toKey(typeof part === 'object' ? part.key : part));
    // A library's words may quote the value.
    return { keys, words: isSecretPath(keys) ? 'the value is not what it should be' : secrets.mask(message) };
  });
  const [first, ...others] = found;
  const more = others.slice(0, MAX_SHOWN_ISSUES - 1).map(({ keys, words }) => `'${formatPath(keys)}': ${words}`);
  const rest = found.length > MAX_SHOWN_ISSUES ? [`and ${found.length - MAX_SHOWN_ISSUES} more`] : [];
  const error = configError({
    path: first?.keys ?? [],
    place: findPlace(source, first?.keys ?? []),
    reason: [first?.words ?? 'the schema refuses it', ...more, ...rest].join('; ').replace(/\.$/, ''),
    mend: 'Mend the value.',
  });
  Object.assign(error.details, {
    issues: found.map(({ keys, words }) => ({ path: formatPath(keys), message: words })),
  });
  return error;
}

function toKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}

function findPlace(source: object, keys: KeyPath): Place | undefined {
  let container: unknown = source;
  let place: Place | undefined;
  for (const key of keys) {
    if (typeof container !== 'object' || container === null) break;
    place = placeOf(container, key) ?? place;
    container = (container as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return place;
}
