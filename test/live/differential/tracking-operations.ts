// Operations of the group tracking: experiments, runs and what is logged to them; good ones.
import type { Json, Made, Make } from './operation.ts';
import { anExperiment, aRun, call, on, runRef, search } from './pick.ts';
import { type KnownExperiment, type KnownRun, refTo, type World } from './world.ts';

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

const tags = (world: World): Record<string, string> => {
  const { random } = world;
  return Object.fromEntries(
    Array.from({ length: random.below(3) }, () => [random.pick(['stage', 'team', ...KEYS]), random.pick(TEXTS)]),
  );
};

const pairs = (world: World, keys: readonly string[]): readonly { readonly key: string; readonly value: string }[] =>
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

/** An experiment of its own name. */
export const createExperiment: Make = (world) => {
  const name = `exp ${world.count('experiment name')}${world.random.pick(['', ' Ab', '/ü'])}`;
  const ref = world.name('experiment');
  const own = world.random.chance(0.5) ? tags(world) : {};
  world.experiments.push({ ref, name, isActive: true, tags: new Set(Object.keys(own)) });
  return { method: 'createExperiment', args: [name], options: { tags: own }, as: ref };
};

/** A run of an experiment that is there. */
export const createRun: Make = on(anExperiment, (experiment, world) => {
  const { random } = world;
  const ref = world.name('run');
  const parent = world.runs.length > 0 && random.chance(0.2) ? { 'mlflow.parentRunId': runRef(world) } : {};
  const own = random.chance(0.7) ? tags(world) : {};
  world.runs.push({
    ref,
    experiment,
    isActive: true,
    params: new Map(),
    tags: new Set(Object.keys(own)),
    files: new Set(),
    tables: new Set(),
  });
  const options: Record<string, Json> = { startTimeMs: world.timeMs(), tags: { ...own, ...parent } };
  if (random.chance(0.7)) options['runName'] = `run ${ref}`;
  return { method: 'createRun', args: [refTo(experiment.ref)], options, as: ref, at: 'info.runId' };
});

/** What is in the bin goes there with all its runs, and comes back with them. */
const deleteExperiment: Make = on(
  // the first stays: what must be there is made in it
  (world) => world.one(world.experiments.slice(1), ({ isActive }) => isActive),
  (experiment, world) => {
    if (world.experiments.filter(({ isActive }) => isActive).length < 4) return undefined;
    moveExperiment(world, experiment, false);
    return call('deleteExperiment', [refTo(experiment.ref)]);
  },
);

const restoreExperiment: Make = on(
  (world) => world.one(world.experiments, ({ isActive }) => !isActive),
  (experiment, world) => {
    moveExperiment(world, experiment, true);
    return call('restoreExperiment', [refTo(experiment.ref)]);
  },
);

function moveExperiment(world: World, experiment: KnownExperiment, isActive: boolean): void {
  experiment.isActive = isActive;
  for (const run of world.runs) if (run.experiment === experiment) run.isActive = isActive;
}

const setExperimentTag: Make = on(anExperiment, (experiment, { random }) => {
  const key = random.pick(['stage', ...KEYS]);
  experiment.tags.add(key);
  return call('setExperimentTag', [refTo(experiment.ref), key, random.pick(TEXTS)]);
});

const deleteExperimentTag: Make = on(
  (world) => world.one(world.experiments, ({ isActive, tags: { size } }) => isActive && size > 0),
  (experiment, { random }) => {
    const key = random.pick([...experiment.tags]);
    experiment.tags.delete(key);
    return call('deleteExperimentTag', [refTo(experiment.ref), key]);
  },
);

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

const logMetric: Make = on(aRun, (run, world) => {
  const { key, value, timestampMs, step } = metric(world) as Record<'timestampMs' | 'step' | 'value' | 'key', Json>;
  const options: Record<string, Json> = world.random.chance(0.8)
    ? { timestampMs: timestampMs ?? 0, step: step ?? 0 }
    : { timestampMs: timestampMs ?? 0 };
  return call('logMetric', [refTo(run.ref), key ?? '', value ?? 0], options);
});

/** A param is given once: again it must have the same value. */
const logParam: Make = on(aRun, (run, { random }) => {
  const key = `p${random.below(8)}`;
  const value = run.params.get(key) ?? random.pick(TEXTS);
  run.params.set(key, value);
  return call('logParam', [refTo(run.ref), key, value]);
});

const setTag: Make = on(aRun, (run, { random }) => {
  const key = random.pick(['stage', 'team', 'mlflow.runName', ...KEYS]);
  if (key !== 'mlflow.runName') run.tags.add(key);
  return call('setTag', [refTo(run.ref), key, random.pick(TEXTS)]);
});

const deleteTag: Make = on(
  (world) => world.one(world.runs, ({ isActive, tags: { size } }) => isActive && size > 0),
  (run, { random }) => {
    const key = random.pick([...run.tags]);
    run.tags.delete(key);
    return call('deleteTag', [refTo(run.ref), key]);
  },
);

const searchRuns: Make = (world) => {
  const { random } = world;
  const options: Record<string, Json> = {};
  if (random.chance(0.7)) options['filterString'] = random.pick(RUN_FILTERS);
  if (random.chance(0.4)) options['runViewType'] = random.pick(VIEWS);
  if (random.chance(0.4)) options['orderBy'] = random.pick(RUN_ORDERS);
  if (random.chance(0.5)) options['maxResults'] = 1 + random.below(5);
  const where = Array.from({ length: random.below(4) }, () => refTo(random.recent(world.experiments).ref));
  return search('searchRuns', [where], options, random.chance(0.2) ? 'all' : 'firstPage');
};

const searchExperiments: Make = ({ random }) => {
  const options: Record<string, Json> = {};
  if (random.chance(0.5)) options['filterString'] = random.pick(EXPERIMENT_FILTERS);
  if (random.chance(0.5)) options['viewType'] = random.pick(VIEWS);
  if (random.chance(0.4)) options['orderBy'] = random.pick(EXPERIMENT_ORDERS);
  if (random.chance(0.4)) options['maxResults'] = 1 + random.below(5);
  return search('searchExperiments', [], options, random.pick(['firstPage', 'all']));
};

const logBatch: Make = on(aRun, (run, world) => {
  const own = pairs(world, ['stage', 'team', ...KEYS]);
  for (const { key } of own) run.tags.add(key);
  return call('logBatch', [refTo(run.ref)], {
    metrics: Array.from({ length: world.random.below(world.random.chance(0.02) ? 1500 : 12) }, () => metric(world)),
    params: pairs(world, [`a${world.count('param')}`, `b${world.count('param')}`]),
    tags: own,
  });
});

const ofRun = (make: (run: Json, world: World) => ReturnType<Make>): Make =>
  on(aRun, (run, world) => make(refTo(run.ref), world));

const moveRun = (method: string, isActive: boolean): Make =>
  on(
    // the first stays
    (world) => world.one(world.runs.slice(1), (run) => run.isActive !== isActive && run.experiment.isActive),
    (run: KnownRun) => {
      run.isActive = isActive;
      return call(method, [refTo(run.ref)]);
    },
  );

const anyRun = (world: World): Json => refTo(world.random.recent(world.runs).ref);

/** The operations with how often each is made. */
export const TRACKING_OPERATIONS: Made = [
  [2, createExperiment],
  [2, (world) => call('getExperiment', [refTo(world.random.recent(world.experiments).ref)])],
  [2, (world) => call('getExperimentByName', [world.random.recent(world.experiments).name])],
  [3, searchExperiments],
  [
    1,
    on(anExperiment, (experiment, world) => {
      experiment.name = `new ${world.count('rename')}`;
      return call('renameExperiment', [refTo(experiment.ref), experiment.name]);
    }),
  ],
  [0.5, deleteExperiment],
  [0.5, restoreExperiment],
  [3, setExperimentTag],
  [1, deleteExperimentTag],
  [10, createRun],
  [6, (world) => call('getRun', [anyRun(world)])],
  [2, (world) => call('getParentRun', [anyRun(world)])],
  [3, ofRun((run, { random }) => call('updateRun', [run], { status: random.pick(STATUSES) }))],
  [2, ofRun((run, world) => call('updateRun', [run], { name: `renamed ${world.count('rename')}` }))],
  [
    5,
    ofRun((run, world) =>
      call('setTerminated', [run], { status: world.random.pick(STATUSES), endTimeMs: world.timeMs() }),
    ),
  ],
  [1, moveRun('deleteRun', false)],
  [1, moveRun('restoreRun', true)],
  [8, searchRuns],
  [16, logMetric],
  [8, logParam],
  [8, setTag],
  [3, deleteTag],
  [8, logBatch],
  [
    4,
    ofRun((run, world) =>
      call('logInputs', [run, Array.from({ length: 1 + world.random.below(2) }, () => datasetInput(world))]),
    ),
  ],
  [5, ofRun((run, { random }) => ({ ...call('getMetricHistory', [run, random.pick(KEYS)]), take: 'all' }))],
];
