// MLflow's search language: what is read, and what is refused in which words.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import { EXPERIMENT_LANGUAGE, parseFilter, parseOrderBy, RUN_LANGUAGE } from '../../../src/stores/search/filter.ts';

function read(filter: string): unknown[] {
  return parseFilter(filter, RUN_LANGUAGE).map((each) => [each.entity, each.key, each.comparator, each.value]);
}

describe('a filter for runs', () => {
  test.each([
    ['', []],
    ['   ', []],
    ['metrics.x > 1', [['metric', 'x', '>', 1]]],
    ['metric.x>=-1.5e-3', [['metric', 'x', '>=', -0.0015]]],
    ['metrics.x = .5', [['metric', 'x', '=', 0.5]]],
    ['metrics.a.b != 2', [['metric', 'a.b', '!=', 2]]],
    ['metrics.`a b/c-d` < 2', [['metric', 'a b/c-d', '<', 2]]],
    ['metrics."a b" < 2', [['metric', 'a b', '<', 2]]],
    ['metrics.é > 1', [['metric', 'é', '>', 1]]],
    ["params.order = 'c'", [['parameter', 'order', '=', 'c']]],
    ["tags.mlflow.source.type like 'LO%'", [['tag', 'mlflow.source.type', 'LIKE', 'LO%']]],
    ['tags.a = "dou\'ble"', [['tag', 'a', '=', "dou'ble"]]],
    ["tags.a = 'it''s'", [['tag', 'a', '=', "it''s"]]],
    [
      "tags.a = 'AND'AND tags.b IS  NOT NULL",
      [
        ['tag', 'a', '=', 'AND'],
        ['tag', 'b', 'IS NOT NULL', undefined],
      ],
    ],
    ['params.a is null', [['parameter', 'a', 'IS NULL', undefined]]],
    ["status = 'RUNNING'", [['attribute', 'status', '=', 'RUNNING']]],
    ["`Run name` = 'x'", [['attribute', 'run_name', '=', 'x']]],
    ["attr.`run name` ILIKE 'x'", [['attribute', 'run_name', 'ILIKE', 'x']]],
    ['created > 5', [['attribute', 'start_time', '>', 5]]],
    ["run.run_id IN ('a','b',)", [['attribute', 'run_id', 'IN', ['a', 'b']]]],
    ['run_id not in ("a")', [['attribute', 'run_id', 'NOT IN', ['a']]]],
    ["datasets.digest IN ('a')", [['dataset', 'digest', 'IN', ['a']]]],
    [
      "metrics.x > 1 AnD params.y='b'",
      [
        ['metric', 'x', '>', 1],
        ['parameter', 'y', '=', 'b'],
      ],
    ],
  ])('%s', (filter, conditions) => {
    expect(read(filter)).toEqual(conditions);
  });

  test.each([
    ['metrics.x', "Invalid clause(s) in filter string: 'metrics.x'"],
    ['metrics.x > 1 OR metrics.y > 2', "'OR metrics.y > 2'. Conditions are joined by AND"],
    ['(metrics.x > 1)', "'( metrics.x > 1 )'"],
    ['metrics.x > 1 AND', "'AND'"],
    ['AND metrics.x > 1', "'AND metrics.x > 1'"],
    ["tags.a = 'open", `Invalid clause(s) in filter string: ''open'`],
    ['metrics.a-b > 1', "'-b > 1'"],
    ["metrics.x > 'a'", "Expected numeric value type for metric 'x'. Found 'a'"],
    ['metrics.x >', 'Found nothing'],
    ['metrics.x IS NULL', "Invalid comparator 'IS NULL' for metric 'x'"],
    ['tags.a = 5', "Expected a quoted string value for tag 'a' (e.g. 'my-value'). Got value 5"],
    ['tags.a = `x`', 'Got value `x`'],
    ["tags.a == 'x'", "Invalid comparator '=='"],
    ["tags.a NOT LIKE 'x'", "Invalid comparator 'NOT LIKE'"],
    ["params.a > 'x'", "Invalid comparator '>' for parameter 'a'"],
    ["attribute.foo = 'x'", "Invalid attribute key 'foo' specified. Valid keys are 'artifact_uri, end_time"],
    ["foo.bar = 'x'", "Invalid entity type 'foo'. Valid values are metric, parameter, tag, attribute, dataset"],
    ["constructor.x = 'x'", "Invalid entity type 'constructor'"],
    ["dataset.foo = 'x'", "Invalid dataset key 'foo' specified. Valid keys are 'name, digest, context'"],
    ["status IN ('RUNNING')", "Invalid comparator 'IN' for attribute 'status'"],
    ['run_id IN ()', 'expected a non-empty list of string values'],
    ['run_id IN (1, 2)', 'expected a non-empty list of string values'],
    ["run_id IN 'a'", 'expected a non-empty list of string values'],
    ["run_id IN ('a' 'b')", 'expected a non-empty list of string values'],
  ])('%s is refused', (filter, message) => {
    expect(() => read(filter)).toThrow(message);
  });

  test('any text is either read or refused as INVALID_PARAMETER_VALUE', () => {
    const piece = fc.constantFrom(
      'metrics.x',
      'tags.`a b`',
      '=',
      '>',
      'IN',
      "'v'",
      '1',
      'AND',
      'OR',
      '(',
      ')',
      ',',
      'IS',
      'NOT',
      'NULL',
    );
    const filters = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join(' ')),
    );
    fc.assert(
      fc.property(filters, (filter) => {
        try {
          read(filter);
        } catch (error) {
          expect(error).toBeInstanceOf(MlflowError);
          expect(error).toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', status: 400, isRetryable: false });
        }
      }),
    );
  });

  test('any key in backticks and any value in quotes is read as it is', () => {
    const plain = fc.string({ unit: 'grapheme' }).filter((text) => !/[`'"\\]/.test(text));
    fc.assert(
      fc.property(plain, plain, (key, value) => {
        expect(read(`tags.\`${key}\` = '${value}'`)).toEqual([['tag', key, '=', value]]);
      }),
    );
  });
});

describe('a filter for experiments', () => {
  test('knows names, ids, times and tags only', () => {
    expect(parseFilter("name = 'x' AND tag.a = 'b' and creation_time < 5", EXPERIMENT_LANGUAGE)).toHaveLength(3);
    expect(() => parseFilter('metrics.x > 1', EXPERIMENT_LANGUAGE)).toThrow("Invalid entity type 'metrics'");
    expect(() => parseFilter("status = 'x'", EXPERIMENT_LANGUAGE)).toThrow("Invalid attribute key 'status'");
    expect(() => parseFilter("creation_time = '5'", EXPERIMENT_LANGUAGE)).toThrow('Expected numeric value type');
  });
});

describe('an order', () => {
  test.each([
    ['metrics.loss', { entity: 'metric', key: 'loss', isAscending: true }],
    ['metrics.`a b` DESC', { entity: 'metric', key: 'a b', isAscending: false }],
    ['attributes.Created asc', { entity: 'attribute', key: 'start_time', isAscending: true }],
    [' tags."x y" desc ', { entity: 'tag', key: 'x y', isAscending: false }],
  ])('%s', (clause, ordering) => {
    expect(parseOrderBy([clause], RUN_LANGUAGE)).toEqual([ordering]);
  });

  test.each([
    [['metrics.a UP'], "Invalid ordering key in order_by clause 'metrics.a UP'."],
    [['metrics.a ASC, metrics.b'], 'Could not be parsed'],
    [['5'], 'Could not be parsed'],
    [['dataset.name'], "Invalid identifier type 'dataset'"],
    [['attributes.`run name`'], "Invalid attribute key 'run name'"],
    [['start_time', 'created DESC'], 'contains duplicate fields: start_time, created DESC'],
  ])('%j is refused', (clauses, message) => {
    expect(() => parseOrderBy(clauses, RUN_LANGUAGE)).toThrow(message);
  });

  test('of nothing is nothing', () => expect(parseOrderBy(undefined, RUN_LANGUAGE)).toEqual([]));
});
