// MLflow's search language, read into plain conditions: `metrics.loss < 0.1 AND tags.stage = 'dev'`, and its orderings.
import { mlflowError } from '../../errors.ts';
import { tokenize, type Token } from './filter-tokens.ts';

/** What a condition or ordering looks at. */
export type FilterEntity = 'metric' | 'parameter' | 'tag' | 'attribute' | 'dataset';

/** How a condition compares. */
export type Comparator =
  '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL';

/** One condition of a filter; all of them must hold. */
export interface Condition {
  readonly entity: FilterEntity;
  readonly key: string;
  readonly comparator: Comparator;
  /** A number for metrics and times; a list for IN and NOT IN; undefined for IS NULL and IS NOT NULL. */
  readonly value: string | number | readonly string[] | undefined;
}

/** One field that a search is ordered by. */
export interface Ordering {
  readonly entity: FilterEntity;
  readonly key: string;
  readonly isAscending: boolean;
}

/** What may be searched for: the words of one kind of search. */
export interface SearchLanguage {
  readonly entities: Readonly<Record<string, FilterEntity>>;
  readonly attributes: ReadonlySet<string>;
  readonly orderAttributes: ReadonlySet<string>;
  readonly numericAttributes: ReadonlySet<string>;
  /** The attributes that can be compared with a list. */
  readonly listAttributes: ReadonlySet<string>;
  /** Other spellings of an attribute. */
  readonly aliases: Readonly<Record<string, string>>;
  /** How texts are compared, params and tags among them. @default params and tags with a text or nothing, attributes as they say */
  readonly textComparators?: ReadonlySet<Comparator>;
  /** Whether a text stands without its quotes too. @default false */
  readonly takesBareTexts?: boolean;
}

const RUN_ATTRIBUTES = ['artifact_uri', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'];

/** The language of runs. */
export const RUN_LANGUAGE: SearchLanguage = {
  entities: {
    metric: 'metric',
    metrics: 'metric',
    parameter: 'parameter',
    parameters: 'parameter',
    param: 'parameter',
    params: 'parameter',
    tag: 'tag',
    tags: 'tag',
    attribute: 'attribute',
    attributes: 'attribute',
    attr: 'attribute',
    run: 'attribute',
    dataset: 'dataset',
    datasets: 'dataset',
  },
  attributes: new Set([...RUN_ATTRIBUTES, 'created', 'Created', 'run name', 'Run name', 'Run Name']),
  orderAttributes: new Set([...RUN_ATTRIBUTES, 'created', 'Created']),
  numericAttributes: new Set(['start_time', 'end_time']),
  listAttributes: new Set(['run_id']),
  aliases: {
    created: 'start_time',
    Created: 'start_time',
    'run name': 'run_name',
    'Run name': 'run_name',
    'Run Name': 'run_name',
  },
};

const EXPERIMENT_ATTRIBUTES = new Set(['creation_time', 'experiment_id', 'last_update_time', 'name']);

/** The language of experiments. */
export const EXPERIMENT_LANGUAGE: SearchLanguage = {
  entities: { attribute: 'attribute', tag: 'tag', tags: 'tag' },
  attributes: EXPERIMENT_ATTRIBUTES,
  orderAttributes: EXPERIMENT_ATTRIBUTES,
  numericAttributes: new Set(['creation_time', 'last_update_time']),
  listAttributes: new Set(['experiment_id']),
  aliases: {},
};

const NUMERIC = new Set<Comparator>(['=', '!=', '<', '<=', '>', '>=']);
const TEXT = new Set<Comparator>(['=', '!=', 'LIKE', 'ILIKE']);
const TEXT_OR_NULL = new Set<Comparator>([...TEXT, 'IS NULL', 'IS NOT NULL']);
/** With a text, or with a list of them. */
export const TEXT_OR_LIST: ReadonlySet<Comparator> = new Set<Comparator>([...TEXT, 'IN', 'NOT IN']);
const COMPARATORS = new Set<string>([...NUMERIC, ...TEXT_OR_NULL, ...TEXT_OR_LIST]);
const DATASET_KEYS = ['name', 'digest', 'context'];

/**
 * Reads a filter into its conditions; an empty one has none.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for anything that MLflow refuses: OR, parentheses, an unknown field or comparator,
 *   a value of the wrong kind
 * @see https://mlflow.org/docs/latest/search-runs.html
 * @example
 * parseFilter("params.`learning rate` = '0.1' AND metrics.loss < 0.2", RUN_LANGUAGE);
 */
export function parseFilter(filter: string | undefined, language: SearchLanguage): readonly Condition[] {
  const tokens = tokenize(filter ?? '');
  const conditions: Condition[] = [];
  let position = 0;
  while (position < tokens.length) {
    const { condition, next } = readCondition(tokens, position, language);
    conditions.push(condition);
    position = next;
    if (position === tokens.length) break;
    if (!isWord(tokens[position], 'AND') || position + 1 === tokens.length) throw invalidClause(tokens.slice(position));
    position += 1;
  }
  return conditions;
}

/**
 * Reads `order_by` clauses such as "metrics.loss ASC" or "start_time DESC".
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for an unknown field or direction, or one field twice
 */
export function parseOrderBy(clauses: readonly string[] | undefined, language: SearchLanguage): readonly Ordering[] {
  const orderings: Ordering[] = [];
  for (const clause of clauses ?? []) {
    const [field, direction, ...rest] = tokenize(clause);
    if (field?.kind !== 'name' || rest.length > 0) {
      throw invalid(`Invalid order_by clause '${clause}'. Could not be parsed.`);
    }
    if (direction !== undefined && !isWord(direction, 'ASC') && !isWord(direction, 'DESC')) {
      throw invalid(`Invalid ordering key in order_by clause '${clause}'.`);
    }
    const { entity, key } = readField(field, language, language.orderAttributes);
    if (entity === 'dataset') throw invalid(`Invalid identifier type 'dataset' in order_by clause '${clause}'.`);
    if (orderings.some((each) => each.entity === entity && each.key === key)) {
      throw invalid(`'order_by' contains duplicate fields: ${clauses?.join(', ')}`);
    }
    orderings.push({ entity, key, isAscending: direction === undefined || isWord(direction, 'ASC') });
  }
  return orderings;
}

function readCondition(
  tokens: readonly Token[],
  start: number,
  language: SearchLanguage,
): { readonly condition: Condition; readonly next: number } {
  const name = tokens[start];
  if (name?.kind !== 'name' || isWord(name, 'AND')) throw invalidClause(tokens.slice(start));
  const { comparator, next: valueAt } = readComparator(tokens, start + 1);
  const { entity, key } = readField(name, language, language.attributes);
  checkComparator(comparator, { entity, key }, language);
  if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') {
    return { condition: { entity, key, comparator, value: undefined }, next: valueAt };
  }
  if (comparator === 'IN' || comparator === 'NOT IN') {
    const { values, next } = readList(tokens, valueAt);
    return { condition: { entity, key, comparator, value: values }, next };
  }
  const isNumeric = entity === 'metric' || (entity === 'attribute' && language.numericAttributes.has(key));
  const token = tokens[valueAt];
  const isBare = language.takesBareTexts === true && (token?.kind === 'name' || token?.kind === 'number');
  const value = isNumeric
    ? readNumber(token, { entity, key })
    : isBare && !isQuoted(token)
      ? token.text
      : readText(token, { entity, key });
  return { condition: { entity, key, comparator, value }, next: valueAt + 1 };
}

function readComparator(
  tokens: readonly Token[],
  start: number,
): { readonly comparator: Comparator; readonly next: number } {
  const first = tokens[start];
  if (first?.kind === 'operator') return { comparator: asComparator(first.text), next: start + 1 };
  if (first?.kind !== 'name') throw invalidClause(tokens.slice(start - 1));
  let text = first.text.toUpperCase();
  let next = start + 1;
  while (text === 'NOT' || text === 'IS' || text === 'IS NOT') {
    text = `${text} ${tokens[next]?.text.toUpperCase() ?? ''}`;
    next += 1;
  }
  return { comparator: asComparator(text), next };
}

function asComparator(text: string): Comparator {
  if (!COMPARATORS.has(text)) throw invalid(`Invalid comparator '${text}' not one of '${[...COMPARATORS].join(', ')}'`);
  return text as Comparator; // it is one of the set of them
}

function readField(
  token: Token,
  language: SearchLanguage,
  attributes: ReadonlySet<string>,
): { readonly entity: FilterEntity; readonly key: string } {
  const dot = token.text.startsWith('`') || token.text.startsWith('"') ? -1 : token.text.indexOf('.');
  const kind = dot < 0 ? 'attribute' : token.text.slice(0, dot);
  const entity = Object.hasOwn(language.entities, kind) ? language.entities[kind] : undefined;
  if (entity === undefined) {
    const valid = [...new Set(Object.values(language.entities))].join(', ');
    throw invalid(`Invalid entity type '${kind}'. Valid values are ${valid}`);
  }
  const key = unquote(token.text.slice(dot + 1));
  if (entity === 'attribute' && !attributes.has(key)) {
    throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${[...attributes].join(', ')}'`);
  }
  if (entity === 'dataset' && !DATASET_KEYS.includes(key)) {
    throw invalid(`Invalid dataset key '${key}' specified. Valid keys are '${DATASET_KEYS.join(', ')}'`);
  }
  if (entity === 'attribute' && Object.hasOwn(language.aliases, key))
    return { entity, key: language.aliases[key] ?? key };
  return { entity, key };
}

function checkComparator(
  comparator: Comparator,
  field: { readonly entity: FilterEntity; readonly key: string },
  language: SearchLanguage,
): void {
  const valid = comparatorsOf(field, language);
  if (valid.has(comparator)) return;
  throw invalid(
    `Invalid comparator '${comparator}' for ${field.entity} '${field.key}', not one of '${[...valid].join(', ')}'`,
  );
}

function comparatorsOf(
  field: { readonly entity: FilterEntity; readonly key: string },
  language: SearchLanguage,
): ReadonlySet<Comparator> {
  if (field.entity === 'metric') return NUMERIC;
  if (field.entity === 'attribute' && language.numericAttributes.has(field.key)) return NUMERIC;
  if (language.textComparators !== undefined) return language.textComparators;
  if (field.entity === 'dataset') return TEXT_OR_LIST;
  if (field.entity !== 'attribute') return TEXT_OR_NULL;
  return language.listAttributes.has(field.key) ? TEXT_OR_LIST : TEXT;
}

function readNumber(token: Token | undefined, field: { readonly entity: FilterEntity; readonly key: string }): number {
  if (token?.kind === 'number') return Number(token.text);
  throw invalid(`Expected numeric value type for ${field.entity} '${field.key}'. Found ${token?.text ?? 'nothing'}`);
}

function readText(token: Token | undefined, field: { readonly entity: FilterEntity; readonly key: string }): string {
  if (token?.kind === 'text' || (token?.kind === 'name' && token.text.startsWith('"'))) return unquote(token.text);
  const found = token?.text ?? 'nothing';
  throw invalid(
    `Expected a quoted string value for ${field.entity} '${field.key}' (e.g. 'my-value'). Got value ${found}`,
  );
}

function readList(
  tokens: readonly Token[],
  start: number,
): { readonly values: readonly string[]; readonly next: number } {
  const values: string[] = [];
  let next = start + 1;
  const isOpen = tokens[start]?.text === '(';
  while (isOpen && isQuoted(tokens[next])) {
    values.push(unquote(tokens[next]?.text ?? ''));
    next += tokens[next + 1]?.text === ',' ? 2 : 1;
    if (tokens[next - 1]?.text !== ',') break;
  }
  if (values.length === 0 || tokens[next]?.text !== ')') {
    throw invalid(
      'While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.',
    );
  }
  return { values, next: next + 1 };
}

function isQuoted(token: Token | undefined): boolean {
  return token?.kind === 'text' || (token?.kind === 'name' && token.text.startsWith('"'));
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'name' && token.text.toUpperCase() === word;
}

/** Takes the outer quotes off and leaves what is between them alone, as MLflow does: a doubled quote stays doubled. */
function unquote(text: string): string {
  const first = text[0];
  const isWrapped = text.length >= 2 && (first === "'" || first === '"' || first === '`') && text.endsWith(first);
  return isWrapped ? text.slice(1, -1) : text;
}

function invalidClause(tokens: readonly Token[]): Error {
  const rest = tokens.map((token) => token.text).join(' ');
  return invalid(
    `Invalid clause(s) in filter string: '${rest}'. Conditions are joined by AND; there is no OR and no parenthesis.`,
  );
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
