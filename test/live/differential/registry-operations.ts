// Operations of the model registry: registered models, their versions, tags and aliases; good ones, and those that must be refused.
import type { Json } from './operation.ts';
import { aRun, type Make } from './tracking-operations.ts';
import type { World } from './world.ts';

type Made = readonly (readonly [number, Make])[];

/** Names are the script's own here; versions are numbered by the server. */
const model = (world: World): string => `model ${1 + world.random.below(8)}`;
const version = (world: World): string => String(1 + world.random.below(4));
const alias = (world: World): string => world.random.pick(['champion', 'next', 'ü']);
const key = (world: World): string => world.random.pick(['stage', 'team', 'a b']);
const text = (world: World): string => world.random.pick(['', 'dev', 'ü 日本 😀', '{"a":1}']);
const stage = (world: World): string => world.random.pick(['Staging', 'Production', 'Archived', 'None']);

const create: Make = (world) => {
  const options: Record<string, Json> = {};
  if (world.random.chance(0.5)) options['tags'] = { [key(world)]: text(world) };
  if (world.random.chance(0.5)) options['description'] = text(world);
  return { method: 'createRegisteredModel', args: [model(world)], options };
};

const createVersion: Make = (world) => {
  const options: Record<string, Json> = {};
  if (world.random.chance(0.5)) options['tags'] = { [key(world)]: text(world) };
  if (world.random.chance(0.5)) options['description'] = text(world);
  if (world.random.chance(0.3)) options['runId'] = aRun(world);
  if (world.random.chance(0.2)) options['runLink'] = 'https://example.org/run';
  return { method: 'createModelVersion', args: [model(world), 's3://bucket/model'], options };
};

const search = (world: World, filters: readonly string[], orders: readonly string[]): Record<string, Json> => ({
  ...(world.random.chance(0.6) ? { filterString: world.random.pick(filters) } : {}),
  ...(world.random.chance(0.4) ? { maxResults: 1 + world.random.below(3) } : {}),
  orderBy: [world.random.pick(orders)],
});

const searchModels: Make = (world) => ({
  method: 'searchRegisteredModels',
  args: [],
  options: search(world, ["name LIKE 'model%'", "tags.stage = 'dev'", "name = 'model 1'"], ['name ASC', 'name DESC']),
  take: world.random.pick(['firstPage', 'all']),
});

const searchVersions: Make = (world) => ({
  method: 'searchModelVersions',
  args: [],
  options: search(
    world,
    ["name='model 1'", "tags.stage = 'dev'", "source_path LIKE 's3%'"],
    ['name ASC', 'version_number DESC'],
  ),
  take: world.random.pick(['firstPage', 'all']),
});

/** The operations with how often each is made. */
export const REGISTRY_OPERATIONS: Made = [
  [3, create],
  [3, (world) => ({ method: 'getRegisteredModel', args: [model(world)] })],
  [3, searchModels],
  [2, (world) => ({ method: 'updateRegisteredModel', args: [model(world)], options: { description: text(world) } })],
  [0.5, (world) => ({ method: 'renameRegisteredModel', args: [model(world), model(world)] })],
  [0.2, (world) => ({ method: 'deleteRegisteredModel', args: [model(world)] })],
  [2, (world) => ({ method: 'setRegisteredModelTag', args: [model(world), key(world), text(world)] })],
  [1, (world) => ({ method: 'deleteRegisteredModelTag', args: [model(world), key(world)] })],
  [3, (world) => ({ method: 'setRegisteredModelAlias', args: [model(world), alias(world), version(world)] })],
  [1, (world) => ({ method: 'deleteRegisteredModelAlias', args: [model(world), alias(world)] })],
  [6, createVersion],
  [3, (world) => ({ method: 'getModelVersion', args: [model(world), version(world)] })],
  [2, (world) => ({ method: 'getModelVersionByAlias', args: [model(world), alias(world)] })],
  [1, (world) => ({ method: 'getModelVersionDownloadUri', args: [model(world), version(world)] })],
  [1, (world) => ({ method: 'getModelVersionStages', args: [model(world), version(world)] })],
  [
    2,
    (world) => ({
      method: 'getLatestVersions',
      args: [model(world)],
      options: world.random.chance(0.5) ? { stages: [stage(world)] } : {},
    }),
  ],
  [3, searchVersions],
  [
    2,
    (world) => ({
      method: 'updateModelVersion',
      args: [model(world), version(world)],
      options: { description: text(world) },
    }),
  ],
  [
    2,
    (world) => ({
      method: 'transitionModelVersionStage',
      args: [model(world), version(world), stage(world)],
      options: world.random.chance(0.3) ? { archiveExistingVersions: true } : {},
    }),
  ],
  [0.5, (world) => ({ method: 'deleteModelVersion', args: [model(world), version(world)] })],
  [2, (world) => ({ method: 'setModelVersionTag', args: [model(world), version(world), key(world), text(world)] })],
  [1, (world) => ({ method: 'deleteModelVersionTag', args: [model(world), version(world), key(world)] })],
  [1, (world) => ({ method: 'copyModelVersion', args: [`models:/${model(world)}/${version(world)}`, model(world)] })],
];

const BAD_NAMES = ['', 'a/b', 'a:b', ' '];

/** Those that must be refused. */
export const REGISTRY_MISHAPS: Made = [
  [2, (world) => ({ method: 'createRegisteredModel', args: [world.random.pick(BAD_NAMES)] })],
  [1, () => ({ method: 'getRegisteredModel', args: ['nobody'] })],
  [1, (world) => ({ method: 'renameRegisteredModel', args: [model(world), world.random.pick(BAD_NAMES)] })],
  [1, () => ({ method: 'createModelVersion', args: ['nobody', 's3://bucket/model'] })],
  [
    1,
    (world) => ({
      method: 'createModelVersion',
      args: [model(world), 'mlflow-artifacts:/9/other/artifacts'],
      isOfServer: true,
    }),
  ],
  [1, (world) => ({ method: 'createModelVersion', args: [model(world), '/etc/passwd'], isOfServer: true })],
  [1, (world) => ({ method: 'getModelVersion', args: [model(world), world.random.pick(['99', 'x', '-1', ''])] })],
  [
    1,
    (world) => ({
      method: 'setRegisteredModelAlias',
      args: [model(world), world.random.pick(['latest', 'v1', 'a b', '']), '1'],
    }),
  ],
  [
    1,
    (world) => ({
      method: 'setRegisteredModelAlias',
      args: [model(world), 'champion', world.random.pick(['99', 'x'])],
    }),
  ],
  [1, (world) => ({ method: 'getModelVersionByAlias', args: [model(world), 'nobody'] })],
  [
    1,
    (world) => ({
      method: 'transitionModelVersionStage',
      args: [model(world), version(world), world.random.pick(['Nowhere', ''])],
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchRegisteredModels',
      args: [],
      options: { filterString: world.random.pick(['name ~ 1', "nme = 'x'"]) },
      take: 'firstPage',
    }),
  ],
  [
    1,
    (world) => ({
      method: 'searchModelVersions',
      args: [],
      options: { maxResults: world.random.pick([0, -1, 200_001]) },
      take: 'firstPage',
    }),
  ],
  [1, (world) => ({ method: 'setRegisteredModelTag', args: [model(world), 'k'.repeat(251), 'v'] })],
  [1, (world) => ({ method: 'setModelVersionTag', args: [model(world), '99', 'k', 'v'] })],
  [
    1,
    (world) => ({
      method: 'copyModelVersion',
      args: [world.random.pick(['models:/nobody/1', 'runs:/x/y', 'nonsense']), model(world)],
    }),
  ],
  [1, (world) => ({ method: 'updateModelVersion', args: [model(world), version(world)] })],
];
