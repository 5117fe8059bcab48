// Variables of Python's client that change who a job is to its server, and that have no meaning here: said once, never passed over.
import { findVariable, type SettingsSources } from './sources.ts';

/** What each stands for, and what does it here. */
const UNHEARD = {
  MLFLOW_TRACKING_AUTH:
    'names a Python plugin, which Node cannot load. Give a token by MLFLOW_TRACKING_TOKEN, or a function as `token`',
  MLFLOW_TRACKING_AWS_SIGV4:
    "asks for requests signed for AWS, which are not made here. Reach the server by a proxy that signs, or by a user or token of MLflow's own",
} as const;

/** Words that switch a variable of Python's client off. */
const OFF: ReadonlySet<string> = new Set(['false', '0']);

/**
 * Says what of Python's authentication is set and is not heard, a sentence for each.
 *
 * @example
 * sayUnheard(loadSources({ env: { MLFLOW_TRACKING_AUTH: 'kubernetes' } }));
 */
export function sayUnheard(sources: Pick<SettingsSources, 'env' | 'dotenv'>): readonly string[] {
  return Object.entries(UNHEARD).flatMap(([name, what]) => {
    const found = findVariable(sources, name)?.text;
    return found === undefined || OFF.has(found.trim().toLowerCase()) ? [] : [`${name} ${what}.`];
  });
}
