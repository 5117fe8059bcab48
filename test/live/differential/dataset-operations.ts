// Operations on evaluation datasets and their records: good ones, and those that must be refused.
import type { Json, Made, Make } from './operation.ts';
import { anExperiment, call, experimentRef, on, search } from './pick.ts';
import { drop, type KnownDataset, refTo, type World } from './world.ts';

const NOBODY = `d-${'0'.repeat(32)}`;
const key = (world: World): string => world.random.pick(['stage', 'team']);
const aDataset = (world: World): KnownDataset | undefined => world.one(world.datasets);

const create: Make = on(anExperiment, (experiment, world) => {
  const ref = world.name('dataset');
  const tag = key(world);
  const isUsed = world.random.chance(0.7);
  const experiments = new Set(isUsed ? [experiment] : []);
  world.datasets.push({ ref, tags: new Set([tag]), experiments, records: new Set() });
  const options: Record<string, Json> = { tags: { 'mlflow.user': 'somebody', [tag]: 'dev' } };
  if (isUsed) options['experimentId'] = world.random.chance(0.5) ? refTo(experiment.ref) : [refTo(experiment.ref)];
  const name = `dataset ${world.random.below(4)}`;
  return { ...call('createDataset', [name], options), as: ref, at: 'datasetId' };
});

const searchDatasets: Make = (world) =>
  search(
    'searchDatasets',
    [],
    {
      ...(world.random.chance(0.5) ? { experimentIds: [experimentRef(world)] } : {}),
      ...(world.random.chance(0.5)
        ? { filterString: world.random.pick(["name LIKE 'dataset%'", "tags.stage = 'dev'"]) }
        : {}),
      ...(world.random.chance(0.4) ? { maxResults: 1 + world.random.below(3) } : {}),
      orderBy: ['created_time ASC'],
    },
    world.random.pick(['firstPage', 'all']),
  );

const setTags: Make = on(aDataset, (dataset, world) => {
  const name = key(world);
  dataset.tags.add(name);
  return call('setDatasetTags', [refTo(dataset.ref), { [name]: 'ü' }]);
});

const deleteTag: Make = on(
  (world) => world.one(world.datasets, ({ tags }) => tags.size > 0),
  (dataset, { random }) => {
    const name = random.pick([...dataset.tags]);
    dataset.tags.delete(name);
    return call('deleteDatasetTag', [refTo(dataset.ref), name]);
  },
);

const add: Make = on(aDataset, (dataset, world) => {
  const experiment = anExperiment(world);
  if (experiment === undefined) return undefined;
  dataset.experiments.add(experiment);
  return call('addDatasetToExperiments', [refTo(dataset.ref), [refTo(experiment.ref)]]);
});

const remove: Make = on(
  (world) => world.one(world.datasets, ({ experiments }) => [...experiments].some(({ isActive }) => isActive)),
  (dataset, { random }) => {
    const experiment = random.pick([...dataset.experiments].filter(({ isActive }) => isActive));
    dataset.experiments.delete(experiment);
    return call('removeDatasetFromExperiments', [refTo(dataset.ref), [refTo(experiment.ref)]]);
  },
);

/** One record a time: two of one millisecond have no order. */
const merge: Make = on(aDataset, (dataset, world) => {
  const question = `question ${world.random.below(4)} ü`;
  dataset.records.add(question);
  const record: Record<string, Json> = { inputs: { question, n: world.random.pick([1, 0.5, [true, null]]) } };
  if (world.random.chance(0.6)) record['expectations'] = { answer: 'ü 日本' };
  if (world.random.chance(0.4)) record['tags'] = { stage: 'dev' };
  if (world.random.chance(0.3)) record['outputs'] = { text: 'said' };
  if (world.random.chance(0.2)) record['source'] = { sourceType: 'DOCUMENT', sourceData: { doc_uri: 'a.md' } };
  return { ...call('mergeDatasetRecords', [refTo(dataset.ref), [record]]), take: 'nothing' }; // Python says the dataset
});

const withRecords = (world: World): KnownDataset | undefined =>
  world.one(world.datasets, ({ records }) => records.size > 0);

const readRecords: Make = on(withRecords, (dataset) => ({
  ...call('getDatasetRecords', [refTo(dataset.ref)]),
  take: 'all',
  as: `record of ${dataset.ref}`,
  at: '0.datasetRecordId',
}));

const deleteRecords: Make = on(withRecords, ({ ref }) =>
  call('deleteDatasetRecords', [refTo(ref), [refTo(`record of ${ref}`)]]),
);

/** The operations with how often each is made. */
export const DATASET_OPERATIONS: Made = [
  [3, create],
  [3, on(aDataset, ({ ref }) => call('getDataset', [refTo(ref)]))],
  [3, searchDatasets],
  [
    0.5,
    on(aDataset, (dataset, world) => {
      drop(world.datasets, dataset);
      return call('deleteDataset', [refTo(dataset.ref)]);
    }),
  ],
  [2, setTags],
  [1, deleteTag],
  [1, add],
  [1, remove],
  [1, on(aDataset, ({ ref }) => call('getDatasetExperimentIds', [refTo(ref)]))],
  [4, merge],
  [2, readRecords],
  [1, deleteRecords],
];

/** Those that must be refused. */
export const DATASET_MISHAPS: Made = [
  [1, ({ random }) => call('createDataset', [random.pick(['', ' '])], { tags: { 'mlflow.user': 'x' } })],
  [1, () => call('getDataset', [NOBODY])],
  [1, () => call('setDatasetTags', [NOBODY, { a: '1' }])],
  [1, () => call('addDatasetToExperiments', [NOBODY, ['0']])],
  [1, () => call('mergeDatasetRecords', [NOBODY, [{ inputs: { a: 1 } }]])],
  [1, () => search('searchDatasets', [], { filterString: 'name ~ 1' }, 'firstPage')],
];
