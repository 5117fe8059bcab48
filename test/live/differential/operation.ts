// What both clients are told: operations as data, and what came of each.

/** Anything that JSON holds, and what stands for something made before: `{ ref: 'run:7' }`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One call: ours is `client[method](...args, options)`, Python's `getattr(client, snake(method))(*args, **snake(options))`. */
export interface Operation {
  readonly method: string;
  readonly args: readonly Json[];
  /** The last argument; times end in `Ms`, which Python's names have not. */
  readonly options?: Readonly<Record<string, Json>>;
  /** What later operations call the outcome; `at` is where in the result its id is, by default the result itself. */
  readonly as?: string;
  readonly at?: string;
  /** Whether a server alone refuses it: a registry in a file takes sources that a server must not. */
  readonly isOfServer?: boolean;
  /** Of a search: its first page, or all of it. */
  readonly take?: 'firstPage' | 'all';
}

/** What an operation came to: its result, as this package's nouns, or MLflow's code and status. */
export type Outcome =
  | { readonly kind: 'result'; readonly value: Json }
  | { readonly kind: 'error'; readonly code: string; readonly status: number; readonly message: string };

/** A reference to what an operation made. */
export interface Ref {
  readonly ref: string;
  readonly [key: string]: Json;
}

/** Puts what was made in the place of references; what was never made becomes an id that nothing has. */
export function resolve(value: Json, made: ReadonlyMap<string, Json>): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((each) => resolve(each, made));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, Json>>;
  const ref = fields['ref'];
  if (typeof ref === 'string') return made.get(ref) ?? `never-made-${ref.replaceAll(/\W/g, '-')}`;
  return Object.fromEntries(Object.entries(fields).map(([key, each]) => [key, resolve(each, made)]));
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

/** What an operation refers to. */
export function refsIn({ args, options }: Operation): readonly string[] {
  const refs = (value: Json): readonly string[] => {
    if (Array.isArray(value)) return (value as readonly Json[]).flatMap(refs);
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
