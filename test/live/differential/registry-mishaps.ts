// Operations of the model registry that must be refused.
import type { Made } from './operation.ts';
import { call, on } from './pick.ts';
import { aVersion, registeredName as model } from './registry-operations.ts';

const BAD_NAMES = ['', 'a/b', 'a:b', ' '];

/** The operations with how often each is made. */
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
    on(aVersion, ([{ name }, version], { random }) =>
      call('transitionModelVersionStage', [name, version, random.pick(['Nowhere', ''])]),
    ),
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
  [1, on(aVersion, ([{ name }, version]) => call('updateModelVersion', [name, version]))],
];
