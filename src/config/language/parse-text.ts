// A configuration's text or file to plain data, whatever its language.
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asConfigError, configError, requireOptions } from './config-errors.ts';
import { readConfigText } from './config-text.ts';
import { isContainer } from './config-values.ts';
import type { Config, ConfigValue } from './config-values.ts';
import { parseToml } from './parse-toml.ts';
import { parseYaml } from './parse-yaml.ts';

/** What a configuration is written in; JSON is YAML. */
export type ConfigFormat = 'yaml' | 'json' | 'toml';

/** How a text is read. */
export interface ParseOptions {
  /** Which language the text is in. @default 'yaml' for a text; what a file's name ends in */
  readonly format?: ConfigFormat;
  /** How errors call the text. @default 'text' for a text; a file's path as it was given */
  readonly name?: string;
}

const OPTIONS: readonly (keyof ParseOptions)[] = ['format', 'name'];
const MAX_TEXT_LENGTH = 1024 * 1024;
const FORMATS: Readonly<Record<string, ConfigFormat>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.toml': 'toml',
};

/**
 * Reads a configuration from a YAML, JSON or TOML text. Interpolations stay texts: {@link toObject} resolves them.
 *
 * YAML is read as OmegaConf does: `yes`, `on` and `off` are booleans, `1e3` and `1_000` numbers, `010` is 8, `12:30:45` is 45045,
 * dates are texts. An empty text is `{}`; a word alone is a key without a value. Keys are texts.
 *
 * @throws {RunspanError} `INVALID_CONFIG` with the line and the mend: not well-formed, a doubled key, an unknown tag, a second
 *   document, a root that is neither mapping nor list, over 1 MiB, too deep or too many values. No message holds a value.
 * @example
 * parseString('a: 1\nb: [yes, 1e3, 2024-01-02]'); // { a: 1, b: [true, 1000, '2024-01-02'] }
 */
export function parseString(text: string, options: ParseOptions = {}): Config {
  return asConfigError(() => {
    requireOptions(options, OPTIONS);
    const { format = 'yaml', name = 'text' } = options;
    return toConfig(parseValue(text, { format, name }), name);
  });
}

/**
 * Reads a configuration from a file: `.yaml`, `.yml`, `.json` or `.toml`, UTF-8, at most 1 MiB; otherwise as {@link parseString}.
 *
 * @param path absolute or relative to the working directory
 * @throws {RunspanError} `INVALID_CONFIG` for a file that is absent, cannot be read or is not what it should be
 * @example
 * const config = mergeConfigs([parseFile('conf/base.yaml'), parseFile('conf/prod.yaml')]);
 */
export function parseFile(path: string | URL, options: ParseOptions = {}): Config {
  return asConfigError(() => {
    requireOptions(options, OPTIONS);
    const file = toPath(path);
    const { name = file, format = formatOf(file, name) } = options;
    return toConfig(readFileValue(file, { format, name }), name);
  });
}

function toPath(path: unknown): string {
  if (typeof path === 'string') return path;
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  throw configError({ reason: 'the path is neither a text nor a file: URL', mend: "Name a file: 'conf/base.yaml'." });
}

/** What a file's name says it is written in. */
export function formatOf(path: string, name: string): ConfigFormat {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format === undefined)
    throw configError({
      place: { file: name },
      reason: 'its name does not end in .yaml, .yml, .json or .toml',
      mend: 'Rename it.',
    });
  return format;
}

/** Returns the value of a file, which may also be a scalar; null for an empty one. */
export function readFileValue(path: string, options: Required<ParseOptions>): ConfigValue {
  return parseValue(readConfigText(path, options.name), options);
}

/** Returns the value of a text, which may also be a scalar; null for an empty one. */
export function parseValue(text: unknown, { format, name }: Required<ParseOptions>): ConfigValue {
  if (typeof text !== 'string') throw configError({ reason: `${name} is no text`, mend: 'Hand in a string.' });
  if (text.length > MAX_TEXT_LENGTH)
    throw configError({ place: { file: name }, reason: 'it is larger than 1 MiB', mend: 'Keep data elsewhere.' });
  const plain = text.startsWith('\u{FEFF}') ? text.slice(1) : text;
  switch (format) {
    case 'toml':
      return parseToml(plain, name);
    case 'yaml':
    case 'json':
      return parseYaml(plain, { name, language: format === 'json' ? 'JSON' : 'YAML' });
    default:
      throw configError({ reason: 'the format is unknown', mend: 'Use yaml, json or toml.' });
  }
}

function toConfig(value: ConfigValue, name: string): Config {
  if (value === null) return {};
  // As OmegaConf: a flag on a command line.
  if (typeof value === 'string') return { [value]: null };
  if (isContainer(value)) return value;
  throw configError({
    place: { file: name },
    reason: 'it is a single value',
    mend: 'Write a mapping (key: value) or a list.',
  });
}
