// The `.env` file of the working directory: a layer of settings below the process's own environment.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readConfigText } from '../language/config-text.ts';

/** What a `.env` file says; never written to the process by reading it. */
export interface Dotenv {
  /** As it is named in messages: relative to the working directory. */
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads `.env` in a folder: `NAME=value`, quotes, `export NAME=value`, `#` comments, UTF-8 with or without a byte order mark.
 * Undefined where there is none, or where `.env` is a folder (a Python environment often is).
 *
 * @throws {RunspanError} `INVALID_CONFIG` where it is there and cannot be read
 * @see https://nodejs.org/api/util.html#utilparseenvcontent
 */
export function readDotenv(folder: string): Dotenv | undefined {
  const path = join(folder, '.env');
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const text = readConfigText(path, '.env');
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(text))) if (value !== undefined) values[name] = value;
  return { name: '.env', values };
}
