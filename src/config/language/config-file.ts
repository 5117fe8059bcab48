// runspan.yaml, .yml, .json or .toml: settings in sections, one a service, with `${…}` resolved.
import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { asConfigError } from './config-errors.ts';
import { invalidConfig } from './config-text.ts';
import { isMapping } from './config-values.ts';
import type { Config } from './config-values.ts';
import { Interpolation } from './interpolate.ts';
import { formatOf, readFileValue } from './parse-text.ts';
import type { Secrets } from './secrets.ts';

/** The sections that a settings file may have: one a service. */
export const SECTIONS = ['logger', 'alerts', 'mlflow'] as const;

/** One service's section. */
export type Section = (typeof SECTIONS)[number];

/** What a settings file says. */
export interface ConfigFile {
  /** As it is named in messages: relative to the working directory. */
  readonly name: string;
  readonly sections: Readonly<Partial<Record<Section, Readonly<Record<string, unknown>>>>>;
  /** Texts of it that no message may show, such as those of secret variables. */
  readonly secrets: Pick<Secrets, 'isIn'>;
}

const FILE_NAMES = ['runspan.yaml', 'runspan.yml', 'runspan.json', 'runspan.toml'];
/** Keys beside the sections that begin so are the user's own: values that interpolations share. */
const OWN_KEY_PREFIX = 'x-';

/** How the settings file is found and what it may ask for. */
export interface ConfigFileOptions {
  /** A path, absolute or relative to the folder. @default the file of that name in the folder */
  readonly named?: string | undefined;
  /** Looks a variable up for `${oc.env:…}`. */
  readonly env: (name: string) => string | undefined;
}

/**
 * Reads the settings file: the one that is named (RUNSPAN_CONFIG), else `runspan.yaml`, `.yml`, `.json` or `.toml` of the folder.
 * Undefined where there is none. Keys that begin with `x-` are no settings, and may be interpolated.
 *
 * @throws {RunspanError} `INVALID_CONFIG` for a file that is absent though named, not well-formed, doubled, has an unknown section
 *   or an interpolation that cannot be resolved. No message holds a value of the file.
 */
export function readConfigFile(folder: string, { named, env }: ConfigFileOptions): ConfigFile | undefined {
  const path = named === undefined ? findFile(folder) : resolve(folder, named);
  if (path === undefined) return undefined;
  const name = nameOf(path, folder);
  return asConfigError(() => {
    const content = readFileValue(path, { name, format: formatOf(path, name) }) ?? {};
    if (!isMapping(content)) throw invalidConfig(name, 'it is no mapping', `Give it the keys ${SECTIONS.join(', ')}.`);
    checkSections(content, name);
    const interpolation = new Interpolation(content, { env });
    const resolved = Object.entries(interpolation.resolveAll());
    return {
      name,
      sections: Object.fromEntries(resolved.filter(([key, section]) => !isOwnKey(key) && section !== null)),
      secrets: interpolation.secrets,
    };
  });
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

function checkSections(content: Config, name: string): void {
  for (const [key, section] of Object.entries(content)) {
    if (isOwnKey(key)) continue;
    if (!(SECTIONS as readonly string[]).includes(key))
      throw invalidConfig(name, `'${key}' is no section`, `Use ${SECTIONS.join(', ')}, or x-… for your own.`);
    const mayBecomeOne = section === null || (typeof section === 'string' && section.includes('${'));
    if (!mayBecomeOne && !isMapping(section))
      throw invalidConfig(name, `'${key}' is no mapping`, 'Give it settings, one a line.');
  }
}

function isOwnKey(key: string): boolean {
  return key.startsWith(OWN_KEY_PREFIX);
}
