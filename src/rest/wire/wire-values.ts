// The pieces that MLflow's answers are made of: numbers as protobuf writes them, keys with texts, pages.
import { z } from 'zod';
import type { KeyValue, Page } from '../../model/entities.ts';
import type { Decoder } from './endpoint.ts';

// Unknown fields are ignored; a field with its default value may be absent.

/** An int64: a number or, as protobuf has it, a text. */
export const int64: z.ZodType<number> = z.union([z.number(), z.string().regex(/^-?\d+$/)]).transform(Number);

/** A double, with the texts that protobuf has for those that JSON lacks. */
export const double: z.ZodType<number> = z
  .union([z.number(), z.string().regex(/^(NaN|-?Infinity|-?\d+(\.\d+)?(e[+-]?\d+)?)$/i)])
  .transform(Number);

/** An id: some come as numbers. */
export const id: z.ZodType<string> = z.union([z.string(), z.number()]).transform(String);

/** A text; absent where it is empty. */
export const text: z.ZodDefault<z.ZodString> = z.string().default('');

/** A text that may be absent; protobuf has the empty one for that too. */
export const absent: z.ZodType<string | undefined> = z
  .string()
  .optional()
  .transform((from) => (from === '' ? undefined : from));

/** protobuf's Timestamp, RFC 3339, in milliseconds since the epoch. */
export const rfc3339Ms: z.ZodType<number> = z
  .string()
  .optional()
  .transform((from, ctx) => {
    const ms = from === undefined ? 0 : Date.parse(from);
    if (Number.isFinite(ms)) return ms;
    ctx.addIssue({ code: 'custom', message: 'no RFC 3339' });
    return z.NEVER;
  });

/** Keys with their texts. */
export const pairs: z.ZodType<readonly KeyValue[]> = z.array(z.object({ key: z.string(), value: text })).default([]);

/** The token of the next page. */
export const pageToken: z.ZodOptional<z.ZodString> = z.string().optional();

/** `{}`: what MLflow answers where there is nothing to say. */
export const nothing: Decoder<void> = z.object({}).transform(() => undefined);

/** fromEntries, not assignment: `__proto__` is a key like any other. */
export function recordOf(from: readonly KeyValue[]): Readonly<Record<string, string>> {
  return Object.fromEntries(from.map(({ key, value }) => [key, value]));
}

/** An empty token is protobuf's absent one. */
export function pageOf<T>(items: readonly T[], token: string | undefined): Page<T> {
  return { items, nextPageToken: token === '' ? undefined : token };
}
