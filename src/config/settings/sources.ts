// The layers that settings come from below code: process env, `.env`, the settings file.
import { homedir } from 'node:os';
import { readConfigFile } from '../language/config-file.ts';
import type { ConfigFile } from '../language/config-file.ts';
import { readDotenv } from './dotenv.ts';
import type { Dotenv } from './dotenv.ts';
import { readEnv } from '../env.ts';
import type { EnvSnapshot } from '../env.ts';

/** The layers of one moment, read once for a service. */
export interface SettingsSources {
  /** The folder that relative paths and the project's name start from. */
  readonly folder: string;
  /** The user's own folder; undefined where nobody says. */
  readonly home?: string | undefined;
  readonly env: EnvSnapshot;
  readonly dotenv: Dotenv | undefined;
  readonly file: ConfigFile | undefined;
}

/** A variable's text and where it stands. */
export interface FoundVariable {
  readonly text: string;
  readonly source: 'env' | '.env';
}

/**
 * Reads the layers: the process's environment, `.env` and `runspan.{yaml,yml,json,toml}` (or RUNSPAN_CONFIG, from either) of a folder.
 *
 * @param options what tests put in their place. @default the process's own environment and working directory
 * @throws {RunspanError} `INVALID_CONFIG` for a file that cannot be used
 * @example
 * const settings = resolveLoggerSettings({ level: 'INFO' }, loadSources());
 */
export function loadSources(options: { readonly folder?: string; readonly env?: EnvSnapshot } = {}): SettingsSources {
  const { folder = process.cwd(), env = readEnv() } = options;
  const home = options.env === undefined ? homedir() : options.env['HOME'];
  const layers = { folder, home, env, dotenv: readDotenv(folder), file: undefined };
  const named = findVariable(layers, 'RUNSPAN_CONFIG')?.text;
  return { ...layers, file: readConfigFile(folder, { named, env: (name) => lookUpExact(layers, name) }) };
}

/**
 * Finds a variable in the process's environment, else in `.env`; the case of its name does not matter, an exact one wins.
 * An empty text is as good as none, but an empty one in the environment hides that of `.env`.
 */
export function findVariable(
  sources: Pick<SettingsSources, 'env' | 'dotenv'>,
  name: string,
): FoundVariable | undefined {
  const text = lookUp(sources.env, name);
  if (text !== undefined) return text === '' ? undefined : { text, source: 'env' };
  const fallback = lookUp(sources.dotenv?.values ?? {}, name);
  return fallback === undefined || fallback === '' ? undefined : { text: fallback, source: '.env' };
}

/** `${oc.env:…}` of the settings file: as OmegaConf, the exact name and also an empty text; `.env` below the environment. */
function lookUpExact({ env, dotenv }: Pick<SettingsSources, 'env' | 'dotenv'>, name: string): string | undefined {
  if (Object.hasOwn(env, name)) return env[name];
  return dotenv !== undefined && Object.hasOwn(dotenv.values, name) ? dotenv.values[name] : undefined;
}

function lookUp(values: EnvSnapshot, name: string): string | undefined {
  if (Object.hasOwn(values, name)) return values[name];
  const other = Object.keys(values).find((key) => key.length === name.length && key.toUpperCase() === name);
  return other === undefined ? undefined : values[other];
}
