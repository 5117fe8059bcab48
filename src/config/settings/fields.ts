// What a setting is: the table entry that the reader, docs/settings.md and `runspan config` go by.
import type { SettingsSources } from './sources.ts';

/** The type of a field; a path becomes absolute, a location too unless it is a URI, a list is of texts (comma-separated in a variable), an opaque value is code's own. */
export type FieldKind =
  'string' | 'boolean' | 'integer' | 'number' | 'choice' | 'path' | 'location' | 'list' | 'opaque';

/** One setting: its type, names, default and meaning. */
export interface Field<T> {
  readonly kind: FieldKind;
  /** What it means, for docs/settings.md and `runspan config`. */
  readonly doc: string;
  /** The variable that sets it, and older or wider ones after it. */
  readonly env?: readonly string[];
  readonly defaultValue: T | ((sources: SettingsSources) => T);
  /** Never shown, in no message. */
  readonly isSensitive?: boolean;
  /** What a choice may be: each spelling, in lower case, with the value it stands for. */
  readonly choices?: Readonly<Record<string, T>>;
  /** Least and largest number. */
  readonly min?: number;
  readonly max?: number;
  /** The variable's unit where it is another than the field's: seconds for milliseconds. */
  readonly envFactor?: number;
  /** Whether code may give a function that gives the text. */
  readonly allowsFunction?: boolean;
  /** Which items of a list may be patterns, in code only. */
  readonly allowsPatterns?: boolean;
  /** What the value should be, where it is of the right type and yet wrong; undefined where it is right. */
  expected?(value: NonNullable<T>): string | undefined;
  /** Whether a value is one that only a later version can carry out. */
  isNotThereYet?(value: NonNullable<T>): boolean;
}

/** The longest delay that a timer of Node can take, in milliseconds. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/** What has no default stays undefined. */
export type WithUndefined<T, K extends keyof T> = Required<Omit<T, K>> & { readonly [P in K]: T[P] | undefined };

/** A table with one field for each setting. */
export type Fields<S> = { readonly [K in keyof S]-?: Field<S[K]> };

/** Where a value comes from; `name` is the variable or the file. */
export interface Provenance {
  readonly source: 'code' | 'env' | '.env' | 'file' | 'default';
  readonly name?: string;
}

/** Settings, frozen, with where each comes from. Sensitive ones are not enumerable, so that printing the settings shows none. */
export interface Resolved<S> {
  readonly settings: Readonly<S>;
  readonly provenance: { readonly [K in keyof S]: Provenance };
}
