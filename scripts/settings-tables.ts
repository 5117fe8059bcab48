// The tables of docs/settings.md, from the fields themselves: `node scripts/settings-tables.ts` writes them into it.
import { readFileSync, writeFileSync } from 'node:fs';
import { ALERTS_FIELDS } from '../src/config/settings/alerts-settings.ts';
import type { Field } from '../src/config/settings/fields.ts';
import { LOGGER_FIELDS } from '../src/config/settings/logger-settings.ts';
import { MLFLOW_FIELDS } from '../src/config/settings/mlflow-fields.ts';

const PAGE = new URL('../docs/settings.md', import.meta.url);
const BEGIN = /(<!-- settings:[^\n]*-->\n)[\s\S]*(\n<!-- end of settings -->)/;

/** Defaults that are worked out, in words. */
const COMPUTED: Readonly<Record<string, string>> = {
  appName: 'the project',
  serviceName: 'the project',
  experimentName: 'the project',
  registryName: 'the project',
};

/** Makes one Markdown table a service. "the project" is the nearest package.json's name, else the folder's. */
export function makeSettingsTables(): string {
  const tables = { LoggerService: LOGGER_FIELDS, AlertsService: ALERTS_FIELDS, MlflowService: MLFLOW_FIELDS };
  return Object.entries(tables)
    .map(([service, fields]) => {
      const rows = Object.entries(fields as Readonly<Record<string, Field<unknown>>>).map(([name, field]) =>
        toRow(name, field),
      );
      return [
        `## ${service}`,
        '',
        '| option | env | default | what it is |',
        '| --- | --- | --- | --- |',
        ...rows,
      ].join('\n');
    })
    .join('\n\n');
}

/** Puts the tables into the page's text. */
export function putSettingsTables(page: string): string {
  return page.replace(BEGIN, (_, begin: string, end: string) => `${begin}\n${makeSettingsTables()}\n${end}`);
}

function toRow(name: string, field: Field<unknown>): string {
  const env = (field.env ?? []).map((each) => `\`${each}\``).join(', ');
  const unit = field.envFactor === undefined ? '' : field.envFactor === 1000 ? ' (in seconds)' : '';
  return `| \`${name}\` | ${env}${unit} | ${toDefault(name, field)} | ${field.doc.replaceAll('|', '\\|')} |`;
}

function toDefault(name: string, { defaultValue }: Field<unknown>): string {
  if (typeof defaultValue === 'function') return COMPUTED[name] ?? 'worked out';
  if (defaultValue === undefined) return '–';
  // No field's default is another object than an empty list.
  return `\`${Array.isArray(defaultValue) ? '[]' : String(defaultValue as string | number | boolean)}\``;
}

if (import.meta.main) writeFileSync(PAGE, putSettingsTables(readFileSync(PAGE, 'utf8')));
