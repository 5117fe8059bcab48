// A search of the model registry, read into plain conditions and orderings: models and versions have a language each, as in MLflow.
import { mlflowError, uncodedError } from '../../errors.ts';
import { IS_PROMPT_TAG } from '../../model/registry.ts';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import { type Condition, parseFilter, parseOrderBy, type SearchLanguage } from './filter.ts';
import { offsetOf } from './paging.ts';

/** What of the registry is searched. */
export type RegistryKind = 'models' | 'versions';

/** An attribute that is ordered by. */
export interface RegistryOrdering {
  readonly key: string;
  readonly isAscending: boolean;
}

/** One page of a search. */
export interface RegistryPageSearch {
  readonly conditions: readonly Condition[];
  /** Prompts are in only where the filter says so; then their tag is a condition like any other. */
  readonly leavesPromptsOut: boolean;
  /** What decides comes first; the last ones leave no two alike. */
  readonly orderings: readonly RegistryOrdering[];
  readonly size: number;
  readonly offset: number;
}

interface Rules {
  readonly language: SearchLanguage;
  /** Other names of an attribute in an order. */
  readonly orderAliases: Readonly<Record<string, string>>;
  readonly maxPageSize: number;
  /** The order where none is asked for. */
  readonly byDefault: readonly RegistryOrdering[];
  /** What orders those that are alike. */
  readonly last: readonly RegistryOrdering[];
}

const ENTITIES = { attribute: 'attribute', tag: 'tag', tags: 'tag' } as const;
const BY_NAME: RegistryOrdering = { key: 'name', isAscending: true };

const RULES: Readonly<Record<RegistryKind, Rules>> = {
  models: {
    language: {
      entities: ENTITIES,
      attributes: new Set(['name']),
      orderAttributes: new Set(['name', 'timestamp', 'last_updated_timestamp']),
      numericAttributes: new Set(),
      listAttributes: new Set(['name']),
      aliases: {},
    },
    orderAliases: { timestamp: 'last_updated_timestamp' },
    maxPageSize: 1_000,
    byDefault: [],
    last: [BY_NAME],
  },
  versions: {
    language: {
      entities: ENTITIES,
      attributes: new Set(['name', 'version_number', 'run_id', 'source_path']),
      orderAttributes: new Set(['name', 'version_number', 'creation_timestamp', 'last_updated_timestamp']),
      numericAttributes: new Set(['version_number']),
      listAttributes: new Set(['name', 'run_id']),
      aliases: {},
    },
    orderAliases: {},
    maxPageSize: 200_000,
    byDefault: [{ key: 'last_updated_timestamp', isAscending: false }],
    last: [BY_NAME, { key: 'version_number', isAscending: false }],
  },
};

/**
 * Reads a search of registered models or of their versions.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for what MLflow refuses: OR, an unknown field, a page that is too large
 */
export function readRegistrySearch(kind: RegistryKind, request: RegistrySearch): RegistryPageSearch {
  const { maxResults: size, filter, orderBy, pageToken } = request;
  checkSize(kind, size);
  const offset = offsetOf(pageToken);
  return { size, offset, ...readConditions(kind, filter), orderings: readOrderings(kind, orderBy) };
}

function checkSize(kind: RegistryKind, size: number): void {
  const { maxPageSize } = RULES[kind];
  if (kind === 'versions' && size < 1)
    throw invalid(`Invalid value for max_results. It must be a positive integer, but got ${size}`);
  if (size > maxPageSize)
    throw invalid(
      `Invalid value for request parameter max_results. It must be at most ${maxPageSize}, but got value ${size}`,
    );
}

function readConditions(
  kind: RegistryKind,
  filter: string | undefined,
): Pick<RegistryPageSearch, 'conditions' | 'leavesPromptsOut'> {
  const conditions = parseFilter(filter, RULES[kind].language);
  const isPromptTag = ({ entity, key }: Condition): boolean => entity === 'tag' && key === IS_PROMPT_TAG;
  const leavesPromptsOut = !asksForPrompts(conditions.find(isPromptTag));
  const kept = leavesPromptsOut ? conditions.filter((condition) => !isPromptTag(condition)) : conditions;
  kept.forEach(checkCondition);
  return { conditions: kept, leavesPromptsOut };
}

function asksForPrompts(condition: Condition | undefined): boolean {
  const value = String(condition?.value).toLowerCase();
  return (condition?.comparator === '=' && value === 'true') || (condition?.comparator === '!=' && value === 'false');
}

function checkCondition({ entity, key, comparator, value }: Condition): void {
  if (entity === 'attribute' && key === 'version_number' && !Number.isSafeInteger(value))
    throw invalid(`Invalid value for numeric attribute '${key}': ${String(value)}`);
  if (entity === 'tag' && (comparator === 'IS NULL' || comparator === 'IS NOT NULL'))
    throw invalid(`Invalid comparator for tag: ${comparator}`);
}

function readOrderings(kind: RegistryKind, orderBy: readonly string[] | undefined): readonly RegistryOrdering[] {
  const { language, orderAliases, byDefault, last } = RULES[kind];
  const asked: RegistryOrdering[] = [];
  for (const { entity, key: given, isAscending } of parseOrderBy(orderBy, language)) {
    if (entity !== 'attribute') throw invalid(`Invalid order by key '${given}' specified.`);
    const key = orderAliases[given] ?? given;
    // Two names of one time are one field to MLflow; it gives that error no code.
    if (asked.some((each) => each.key === key))
      throw uncodedError(`'order_by' contains duplicate fields: ${orderBy?.join(', ')}`);
    asked.push({ key, isAscending });
  }
  const first = asked.length === 0 ? byDefault : asked;
  return [...first, ...last.filter(({ key }) => !first.some((each) => each.key === key))];
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
