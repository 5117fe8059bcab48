// `runspan config`: every setting of the three services as it is resolved here, and where it comes from.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ALERTS_FIELDS } from '../config/settings/alerts-settings.ts';
import type { Field, Provenance } from '../config/settings/fields.ts';
import { LOGGER_FIELDS } from '../config/settings/logger-settings.ts';
import { MLFLOW_FIELDS } from '../config/settings/mlflow-fields.ts';
import { resolveMlflowSettings } from '../config/settings/mlflow-settings.ts';
import { resolveSettings } from '../config/settings/settings.ts';
import type { SettingsSources } from '../config/settings/sources.ts';
import { findUnknownVariables } from '../config/settings/unknown-variables.ts';
import { createRedactor } from '../model/redact.ts';
import { oneLine, paint } from './text/format.ts';
import { layOut } from './text/table.ts';

/** What `runspan config` was asked for. */
export interface ConfigRequest {
  /** Defaults too. @default false */
  readonly all?: boolean;
  readonly json?: boolean;
}

/** One setting as it is. */
export interface ShownSetting {
  readonly service: string;
  readonly name: string;
  /** Masked where it is secret; null where there is none. */
  readonly value: unknown;
  readonly source: Provenance['source'];
  /** The variable, or file and line. */
  readonly from: string | null;
}

const SECTIONS = { logger: LOGGER_FIELDS, alerts: ALERTS_FIELDS, mlflow: MLFLOW_FIELDS } as const;
const MASK = '[REDACTED]';
const redactor = createRedactor();

/**
 * Shows what the services would be told by env, `.env` and the settings file.
 *
 * @throws {RunspanError} `INVALID_SETTINGS` and the others that a service's constructor throws
 */
export function showConfig(request: ConfigRequest, sources: SettingsSources): string {
  // What is wrong only together is refused here as by the service.
  resolveMlflowSettings({}, sources);
  const found = Object.entries(SECTIONS).flatMap(([section, fields]) =>
    readSection(section as keyof typeof SECTIONS, fields as Readonly<Record<string, Field<unknown>>>, sources),
  );
  if (request.json) return JSON.stringify(found, undefined, 2);
  const shown = request.all ? found : found.filter(({ source }) => source !== 'default');
  const rows = shown.map(({ service, name, value, source, from }) => [
    `${service}.${name}`,
    oneLine(typeof value === 'string' ? value : JSON.stringify(value), 60),
    { text: from ?? source, paint: (padded: string) => paint(source === 'default' ? 'dim' : 'cyan', padded) },
  ]);
  const rest = found.length - shown.length;
  const more = rest > 0 ? `${rest} settings have their defaults: runspan config --all shows them.` : '';
  const header = ['SETTING', 'VALUE', 'FROM'].map((text) => ({
    text,
    paint: (padded: string) => paint('dim', padded),
  }));
  const unknown = findUnknownVariables({ ...sources.dotenv?.values, ...sources.env }).join('\n');
  return [rows.length > 0 ? layOut([header, ...rows]) : '', more, unknown].filter(Boolean).join('\n\n');
}

function readSection(
  section: keyof typeof SECTIONS,
  fields: Readonly<Record<string, Field<unknown>>>,
  sources: SettingsSources,
): readonly ShownSetting[] {
  const { settings, provenance } = resolveSettings<Record<string, unknown>>(fields, {}, { section, sources });
  return Object.entries(fields).map(([name, field]) => {
    const from = provenance[name] ?? { source: 'default' };
    return {
      service: section,
      name,
      value: toShown(settings[name], field),
      source: from.source,
      from: placeOf(from, { section, name, sources }),
    };
  });
}

function toShown(value: unknown, field: Field<unknown>): unknown {
  if (value === undefined || value === null) return null;
  if (field.isSensitive === true) return MASK;
  return typeof value === 'string' ? redactor.redactText(value) : value;
}

function placeOf(
  { source, name = '' }: Provenance,
  at: { readonly section: string; readonly name: string; readonly sources: SettingsSources },
): string | null {
  const { folder } = at.sources;
  if (source === 'env') return `${name} (environment)`;
  if (source === '.env')
    return `.env${lineIn(join(folder, '.env'), [new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, 'i')])} (${name})`;
  if (source !== 'file') return null;
  const key = (word: string): RegExp =>
    new RegExp(`^\\s*(\\{\\s*)?\\[?["']?${word}["']?\\s*[\\]:=]|["']${word}["']\\s*:`);
  return `${name}${lineIn(resolve(folder, name), [key(at.section), key(at.name)])}`;
}

/** The line where the last pattern is found, after the ones before it: `:3`; nothing where it cannot be told. */
function lineIn(file: string, patterns: readonly RegExp[]): string {
  let at = -1;
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    for (const pattern of patterns) {
      at = lines.findIndex((line, index) => index >= Math.max(at, 0) && pattern.test(line));
      if (at < 0) return '';
    }
  } catch {
    return ''; // it was read a moment ago; the name alone still says where
  }
  return `:${at + 1}`;
}
