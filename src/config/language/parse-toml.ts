// TOML to plain data, by the package smol-toml.
import { createRequire } from 'node:module';
import type * as Toml from 'smol-toml';
import { configError } from './config-errors.ts';
import { MAX_DEPTH } from './config-values.ts';
import type { ConfigValue, Container } from './config-values.ts';
import { copyConfig, setValue } from './copy-config.ts';
import { isDate } from '../../model/any-realm.ts';

/**
 * Returns the value of a TOML text. Dates and times are texts, as in YAML; a whole number beyond 2^53 is a bigint. The package
 * `smol-toml` is loaded at the first call.
 *
 * @throws {RunspanError} `INVALID_CONFIG` with line and column, without anything of the text
 */
export function parseToml(text: string, name: string): Container {
  const { parse, TomlError } = createRequire(import.meta.url)('smol-toml') as typeof Toml;
  let content: unknown;
  try {
    content = parse(text, { integersAsBigInt: 'asNeeded', maxDepth: MAX_DEPTH });
  } catch (error) {
    // Neither the message nor the error itself goes on: both quote the text.
    const place = error instanceof TomlError ? { line: error.line, column: error.column } : {};
    throw configError({
      place: { file: name, ...place },
      reason: 'it is not well-formed TOML',
      mend: 'Mend that line.',
    });
  }
  return copyConfig(writeDates(content), name);
}

function writeDates(value: unknown): unknown {
  if (isDate(value)) return value.toISOString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(writeDates);
  const copy: Container = Object.create(null) as Record<string, ConfigValue>;
  for (const [key, item] of Object.entries(value)) setValue(copy, key, writeDates(item) as ConfigValue);
  return copy;
}
