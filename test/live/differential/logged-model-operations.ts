// Operations on logged models: good ones, and those that must be refused.
import type { Json, Made, Make } from './operation.ts';
import { anExperiment, call, experimentRef, on, runRef, search } from './pick.ts';
import { drop, type KnownModel, refTo, type World } from './world.ts';

const key = (world: World): string => world.random.pick(['stage', 'team', 'a.b']);
const text = (world: World): string => world.random.pick(['', 'dev', 'ü 日本 😀', '{"a":1}']);

/** One whose experiment is there: of another neither is found. */
export const aModel = (world: World): KnownModel | undefined =>
  world.one(world.models, ({ experiment }) => experiment.isActive);
const modelRef = (world: World): Json => refTo(aModel(world)?.ref ?? 'logged model:1');

const create: Make = on(anExperiment, (experiment, world) => {
  const ref = world.name('logged model');
  const tags = world.random.chance(0.5) ? { [key(world)]: text(world) } : {};
  world.models.push({ ref, experiment, tags: new Set(Object.keys(tags)), hasFiles: false });
  const options: Record<string, Json> = { tags };
  if (world.random.chance(0.7)) options['name'] = `logged ${world.random.below(4)}`;
  if (world.random.chance(0.7)) options['sourceRunId'] = runRef(world);
  if (world.random.chance(0.5)) options['params'] = { lr: '0.1', [key(world)]: text(world) };
  if (world.random.chance(0.3)) options['modelType'] = 'llm';
  return { ...call('createLoggedModel', [refTo(experiment.ref)], options), as: ref, at: 'modelId' };
});

const measure: Make = on(aModel, (model, world) => {
  const dataset = world.random.chance(0.4) ? { datasetName: 'data 1', datasetDigest: 'd1' } : {};
  return call('logMetric', [runRef(world), 'accuracy', world.random.pick([0.5, 0.9, 1])], {
    timestampMs: world.timeMs(),
    step: world.random.below(3),
    modelId: refTo(model.ref),
    ...dataset,
  });
});

const FILTERS = ["params.lr = '0.1'", "tags.stage = 'dev'", "name LIKE 'logged%'", 'metrics.accuracy > 0.6'];

const searchModels: Make = (world) =>
  search(
    'searchLoggedModels',
    [[experimentRef(world), experimentRef(world)]],
    {
      ...(world.random.chance(0.6) ? { filterString: world.random.pick(FILTERS) } : {}),
      ...(world.random.chance(0.4) ? { maxResults: 1 + world.random.below(3) } : {}),
      ...(world.random.chance(0.3) ? { orderBy: [{ fieldName: 'metrics.accuracy', ascending: false }] } : {}),
      ...(world.random.chance(0.2) ? { datasets: [{ datasetName: 'data 1', datasetDigest: 'd1' }] } : {}),
    },
    world.random.pick(['firstPage', 'all']),
  );

const setTags: Make = on(aModel, (model, world) => {
  const name = key(world);
  model.tags.add(name);
  return call('setLoggedModelTags', [refTo(model.ref), { [name]: text(world) }]);
});

const deleteTag: Make = on(
  (world) => world.one(world.models, ({ experiment, tags }) => experiment.isActive && tags.size > 0),
  (model, { random }) => {
    const name = random.pick([...model.tags]);
    model.tags.delete(name);
    return call('deleteLoggedModelTag', [refTo(model.ref), name]);
  },
);

const deleteModel: Make = on(aModel, (model, world) => {
  drop(world.models, model);
  return call('deleteLoggedModel', [refTo(model.ref)]);
});

const ofModel = (make: (model: Json, world: World) => ReturnType<Make>): Make =>
  on(aModel, (model, world) => make(refTo(model.ref), world));

/** The operations with how often each is made. */
export const LOGGED_MODEL_OPERATIONS: Made = [
  [4, create],
  [4, ofModel((model) => call('getLoggedModel', [model]))],
  [3, ofModel((model, { random }) => call('finalizeLoggedModel', [model, random.pick(['READY', 'FAILED'])]))],
  [0.5, deleteModel],
  [2, ofModel((model, world) => call('logModelParams', [model, { [`p${world.count('model param')}`]: text(world) }]))],
  [2, setTags],
  [1, deleteTag],
  [4, measure],
  [2, ofModel((modelId, world) => call('logOutputs', [runRef(world), [{ modelId, step: world.count('output') }]]))],
  [1, ofModel((modelId, world) => call('logInputs', [runRef(world), []], { models: [{ modelId }] }))],
  [3, searchModels],
];

/** Those that must be refused. */
export const LOGGED_MODEL_MISHAPS: Made = [
  [
    1,
    (world) =>
      call('createLoggedModel', [experimentRef(world)], { name: world.random.pick(['a/b', 'a.b', 'a:b', '']) }),
  ],
  [1, (world) => call('createLoggedModel', [world.random.pick(['999999', 'x'])])],
  [1, (world) => call('getLoggedModel', [world.random.pick([`m-${'0'.repeat(32)}`, 'nobody'])])],
  [1, () => call('finalizeLoggedModel', ['m-nobody', 'READY'])],
  [1, () => call('deleteLoggedModel', ['m-nobody'])],
  [1, () => call('logModelParams', ['m-nobody', { a: '1' }])],
  [1, () => call('setLoggedModelTags', ['m-nobody', { a: '1' }])],
  [1, (world) => call('deleteLoggedModelTag', [modelRef(world), 'was never there'])],
  [
    1,
    (world) =>
      search(
        'searchLoggedModels',
        [[experimentRef(world)]],
        { filterString: world.random.pick(['params.lr ~ 1', 'nothing']) },
        'firstPage',
      ),
  ],
];
