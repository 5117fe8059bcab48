// Operations on evaluation datasets: good ones, and those that must be refused.
import type { Json } from './operation.ts';
import { anExperiment, type Make } from './tracking-operations.ts';
import { refTo, type World } from './world.ts';

type Made = readonly (readonly [number, Make])[];

const NOBODY = `d-${'0'.repeat(32)}`;
const key = (world: World): string => world.random.pick(['stage', 'team']);
const aDataset = (world: World): Json =>
  world.datasets.length === 0 ? NOBODY : refTo(world.random.recent(world.datasets).ref);

const create: Make = (world) => {
  const ref = world.name('dataset');
  world.datasets.push({ ref });
  const options: Record<string, Json> = { tags: { 'mlflow.user': 'somebody', [key(world)]: 'dev' } };
  if (world.random.chance(0.7))
    options['experimentId'] = world.random.chance(0.5) ? anExperiment(world) : [anExperiment(world)];
  return { method: 'createDataset', args: [`dataset ${world.random.below(4)}`], options, as: ref, at: 'datasetId' };
};

const search: Make = (world) => ({
  method: 'searchDatasets',
  args: [],
  options: {
    ...(world.random.chance(0.5) ? { experimentIds: [anExperiment(world)] } : {}),
    ...(world.random.chance(0.5)
      ? { filterString: world.random.pick(["name LIKE 'dataset%'", "tags.stage = 'dev'"]) }
      : {}),
    ...(world.random.chance(0.4) ? { maxResults: 1 + world.random.below(3) } : {}),
    orderBy: ['created_time ASC'],
  },
  take: world.random.pick(['firstPage', 'all']),
});

/** The operations with how often each is made. */
export const DATASET_OPERATIONS: Made = [
  [3, create],
  [3, (world) => ({ method: 'getDataset', args: [aDataset(world)] })],
  [3, search],
  [0.5, (world) => ({ method: 'deleteDataset', args: [aDataset(world)] })],
  [2, (world) => ({ method: 'setDatasetTags', args: [aDataset(world), { [key(world)]: 'ü' }] })],
  [1, (world) => ({ method: 'deleteDatasetTag', args: [aDataset(world), key(world)] })],
  [1, (world) => ({ method: 'addDatasetToExperiments', args: [aDataset(world), [anExperiment(world)]] })],
  [1, (world) => ({ method: 'removeDatasetFromExperiments', args: [aDataset(world), [anExperiment(world)]] })],
];

/** Those that must be refused. */
export const DATASET_MISHAPS: Made = [
  [
    1,
    (world) => ({
      method: 'createDataset',
      args: [world.random.pick(['', ' '])],
      options: { tags: { 'mlflow.user': 'x' } },
    }),
  ],
  [1, () => ({ method: 'getDataset', args: [NOBODY] })],
  [1, () => ({ method: 'deleteDataset', args: [NOBODY] })],
  [1, () => ({ method: 'setDatasetTags', args: [NOBODY, { a: '1' }] })],
  [1, () => ({ method: 'addDatasetToExperiments', args: [NOBODY, ['0']] })],
  [1, () => ({ method: 'searchDatasets', args: [], options: { filterString: 'name ~ 1' }, take: 'firstPage' })],
];
