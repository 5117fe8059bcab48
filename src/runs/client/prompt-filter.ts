// A search of prompts in the language of registered models, to which prompts and their experiments are tags.
import { mlflowError } from '../../errors.ts';
import { IS_PROMPT_TAG } from '../../model/registry.ts';
import { EXPERIMENT_IDS_TAG } from './prompt-tags.ts';

const EXPERIMENT = /experiment_id\s*=\s*['"]([^'"]+)['"]/;

/**
 * Says a filter of prompts as one of registered models.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for an experiment that is no number
 */
export function promptFilter(filter: string | undefined): string {
  const clauses = [`tags.\`${IS_PROMPT_TAG}\` = 'true'`];
  const rest = filter ?? '';
  const [whole, id] = EXPERIMENT.exec(rest) ?? [];
  if (whole === undefined || id === undefined) return [...clauses, ...(rest === '' ? [] : [rest])].join(' AND ');
  if (!/^\d+$/.test(id))
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid experiment_id: ${id}. Must be a numeric value.`);
  clauses.push(`tags.${EXPERIMENT_IDS_TAG} LIKE '%,${id},%'`);
  const others = rest
    .replace(new RegExp(EXPERIMENT, 'g'), '')
    .trim()
    .replace(/^\s*AND\s+/, '')
    .replace(/\s+AND\s*$/, '')
    .replace(/\s+AND\s+AND\s+/, ' AND ');
  return [...clauses, ...(others === '' ? [] : [others])].join(' AND ');
}
