// Operations of the group tracking: experiments, runs and what is logged to them; good ones.
import type { Json, Operation, Ref } from './operation.ts';
import type { World } from './world.ts';
import { refTo } from './world.ts';

/** Makes one operation, in a world that has experiments and runs. */
export type Make = (world: World) => Operation;

const KEYS = ['loss', 'val/loss', 'acc 1', 'größe', 'f1.macro', 'a-b:c', '日本'];
const TEXTS = ['dev', 'prod', '', '0.1', 'ü 日本 😀', "it's", 'a"b', 'x'.repeat(300), 'line\nline', '{"a":[1]}'];
const VALUES = [0, 1, -1, 0.5, 1e-300, 1.7976931348623157e308, 123456789.25, 3];
const STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'];
const VIEWS = ['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'];
const RUN_FILTERS = [
  'metrics.loss < 1',
  "metrics.`val/loss` >= 0 and params.lr = '0.1'",
  "tags.stage = 'dev'",
  "tags.stage LIKE '%r%'",
  "tags.stage ILIKE 'D%'",
  "attributes.status = 'FINISHED'",
  "status != 'RUNNING'",
  "attributes.run_name LIKE 'run%'",
  'attributes.start_time > 1600000300000',
  "params.p1 = 'prod'",
  "dataset.name = 'data 1'",
  "datasets.context = 'train'",
  'metrics.loss IS NOT NULL',
  "params.p2 != 'x'",
  'tags.stage IS NULL',
];
const RUN_ORDERS = [
  ['metrics.loss DESC'],
  ['params.p1 ASC', 'start_time'],
  ['attributes.end_time DESC'],
  ['tags.stage'],
];
const EXPERIMENT_FILTERS = [
  "name LIKE 'exp%'",
  "tags.stage = 'dev'",
  "name ILIKE '%B%' AND tags.stage != 'x'",
  "name = 'exp 1'",
];
const EXPERIMENT_ORDERS = [['name ASC'], ['experiment_id DESC'], ['name DESC', 'experiment_id']];

const tags = (world: World): Json => {
  const { random } = world;
  return Object.fromEntries(
    Array.from({ length: random.below(3) }, () => [random.pick(['stage', 'team', ...KEYS]), random.pick(TEXTS)]),
  );
};

const pairs = (world: World, keys: readonly string[]): Json =>
  [...new Set(Array.from({ length: world.random.below(4) }, () => world.random.pick(keys)))].map((key) => ({
    key,
    value: world.random.pick(TEXTS),
  }));

const metric = (world: World): Readonly<Record<string, Json>> => ({
  key: world.random.pick(KEYS),
  value: world.random.pick(VALUES),
  timestampMs: world.timeMs(),
  step: world.random.below(5),
});

/** Any experiment that the script made. */
export const anExperiment = (world: World): Ref => refTo(world.random.recent(world.experiments).ref);

/** Any but the first, which stays: what must be there is made in it. */
const aLesserExperiment = (world: World): Ref => refTo(world.random.recent(world.experiments.slice(1)).ref);

/** Any run that the script made. */
export const aRun = (world: World): Ref => refTo(world.random.recent(world.runs).ref);

/** An experiment of its own name. */
export const createExperiment: Make = (world) => {
  const name = `exp ${world.count('experiment name')}${world.random.pick(['', ' Ab', '/ü'])}`;
  const ref = world.name('experiment');
  world.experiments.push({ ref, name });
  const options = world.random.chance(0.5) ? { tags: tags(world) } : {};
  return { method: 'createExperiment', args: [name], options, as: ref };
};

/** A run of an experiment that is most likely there. */
export const createRun: Make = (world) => {
  const { random } = world;
  const ref = world.name('run');
  const parent = world.runs.length > 0 && random.chance(0.2) ? { 'mlflow.parentRunId': aRun(world) } : {};
  world.runs.push({ ref });
  const options: Record<string, Json> = { startTimeMs: world.timeMs() };
  if (random.chance(0.7)) options['tags'] = { ...(tags(world) as Record<string, Json>), ...parent };
  if (random.chance(0.7)) options['runName'] = `run ${ref}`;
  return { method: 'createRun', args: [anExperiment(world)], options, as: ref, at: 'info.runId' };
};

const datasetInput = (world: World): Json => {
  const { random } = world;
  const name = `data ${random.below(3)}`;
  return {
    dataset: {
      name,
      digest: `d${random.below(3)}`,
      sourceType: 'http',
      source: '{"url":"https://example.org/data.csv"}',
      ...(random.chance(0.5) ? { schema: '{"mlflow_colspec":[]}', profile: '{"num_rows":3}' } : {}),
    },
    tags: random.chance(0.7) ? [{ key: 'mlflow.data.context', value: random.pick(['train', 'eval']) }] : [],
  };
};

const logMetric: Make = (world) => {
  const { key, value, timestampMs, step } = metric(world) as {
    key: string;
    value: number;
    timestampMs: number;
    step: number;
  };
  const options = world.random.chance(0.8) ? { timestampMs, step } : { timestampMs };
  return { method: 'logMetric', args: [aRun(world), key, value], options };
};

const searchRuns: Make = (world) => {
  const { random } = world;
  const options: Record<string, Json> = {};
  if (random.chance(0.7)) options['filterString'] = random.pick(RUN_FILTERS);
  if (random.chance(0.4)) options['runViewType'] = random.pick(VIEWS);
  if (random.chance(0.4)) options['orderBy'] = random.pick(RUN_ORDERS);
  if (random.chance(0.5)) options['maxResults'] = 1 + random.below(5);
  const where = Array.from({ length: random.below(4) }, () => anExperiment(world));
  return { method: 'searchRuns', args: [where], options, take: random.chance(0.2) ? 'all' : 'firstPage' };
};

const searchExperiments: Make = (world) => {
  const { random } = world;
  const options: Record<string, Json> = {};
  if (random.chance(0.5)) options['filterString'] = random.pick(EXPERIMENT_FILTERS);
  if (random.chance(0.5)) options['viewType'] = random.pick(VIEWS);
  if (random.chance(0.4)) options['orderBy'] = random.pick(EXPERIMENT_ORDERS);
  if (random.chance(0.4)) options['maxResults'] = 1 + random.below(5);
  return { method: 'searchExperiments', args: [], options, take: random.pick(['firstPage', 'all']) };
};

const logBatch: Make = (world) => ({
  method: 'logBatch',
  args: [aRun(world)],
  options: {
    metrics: Array.from({ length: world.random.below(world.random.chance(0.02) ? 1500 : 12) }, () => metric(world)),
    params: pairs(world, [`p${world.count('param')}`, `q${world.count('param')}`]),
    tags: pairs(world, ['stage', 'team', ...KEYS]),
  },
});

/** The operations with how often each is made. */
export const TRACKING_OPERATIONS: readonly (readonly [number, Make])[] = [
  [2, createExperiment],
  [2, (world) => ({ method: 'getExperiment', args: [anExperiment(world)] })],
  [2, (world) => ({ method: 'getExperimentByName', args: [world.random.recent(world.experiments).name] })],
  [3, searchExperiments],
  [1, (world) => ({ method: 'renameExperiment', args: [anExperiment(world), `new ${world.count('rename')}`] })],
  [0.3, (world) => ({ method: 'deleteExperiment', args: [aLesserExperiment(world)] })],
  [1, (world) => ({ method: 'restoreExperiment', args: [anExperiment(world)] })],
  [
    3,
    (world) => ({
      method: 'setExperimentTag',
      args: [anExperiment(world), world.random.pick(['stage', ...KEYS]), world.random.pick(TEXTS)],
    }),
  ],
  [2, (world) => ({ method: 'deleteExperimentTag', args: [anExperiment(world), 'stage'] })],
  [10, createRun],
  [6, (world) => ({ method: 'getRun', args: [aRun(world)] })],
  [2, (world) => ({ method: 'getParentRun', args: [aRun(world)] })],
  [3, (world) => ({ method: 'updateRun', args: [aRun(world)], options: { status: world.random.pick(STATUSES) } })],
  [2, (world) => ({ method: 'updateRun', args: [aRun(world)], options: { name: `renamed ${world.count('rename')}` } })],
  [
    5,
    (world) => ({
      method: 'setTerminated',
      args: [aRun(world)],
      options: { status: world.random.pick(STATUSES), endTimeMs: world.timeMs() },
    }),
  ],
  [0.7, (world) => ({ method: 'deleteRun', args: [aRun(world)] })],
  [1.2, (world) => ({ method: 'restoreRun', args: [aRun(world)] })],
  [8, searchRuns],
  [16, logMetric],
  [8, (world) => ({ method: 'logParam', args: [aRun(world), `p${world.random.below(8)}`, world.random.pick(TEXTS)] })],
  [
    8,
    (world) => ({
      method: 'setTag',
      args: [aRun(world), world.random.pick(['stage', 'team', 'mlflow.runName', ...KEYS]), world.random.pick(TEXTS)],
    }),
  ],
  [3, (world) => ({ method: 'deleteTag', args: [aRun(world), world.random.pick(['stage', 'team'])] })],
  [8, logBatch],
  [
    4,
    (world) => ({
      method: 'logInputs',
      args: [aRun(world), Array.from({ length: 1 + world.random.below(2) }, () => datasetInput(world))],
    }),
  ],
  [5, (world) => ({ method: 'getMetricHistory', args: [aRun(world), world.random.pick(KEYS)], take: 'all' })],
];
