// Operations on logged models: good ones, and those that must be refused.
import type { Json } from './operation.ts';
import { anExperiment, aRun, type Make } from './tracking-operations.ts';
import { refTo, type World } from './world.ts';

type Made = readonly (readonly [number, Make])[];

const key = (world: World): string => world.random.pick(['stage', 'team', 'a.b']);
const text = (world: World): string => world.random.pick(['', 'dev', 'ü 日本 😀', '{"a":1}']);
const aModel = (world: World): Json =>
  world.models.length === 0 ? 'm-none' : refTo(world.random.recent(world.models).ref);

/** One that is there, or was: what is measured of another leaves a half behind. */
const aSureModel = (world: World): Json => {
  const sure = world.models.filter(({ isSure }) => isSure);
  return sure.length === 0 ? 'm-none' : refTo(world.random.recent(sure).ref);
};

const create: Make = (world) => {
  const ref = world.name('logged model');
  const isSure = world.random.chance(0.6); // in the experiment that stays
  world.models.push({ ref, isSure });
  const options: Record<string, Json> = {};
  if (world.random.chance(0.7)) options['name'] = `logged ${world.random.below(4)}`;
  if (world.random.chance(0.7)) options['sourceRunId'] = aRun(world);
  if (world.random.chance(0.5)) options['tags'] = { [key(world)]: text(world) };
  if (world.random.chance(0.5)) options['params'] = { lr: '0.1', [key(world)]: text(world) };
  if (world.random.chance(0.3)) options['modelType'] = 'llm';
  return {
    method: 'createLoggedModel',
    args: [isSure ? refTo(world.experiments[0]?.ref ?? '') : anExperiment(world)],
    options,
    as: ref,
    at: 'modelId',
  };
};

const measure: Make = (world) => {
  const dataset = world.random.chance(0.4) ? { datasetName: 'data 1', datasetDigest: 'd1' } : {};
  const options = { timestampMs: world.timeMs(), step: world.random.below(3), modelId: aSureModel(world), ...dataset };
  return { method: 'logMetric', args: [aRun(world), 'accuracy', world.random.pick([0.5, 0.9, 1])], options };
};

const search: Make = (world) => ({
  method: 'searchLoggedModels',
  args: [[anExperiment(world), anExperiment(world)]],
  options: {
    ...(world.random.chance(0.6)
      ? {
          filterString: world.random.pick([
            "params.lr = '0.1'",
            "tags.stage = 'dev'",
            "name LIKE 'logged%'",
            'metrics.accuracy > 0.6',
          ]),
        }
      : {}),
    ...(world.random.chance(0.4) ? { maxResults: 1 + world.random.below(3) } : {}),
    ...(world.random.chance(0.3) ? { orderBy: [{ fieldName: 'metrics.accuracy', ascending: false }] } : {}),
  },
  take: world.random.pick(['firstPage', 'all']),
});

/** The operations with how often each is made. */
export const LOGGED_MODEL_OPERATIONS: Made = [
  [4, create],
  [4, (world) => ({ method: 'getLoggedModel', args: [aModel(world)] })],
  [3, (world) => ({ method: 'finalizeLoggedModel', args: [aModel(world), world.random.pick(['READY', 'FAILED'])] })],
  [0.5, (world) => ({ method: 'deleteLoggedModel', args: [aModel(world)] })],
  [
    2,
    (world) => ({
      method: 'logModelParams',
      args: [aModel(world), { [`p${world.count('model param')}`]: text(world) }],
    }),
  ],
  [2, (world) => ({ method: 'setLoggedModelTags', args: [aModel(world), { [key(world)]: text(world) }] })],
  [1, (world) => ({ method: 'deleteLoggedModelTag', args: [aModel(world), key(world)] })],
  [1, (world) => ({ method: 'listLoggedModelArtifacts', args: [aModel(world)] })],
  [4, measure],
  [
    2,
    (world) => ({
      method: 'logOutputs',
      args: [aRun(world), [{ modelId: aModel(world), step: world.count('output') }]],
    }),
  ],
  [1, (world) => ({ method: 'logInputs', args: [aRun(world), []], options: { models: [{ modelId: aModel(world) }] } })],
  [3, search],
];

/** Those that must be refused. */
export const LOGGED_MODEL_MISHAPS: Made = [
  [
    1,
    (world) => ({
      method: 'createLoggedModel',
      args: [anExperiment(world)],
      options: { name: world.random.pick(['a/b', 'a.b', 'a:b', '']) },
    }),
  ],
  [1, (world) => ({ method: 'createLoggedModel', args: [world.random.pick(['999999', 'x'])] })],
  [1, (world) => ({ method: 'getLoggedModel', args: [world.random.pick([`m-${'0'.repeat(32)}`, 'nobody'])] })],
  [1, () => ({ method: 'finalizeLoggedModel', args: ['m-nobody', 'READY'] })],
  [1, () => ({ method: 'deleteLoggedModel', args: ['m-nobody'] })],
  [1, () => ({ method: 'logModelParams', args: ['m-nobody', { a: '1' }] })],
  [1, () => ({ method: 'setLoggedModelTags', args: ['m-nobody', { a: '1' }] })],
  [1, (world) => ({ method: 'deleteLoggedModelTag', args: [aModel(world), 'was never there'] })],
  [
    1,
    (world) => ({
      method: 'searchLoggedModels',
      args: [[anExperiment(world)]],
      options: { filterString: world.random.pick(['params.lr ~ 1', 'nothing']) },
      take: 'firstPage',
    }),
  ],
];
