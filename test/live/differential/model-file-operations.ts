// Operations on the files of models, and on models by their URIs: good ones, and those that must be refused.
import type { Json, Made, Make } from './operation.ts';
import { aModel } from './logged-model-operations.ts';
import { aRun, call, on } from './pick.ts';
import { registeredName } from './registry-operations.ts';
import { addVersion, type KnownModel, newName, refTo, type World } from './world.ts';

/** A folder with an MLmodel file, which the test makes. */
const MODEL = refTo('place:4');

const withFiles = (world: World): KnownModel | undefined =>
  world.one(world.models, ({ experiment, hasFiles }) => experiment.isActive && hasFiles);

const logModel: Make = on(aRun, (run, world) => {
  const ref = world.name('logged model');
  world.models.push({ ref, experiment: run.experiment, tags: new Set(), hasFiles: true });
  const options = { params: { lr: '0.1' }, step: world.count('model step') };
  return {
    ...call('logModel', [refTo(run.ref), `filed ${world.count('filed')}`, MODEL], options),
    as: ref,
    at: 'modelId',
  };
});

const logFile: Make = on(aModel, (model, { random }) =>
  call('logModelArtifact', [refTo(model.ref), refTo('place:1')], random.chance(0.5) ? { artifactPath: 'a b/ü' } : {}),
);

const logFiles: Make = on(aModel, (model) => {
  model.hasFiles = true;
  return call('logModelArtifacts', [refTo(model.ref), MODEL]);
});

/** A model's URI, and for one that has a version the URI of that. */
const register: Make = on(withFiles, (model, world) => {
  const name = world.random.chance(0.6) ? registeredName(world) : `filed model ${world.count('filed model')}`;
  const known = world.registered.get(name) ?? newName(name);
  world.registered.set(name, known);
  const version = addVersion(known);
  // an alias of its own, which no other version takes
  world.filed.push(`models:/<${model.ref}>`, `models:/${name}/${version}`);
  return call('registerModel', [`models:/<${model.ref}>`, name]);
});

const uri = (world: World): string | undefined => world.one(world.filed);

/** The operations with how often each is made. */
export const MODEL_FILE_OPERATIONS: Made = [
  [3, logModel],
  [1, logFile],
  [1, logFiles],
  [
    2,
    on(withFiles, (model, { random }) =>
      call('listLoggedModelArtifacts', [refTo(model.ref)], random.pick([{}, { path: 'code' }])),
    ),
  ],
  [2, register],
  [2, on(uri, (of) => ({ ...call('downloadModel', [of]), take: 'files' }))],
  [1, on(uri, (of) => call('resolveModelUri', [of]))],
];

/** Those that must be refused. */
export const MODEL_FILE_MISHAPS: Made = [
  [1, () => call('logModelArtifact', ['m-nobody', refTo('place:1')])],
  [1, () => call('listLoggedModelArtifacts', ['m-nobody'])],
  [
    1,
    ({ random }) => ({
      ...call('downloadModel', [random.pick<Json>(['models:/nobody/1', 'models:/m-nobody'])]),
      take: 'files',
    }),
  ],
  [1, ({ random }) => call('registerModel', ['models:/m-nobody', random.pick(['a/b', ''])])],
];
