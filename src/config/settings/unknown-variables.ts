// Variables that look like a setting and are none: a slip of the hand, which nobody would hear of otherwise.
import { ALERTS_FIELDS } from './alerts-settings.ts';
import type { EnvSnapshot } from '../env.ts';
import type { Field } from './fields.ts';
import { findNear } from './find-like.ts';
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
const OURS = /^RUNSPAN_/i;
const OF_A_SERVICE = /^RUNSPAN_(?:LOGGER|ALERTS|MLFLOW)_/i;

/**
 * Says of each variable that begins with `RUNSPAN_` and is none of ours, though it is like one or names a service, what it may have meant.
 *
 * @example
 * findUnknownVariables({ RUNSPAN_LOGGER_LEVLE: 'INFO' }); // ["RUNSPAN_LOGGER_LEVLE is no variable of runspan. Did you mean …
 */
export function findUnknownVariables(env: EnvSnapshot): readonly string[] {
  const known = [...OTHERS, ...[LOGGER_FIELDS, ALERTS_FIELDS, MLFLOW_FIELDS].flatMap(variablesOf)];
  return Object.keys(env).flatMap((name) => {
    if (!OURS.test(name) || known.includes(name.toUpperCase())) return [];
    const meant = findNear(name, known);
    if (meant === undefined && !OF_A_SERVICE.test(name)) return [];
    const mend = meant === undefined ? 'docs/settings.md has all there are.' : `Did you mean ${meant}?`;
    return [`${name} is no variable of runspan. ${mend}`];
  });
}

function variablesOf(fields: object): readonly string[] {
  // Each table of settings is one of fields.
  return Object.values(fields as Readonly<Record<string, Field<unknown>>>).flatMap(({ env = [] }) =>
    env.filter((name) => OURS.test(name)),
  );
}
