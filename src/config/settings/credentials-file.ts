// `~/.mlflow/credentials`: user and password where no setting names them, read as MLflow's Python client reads it (configparser).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the file says. */
export interface FileCredentials {
  readonly username?: string;
  readonly password?: string;
}

type Options = Readonly<Record<string, string>>;

const MAX_INTERPOLATION_DEPTH = 10;

/** Reads the file of a home folder; nothing where there is none, or where it cannot be read, as in Python. */
export function readCredentialsFile(home: string | undefined): FileCredentials {
  if (home === undefined) return {};
  try {
    return parseCredentials(readFileSync(join(home, '.mlflow', 'credentials'), 'utf8'));
  } catch {
    return {}; // not there, or somebody else's
  }
}

/**
 * Reads the section `[mlflow]` of such a file: `key = value` or `key: value`, lines that go on by indentation, `[DEFAULT]`, `%(other)s`
 * and `%%`. What Python would refuse is taken as it stands, or left out.
 *
 * @example
 * parseCredentials('[mlflow]\nmlflow_tracking_username = ada\nmlflow_tracking_password = secret');
 */
export function parseCredentials(text: string): FileCredentials {
  const sections = parseSections(text);
  const options = sections.get('mlflow');
  if (options === undefined) return {};
  const all = { ...Object.fromEntries(sections.get('DEFAULT') ?? []), ...Object.fromEntries(options) };
  const username = readOption(all, 'mlflow_tracking_username');
  const password = readOption(all, 'mlflow_tracking_password');
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

function parseSections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let option: { readonly name: string; readonly indent: number } | undefined;
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    const value = line.trim();
    if (/^[#;]/.test(value)) continue;
    const indent = line.length - line.trimStart().length;
    const isMore = option !== undefined && (value === '' || indent > option.indent);
    if (isMore && option !== undefined) section?.set(option.name, `${section.get(option.name) ?? ''}\n${value}`);
    if (isMore || value === '') continue;
    const header = /^\[(.+)\]/.exec(value)?.[1];
    if (header !== undefined) {
      section = sections.get(header) ?? new Map<string, string>();
      sections.set(header, section);
      option = undefined;
      continue;
    }
    const [, name, given = ''] = /^([^=:]*?)\s*[=:]\s*(.*)$/.exec(value) ?? [];
    if (name === undefined || section === undefined) continue;
    option = { name: name.toLowerCase(), indent };
    section.set(option.name, given);
  }
  return sections;
}

function readOption(options: Options, name: string, depth = 0): string {
  const value = Object.hasOwn(options, name) ? (options[name] ?? '').trimEnd() : '';
  return value.replaceAll(/%(?:%|\(([^)]+)\)s)/g, (whole, other?: string) => {
    if (other === undefined) return '%';
    const key = other.toLowerCase();
    return depth < MAX_INTERPOLATION_DEPTH && Object.hasOwn(options, key) ? readOption(options, key, depth + 1) : whole;
  });
}
