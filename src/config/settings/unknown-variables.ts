// Variables that look like a setting and are none: a slip of the hand, which nobody would hear of otherwise.
import { ALERTS_FIELDS } from './alerts-settings.ts';
import type { EnvSnapshot } from '../env.ts';
import type { Field } from './fields.ts';
import { findNear } from '../../model/find-like.ts';
import { LOGGER_FIELDS } from './logger-settings.ts';
import { MLFLOW_FIELDS } from './mlflow-fields.ts';

/** Ours that are no settings of a service. */
const OTHERS = [
  'RUNSPAN_CONFIG',
  'RUNSPAN_INSTRUMENTATIONS',
  'RUNSPAN_OTLP_HTTP_ENDPOINT',
  'RUNSPAN_RUN_KEY',
  'RUNSPAN_RUN_NAME',
  'RUNSPAN_RUN_URL',
];
type Table = Readonly<Record<string, Field<unknown>>>;

/** Each table of settings is one of fields. */
const TABLES = { logger: LOGGER_FIELDS, alerts: ALERTS_FIELDS, mlflow: MLFLOW_FIELDS } as unknown as Readonly<
  Record<string, Table>
>;
const OURS = /^RUNSPAN_/i;
const OF_A_SERVICE = /^RUNSPAN_(?:LOGGER|ALERTS|MLFLOW)_/i;

/**
 * Says of each variable that begins with `RUNSPAN_` and is none of ours, though it is like one or names a service, what it may have meant.
 *
 * @example
 * findUnknownVariables({ RUNSPAN_LOGGER_LEVLE: 'INFO' }); // ["RUNSPAN_LOGGER_LEVLE is no variable of runspan. Did you mean …
 */
export function findUnknownVariables(env: EnvSnapshot): readonly string[] {
  // A process that joins a run has the environment of the one that opened it, which has said it.
  if ((env['RUNSPAN_RUN_KEY'] ?? '') !== '') return [];
  const known = [...OTHERS, ...Object.values(TABLES).flatMap(variablesOf)];
  return Object.keys(env).flatMap((name) => {
    if (!OURS.test(name) || known.includes(name.toUpperCase())) return [];
    const meant = findNear(name, known) ?? variableOfField(name);
    if (meant === undefined && !OF_A_SERVICE.test(name)) return [];
    const mend = meant === undefined ? 'docs/settings.md has all there are.' : `Did you mean ${meant}?`;
    return [`${name} is no variable of runspan. ${mend}`];
  });
}

/** A setting's variable may be MLflow's or OpenTelemetry's own, where one looks for ours. */
function variableOfField(name: string): string | undefined {
  const [, section = '', key = ''] = /^RUNSPAN_(LOGGER|ALERTS|MLFLOW)_(.+)$/i.exec(name) ?? [];
  const fields = TABLES[section.toLowerCase()] ?? {};
  const field = findNear(key, Object.keys(fields));
  return field === undefined ? undefined : fields[field]?.env?.[0];
}

function variablesOf(fields: Table): readonly string[] {
  return Object.values(fields).flatMap(({ env = [] }) => env.filter((name) => OURS.test(name)));
}
