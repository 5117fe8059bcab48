// What is in a folder, in words that say the same of what two clients wrote alike.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parse } from 'yaml';
import type { Json } from './operation.ts';

/** Every file below a folder: what JSON or YAML says, else the bytes' SHA-256; of pictures, which are not packed alike, nothing. */
export function describeFiles(folder: string): Json {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const named = paths.map((path) => [relative(folder, path).split(sep).join('/'), describeFile(path)] as const);
  return Object.fromEntries(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function describeFile(path: string): Json {
  if (/\.(png|webp)$/.test(path)) return 'picture';
  const bytes = readFileSync(path);
  // the casts: both give what JSON holds
  if (path.endsWith('.json')) return JSON.parse(bytes.toString('utf8')) as Json;
  if (/\.ya?ml$/.test(path)) return parse(bytes.toString('utf8'), { version: '1.1' }) as Json;
  return createHash('sha256').update(bytes).digest('base64');
}
