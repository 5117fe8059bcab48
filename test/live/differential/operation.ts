// What both clients are told: operations as data, and what came of each.
import type { World } from './world.ts';

/** Anything that JSON holds, and what stands for something made before: `{ ref: 'run:7' }`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One call: ours is `client[method](...args, options)`, Python's `getattr(client, snake(method))(*args, **snake(options))`. */
export interface Operation {
  readonly method: string;
  /** A text such as `7n` is a large integer: a bigint here. */
  readonly args: readonly Json[];
  /** The last argument; times end in `Ms`, which Python's names have not. */
  readonly options?: Readonly<Record<string, Json>>;
  /** What later operations call the outcome; `at` is where in the result its id is, by default the result itself. */
  readonly as?: string;
  readonly at?: string;
  /** More of the result that later operations name: where in it, by name. */
  readonly also?: Readonly<Record<string, string>>;
  /** Whether a server alone refuses it: a registry in a file takes sources that a server must not. */
  readonly isOfServer?: boolean;
  /**
   * What is compared. Of a search: its first page, or all of it. Of a download: the files that came, in a folder of its own. Of a span that
   * was begun: where it is. `nothing` of what the two answer differently by their nature.
   */
  readonly take?: 'firstPage' | 'all' | 'files' | 'span' | 'nothing';
}

/** Makes one operation; undefined where the world has nothing for it yet. */
export type Make = (world: World) => Operation | undefined;

/** Operations with how often each is made. */
export type Made = readonly (readonly [number, Make])[];

/** What an operation came to: its result, as this package's nouns, or MLflow's code and status. */
export type Outcome =
  | { readonly kind: 'result'; readonly value: Json }
  | { readonly kind: 'error'; readonly code: string; readonly status: number; readonly message: string };

/** A reference to what an operation made, or to a place that the test made. */
export interface Ref {
  readonly ref: string;
  readonly [key: string]: Json;
}

/** Puts what was made in the place of references; what was never made becomes an id that nothing has. */
export function resolve(value: Json, made: ReadonlyMap<string, Json>): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((each) => resolve(each, made));
  if (typeof value === 'string') return value.replaceAll(/<([a-z ]+:\d+)>/g, (_, ref: string) => textOf(ref, made));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, Json>>;
  const ref = fields['ref'];
  if (typeof ref === 'string') return made.get(ref) ?? neverMade(ref);
  return Object.fromEntries(Object.entries(fields).map(([key, each]) => [key, resolve(each, made)]));
}

function textOf(ref: string, made: ReadonlyMap<string, Json>): string {
  const found = made.get(ref);
  return typeof found === 'string' ? found : neverMade(ref);
}

function neverMade(ref: string): string {
  return `never-made-${ref.replaceAll(/\W/g, '-')}`;
}

/** The part of a result at a dotted path. */
export function partAt(value: Json, path: string | undefined): Json | undefined {
  if (path === undefined) return value;
  let part: Json | undefined = value;
  for (const step of path.split('.')) {
    if (typeof part !== 'object' || part === null) return undefined;
    part = (part as Readonly<Record<string, Json>>)[step];
  }
  return part;
}

/** What an operation gives a name to. */
export function namesIn({ as, at, also = {} }: Operation): readonly (readonly [string, string | undefined])[] {
  return [...(as === undefined ? [] : [[as, at] as const]), ...Object.entries(also)];
}

/** What an operation refers to. */
export function refsIn({ args, options }: Operation): readonly string[] {
  const refs = (value: Json): readonly string[] => {
    if (Array.isArray(value)) return (value as readonly Json[]).flatMap(refs);
    if (typeof value === 'string') return [...value.matchAll(/<([a-z ]+:\d+)>/g)].map(([, ref = '']) => ref);
    if (typeof value !== 'object' || value === null) return [];
    const fields = value as Readonly<Record<string, Json>>;
    return typeof fields['ref'] === 'string' ? [fields['ref']] : Object.values(fields).flatMap(refs);
  };
  return [...args, options ?? {}].flatMap(refs);
}

/** Whether an operation refers to one of these. */
export function isAbout(operation: Operation, names: ReadonlySet<string>): boolean {
  return names.size > 0 && refsIn(operation).some((ref) => names.has(ref));
}
