// Conditions and orderings of MLflow's search language on plain runs and experiments, as SQLite would judge them: for stores without SQL.
import { mlflowError } from '../../errors.ts';
import type { Experiment, RunEntity } from '../../model/entities.ts';
import type { Condition, Ordering } from './filter.ts';
import { badExperimentId, RUN_NAME_TAG } from '../rules/rules.ts';

/** What a field holds; undefined where it is not there. */
export type Value = string | number | undefined;
/** An order, as sort takes it. */
export type Compare<T> = (a: T, b: T) => number;

/** Tells whether a run meets all conditions; one that lacks the field meets none but IS NULL. */
export function matchesRun(run: RunEntity, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    if (condition.entity === 'dataset') return datasetValues(run, condition.key).some((one) => meets(one, condition));
    return meets(runValue(run, condition), condition);
  });
}

/** Tells whether an experiment meets all conditions. */
export function matchesExperiment(experiment: Experiment, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    if (condition.entity !== 'attribute') return meets(ownValue(experiment.tags, condition.key), condition);
    if (condition.key === 'experiment_id') return meets(experiment.experimentId, withPlainIds(condition));
    return meets(experimentValue(experiment, condition.key), condition);
  });
}

/** Returns the order of runs: by what is asked, then the newest first, then by id. Those that lack a field come last, NaN before them. */
export function runOrder(orderings: readonly Ordering[]): Compare<RunEntity> {
  const isByStart = orderings.some((each) => each.entity === 'attribute' && each.key === 'start_time');
  return (a, b) => {
    for (const ordering of orderings) {
      const [left, right] = [runOrderValue(a, ordering), runOrderValue(b, ordering)];
      const order = rank(left) - rank(right) || directed(compareValues(left, right), ordering);
      if (order !== 0) return order;
    }
    const byStart = isByStart ? 0 : b.info.startTimeMs - a.info.startTimeMs;
    return byStart || compareText(a.info.runId, b.info.runId);
  };
}

/**
 * Returns the order of experiments: by what is asked; by default the newest first.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a field that experiments are not ordered by
 */
export function experimentOrder(orderings: readonly Ordering[]): Compare<Experiment> {
  const other = orderings.find((each) => each.entity !== 'attribute');
  if (other !== undefined) throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid order_by entity: ${other.entity}`);
  const isDefault = orderings.length === 0;
  const fields = isDefault ? [{ key: 'creation_time', isAscending: false }] : orderings;
  return (a, b) => {
    for (const field of fields) {
      const [left, right] = [experimentValue(a, field.key), experimentValue(b, field.key)];
      const order = directed(field.key === 'experiment_id' ? compareIds(a, b) : compareNullsFirst(left, right), field);
      if (order !== 0) return order;
    }
    return isDefault ? compareIds(a, b) : compareIds(b, a);
  };
}

/** LIKE as SQLite has it: `%` is any text, `_` any one character. */
export function isLike(text: string, pattern: string): boolean {
  const [characters, parts] = [Array.from(text), Array.from(pattern)];
  let [at, partAt, starAt, retryAt] = [0, 0, -1, 0];
  while (at < characters.length) {
    const part = parts[partAt];
    if (part === '%') {
      starAt = partAt;
      retryAt = at;
      partAt += 1;
    } else if (part === '_' || (part !== undefined && part === characters[at])) {
      at += 1;
      partAt += 1;
    } else if (starAt >= 0) {
      retryAt += 1;
      at = retryAt;
      partAt = starAt + 1;
    } else return false;
  }
  while (parts[partAt] === '%') partAt += 1;
  return partAt === parts.length;
}

/** Tells whether a field's value meets a condition. */
export function meets(found: Value, { comparator, value }: Condition): boolean {
  if (comparator === 'IS NULL') return found === undefined;
  if (found === undefined) return false;
  if (comparator === 'IS NOT NULL') return true;
  if (comparator === 'IN') return Array.isArray(value) && value.includes(found);
  if (comparator === 'NOT IN') return Array.isArray(value) && !value.includes(found);
  if (comparator === 'LIKE') return isLike(String(found), String(value));
  if (comparator === 'ILIKE') return isLike(lowerAscii(String(found)), lowerAscii(String(value)));
  if (comparator === '=') return found === value;
  if (comparator === '!=') return found !== value;
  const order = Number(found) - Number(value); // the language compares numbers alone by size; NaN is neither
  if (comparator === '<') return order < 0;
  if (comparator === '<=') return order <= 0;
  return comparator === '>' ? order > 0 : order >= 0;
}

function runValue(run: RunEntity, { entity, key }: { readonly entity: string; readonly key: string }): Value {
  if (entity === 'metric') return ownValue(run.data.metrics, key);
  if (entity === 'parameter') return ownValue(run.data.params, key);
  if (entity === 'tag') return ownValue(run.data.tags, key);
  // Names are looked up by their tag, as MLflow does.
  return key === 'run_name' ? ownValue(run.data.tags, RUN_NAME_TAG) : runAttribute(run, key);
}

function runOrderValue(run: RunEntity, { entity, key }: Ordering): Value {
  return entity === 'attribute' && key === 'run_name' ? run.info.runName : runValue(run, { entity, key });
}

function runAttribute({ info }: RunEntity, key: string): Value {
  if (key === 'run_id') return info.runId;
  if (key === 'user_id') return info.userId;
  if (key === 'status') return info.status;
  if (key === 'start_time') return info.startTimeMs;
  return key === 'end_time' ? info.endTimeMs : info.artifactUri;
}

function datasetValues(run: RunEntity, key: string): readonly Value[] {
  return run.inputs.datasetInputs.flatMap(({ dataset, tags }) => {
    if (key === 'context') return tags.filter((tag) => tag.key === 'mlflow.data.context').map((tag) => tag.value);
    return key === 'name' ? dataset.name : dataset.digest;
  });
}

function experimentValue(experiment: Experiment, key: string): Value {
  if (key === 'name') return experiment.name;
  return key === 'creation_time' ? experiment.creationTimeMs : experiment.lastUpdateTimeMs;
}

/** Ids are integers in SQL: `007` is 7 there, and a text is none. */
function withPlainIds(condition: Condition): Condition {
  if (condition.comparator === 'LIKE' || condition.comparator === 'ILIKE') {
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid comparator for experiment_id: ${condition.comparator}`);
  }
  const plain = (id: string): string => {
    if (!/^-?\d{1,19}$/.test(id)) throw badExperimentId(id);
    return String(BigInt(id));
  };
  const { value } = condition;
  return { ...condition, value: Array.isArray(value) ? value.map(plain) : plain(String(value)) };
}

/** What a record holds under a key of its own. */
export function ownValue<T extends Value>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function rank(value: Value): number {
  if (value === undefined) return 2;
  return Number.isNaN(value) ? 1 : 0;
}

/** Numbers by size, texts by code points; others are equal. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : Number(a > b);
  return typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : 0;
}

/** As SQL orders a column: what is not there is the smallest. */
function compareNullsFirst(a: Value, b: Value): number {
  return a === undefined || b === undefined ? Number(a !== undefined) - Number(b !== undefined) : compareValues(a, b);
}

function compareIds(a: Experiment, b: Experiment): number {
  const [left, right] = [BigInt(a.experimentId), BigInt(b.experimentId)];
  return left < right ? -1 : Number(left > right);
}

/** By code points, as SQLite compares its UTF-8. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function directed(order: number, { isAscending }: { readonly isAscending: boolean }): number {
  return isAscending ? order : -order;
}

function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
