// runspan.yaml, .yml or .json: settings in sections, one a service.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, isAbsolute, join, relative, resolve } from 'node:path';
import type * as Yaml from 'yaml';
import { RunspanError } from '../errors.ts';
import { invalidConfig, readConfigText } from './config-text.ts';

/** The sections that a settings file may have: one a service. */
export const SECTIONS = ['logger', 'alerts', 'mlflow'] as const;

/** One service's section. */
export type Section = (typeof SECTIONS)[number];

/** What a settings file says. */
export interface ConfigFile {
  /** As it is named in messages: relative to the working directory. */
  readonly name: string;
  readonly sections: Readonly<Partial<Record<Section, Readonly<Record<string, unknown>>>>>;
}

const MAX_DEPTH = 20;
const FILE_NAMES = ['runspan.yaml', 'runspan.yml', 'runspan.json', 'runspan.toml'];

/**
 * Reads the settings file: the one that is named (RUNSPAN_CONFIG), else `runspan.yaml`, `.yml` or `.json` of the folder.
 * Undefined where there is none.
 *
 * @param named a path, absolute or relative to the folder
 * @throws {RunspanError} `INVALID_CONFIG` for a file that is absent though named, not well-formed, doubled, or has an unknown
 *   section; `NOT_SUPPORTED` for TOML and for `${…}`. No message holds a value of the file.
 */
export function readConfigFile(folder: string, named?: string): ConfigFile | undefined {
  const path = named === undefined ? findFile(folder) : resolve(folder, named);
  if (path === undefined) return undefined;
  const name = nameOf(path, folder);
  const content = parseContent(path, name);
  if (content === null || content === undefined) return { name, sections: {} };
  return { name, sections: readSections(content, name) };
}

function findFile(folder: string): string | undefined {
  const found = FILE_NAMES.filter((fileName) => existsSync(join(folder, fileName)));
  if (found.length > 1)
    throw invalidConfig(found[0] ?? '', `'${found[1]}' is there too`, 'Keep one, or set RUNSPAN_CONFIG.');
  return found[0] === undefined ? undefined : join(folder, found[0]);
}

function nameOf(path: string, folder: string): string {
  const name = relative(folder, path);
  return name === '' || name.startsWith('..') || isAbsolute(name) ? path : name;
}

function parseContent(path: string, name: string): unknown {
  const kind = extname(path).toLowerCase();
  if (kind === '.toml')
    throw new RunspanError('NOT_SUPPORTED', `Cannot use '${name}': TOML comes with a later version. Use YAML or JSON.`);
  if (!['.yaml', '.yml', '.json'].includes(kind))
    throw invalidConfig(name, 'its name does not end in .yaml, .yml or .json', 'Rename it.');
  const text = readConfigText(path, name);
  return kind === '.json' && text.trim() !== '' ? parseJson(text, name) : parseYaml(text, name, 'YAML');
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // JSON.parse's message quotes the text, which may be a secret, so the line alone is taken from it; where it has none (in a
    // short text), the YAML parser may know it.
    const line = /\(line (\d+) column \d+\)$/.exec(String(error))?.[1];
    if (line === undefined) parseYaml(text, name, 'JSON');
    throw invalidConfig(`${name}:${line ?? 1}`, 'it is not well-formed JSON', 'Mend that line.');
  }
}

function parseYaml(text: string, name: string, language: 'JSON' | 'YAML'): unknown {
  // Loaded only where there is a file to read: it would cost every start 20 to 40 ms.
  const { LineCounter, parseDocument } = createRequire(import.meta.url)('yaml') as typeof Yaml;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // A warning is a tag that nobody knows (!!python/object): its value would be taken for something else.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0]);
    // Only the code is shown: the parser's message may quote the file.
    throw invalidConfig(`${name}:${line}`, `it is not well-formed ${language} (${problem.code})`, 'Mend that line.');
  }
  try {
    return document.toJS() as unknown;
  } catch (error) {
    throw invalidConfig(name, 'its aliases cannot be resolved', 'Write the values out.', error);
  }
}

function readSections(content: unknown, name: string): ConfigFile['sections'] {
  if (!isMapping(content)) throw invalidConfig(name, 'it is no mapping', `Give it the keys ${SECTIONS.join(', ')}.`);
  for (const [key, section] of Object.entries(content)) {
    if (!(SECTIONS as readonly string[]).includes(key))
      throw invalidConfig(name, `'${key}' is no section`, `Use ${SECTIONS.join(', ')}.`);
    if (section === null) continue;
    if (!isMapping(section)) throw invalidConfig(name, `'${key}' is no mapping`, 'Give it settings, one a line.');
    refuseInterpolation(section, { name, key });
  }
  return Object.fromEntries(Object.entries(content).filter(([, section]) => isMapping(section)));
}

function refuseInterpolation(value: unknown, { name, key }: { readonly name: string; readonly key: string }): void {
  // Taken as it stands, `${oc.env:URI}` would silently be a wrong address.
  if (typeof value === 'string' && value.includes('${'))
    throw new RunspanError(
      'NOT_SUPPORTED',
      `Cannot use '${name}': \${…} in '${key}' comes with a later version. Write the value, or set its variable.`,
      { details: { file: name, field: key } },
    );
  if (typeof value !== 'object' || value === null) return;
  // Anchors can make a value contain itself.
  if (key.split('.').length > MAX_DEPTH) throw invalidConfig(name, `'${key}' is nested too deep`, 'Flatten it.');
  for (const [inner, item] of Object.entries(value)) refuseInterpolation(item, { name, key: `${key}.${inner}` });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
