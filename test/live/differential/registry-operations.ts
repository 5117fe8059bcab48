// Operations of the model registry: registered models, their versions, tags and aliases; good ones.
import type { Json, Made, Make, Operation } from './operation.ts';
import { call, on, runRef, search } from './pick.ts';
import { addVersion, type KnownName, newName, removeVersion, type World } from './world.ts';

/** A registered model. */
export const aRegistered = (world: World): KnownName | undefined => world.one(world.registered.values());

/** One that has a version, with one of them. */
export const aVersion = (world: World): readonly [KnownName, string] | undefined => {
  const model = world.one(world.registered.values(), ({ versions }) => versions.size > 0);
  return model === undefined ? undefined : [model, world.random.recent([...model.versions.keys()])];
};

/** The name of one that is there, or was. */
export const registeredName = (world: World): string => aRegistered(world)?.name ?? 'model 1';

const alias = (world: World): string => world.random.pick(['champion', 'next', 'ü']);
const key = (world: World): string => world.random.pick(['stage', 'team', 'a b']);
const text = (world: World): string => world.random.pick(['', 'dev', 'ü 日本 😀', '{"a":1}']);
const stage = (world: World): string => world.random.pick(['Staging', 'Production', 'Archived', 'None']);

/** A name that nothing has. */
const freshName = (world: World): string => `model ${world.count('model')}`;

const described = (world: World): Record<string, Json> =>
  world.random.chance(0.5) ? { description: text(world) } : {};

const create: Make = (world) => {
  const tags = world.random.chance(0.5) ? { [key(world)]: text(world) } : {};
  const model = newName(freshName(world));
  for (const name of Object.keys(tags)) model.tags.add(name);
  world.registered.set(model.name, model);
  return call('createRegisteredModel', [model.name], { ...described(world), tags });
};

const createVersion: Make = on(aRegistered, (model, world) => {
  const tags = world.random.chance(0.5) ? { [key(world)]: text(world) } : {};
  const version = addVersion(model);
  for (const name of Object.keys(tags)) model.versions.get(version)?.add(name);
  return call('createModelVersion', [model.name, 's3://bucket/model'], {
    ...described(world),
    tags,
    ...(world.random.chance(0.3) ? { runId: runRef(world) } : {}),
    ...(world.random.chance(0.2) ? { runLink: 'https://example.org/run' } : {}),
  });
});

const rename: Make = on(aRegistered, (model, world) => {
  const name = freshName(world);
  world.registered.delete(model.name);
  world.registered.set(name, { ...model, name });
  return call('renameRegisteredModel', [model.name, name]);
});

const remove: Make = on(aRegistered, (model, world) => {
  if (world.registered.size < 4) return undefined;
  world.registered.delete(model.name);
  return call('deleteRegisteredModel', [model.name]);
});

const copyVersion: Make = on(aVersion, ([model, version], world) => {
  const name = world.random.chance(0.5) ? freshName(world) : registeredName(world);
  const target = world.registered.get(name) ?? newName(name);
  world.registered.set(name, target);
  addVersion(target);
  return call('copyModelVersion', [`models:/${model.name}/${version}`, name]);
});

/** Sets a tag of a name; deletes one. */
export const tagOf = (
  method: string,
  pick: (world: World) => KnownName | undefined,
  keyOf: (world: World) => string = key,
): Make =>
  on(pick, (one, world) => {
    const name = keyOf(world);
    one.tags.add(name);
    return call(method, [one.name, name, text(world)]);
  });
export const untagOf = (method: string, names: (world: World) => Iterable<KnownName>): Make =>
  on(
    (world) => world.one(names(world), ({ tags }) => tags.size > 0),
    (one, { random }) => {
      const name = random.pick([...one.tags]);
      one.tags.delete(name);
      return call(method, [one.name, name]);
    },
  );

/** Takes one of the tags of a version away. */
export const untagVersionOf = (method: string, names: (world: World) => Iterable<KnownName>): Make =>
  on(
    (world) =>
      world.one(
        [...names(world)].flatMap((one) => [...one.versions].map(([version, tags]) => ({ one, version, tags }))),
        ({ tags }) => tags.size > 0,
      ),
    ({ one, version, tags }, { random }) => {
      const name = random.pick([...tags]);
      tags.delete(name);
      return call(method, [one.name, version, name]);
    },
  );

/** An operation on an alias that is there. */
export const onAlias = (
  names: (world: World) => Iterable<KnownName>,
  make: (one: KnownName, alias: string) => Operation,
): Make =>
  on(
    (world) => world.one(names(world), ({ aliases }) => aliases.size > 0),
    (one, { random }) => make(one, random.pick([...one.aliases.keys()])),
  );

const registered = (world: World): Iterable<KnownName> => world.registered.values();

const withSearch = (world: World, filters: readonly string[], orders: readonly string[]): Record<string, Json> => ({
  ...(world.random.chance(0.6) ? { filterString: world.random.pick(filters) } : {}),
  ...(world.random.chance(0.4) ? { maxResults: 1 + world.random.below(3) } : {}),
  orderBy: [world.random.pick(orders)],
});

const searchModels: Make = (world) => {
  const filters = ["name LIKE 'model%'", "tags.stage = 'dev'", `name = '${registeredName(world)}'`];
  const options = withSearch(world, filters, ['name ASC', 'name DESC']);
  return search('searchRegisteredModels', [], options, world.random.pick(['firstPage', 'all']));
};

const searchVersions: Make = (world) => {
  const filters = [`name='${registeredName(world)}'`, "tags.stage = 'dev'", "source_path LIKE 's3%'"];
  const options = withSearch(world, filters, ['name ASC', 'version_number DESC']);
  return search('searchModelVersions', [], options, world.random.pick(['firstPage', 'all']));
};

const ofVersion = (make: (model: string, version: string, world: World) => Operation): Make =>
  on(aVersion, ([model, version], world) => make(model.name, version, world));

/** The operations with how often each is made. */
export const REGISTRY_OPERATIONS: Made = [
  [3, create],
  [3, on(aRegistered, ({ name }) => call('getRegisteredModel', [name]))],
  [3, searchModels],
  [2, on(aRegistered, ({ name }, world) => call('updateRegisteredModel', [name], { description: text(world) }))],
  [0.7, rename],
  [0.4, remove],
  [2, tagOf('setRegisteredModelTag', aRegistered)],
  [1, untagOf('deleteRegisteredModelTag', registered)],
  [
    3,
    on(aVersion, ([model, version], world) => {
      const name = alias(world);
      model.aliases.set(name, version);
      return call('setRegisteredModelAlias', [model.name, name, version]);
    }),
  ],
  [
    1,
    onAlias(registered, (model, name) => {
      model.aliases.delete(name);
      return call('deleteRegisteredModelAlias', [model.name, name]);
    }),
  ],
  [6, createVersion],
  [3, ofVersion((model, version) => call('getModelVersion', [model, version]))],
  [2, onAlias(registered, (model, name) => call('getModelVersionByAlias', [model.name, name]))],
  [1, ofVersion((model, version) => call('getModelVersionDownloadUri', [model, version]))],
  [1, ofVersion((model, version) => call('getModelVersionStages', [model, version]))],
  [
    2,
    on(aRegistered, ({ name }, world) =>
      call('getLatestVersions', [name], world.random.chance(0.5) ? { stages: [stage(world)] } : {}),
    ),
  ],
  [3, searchVersions],
  [2, ofVersion((model, version, world) => call('updateModelVersion', [model, version], { description: text(world) }))],
  [
    2,
    ofVersion((model, version, world) =>
      call(
        'transitionModelVersionStage',
        [model, version, stage(world)],
        world.random.chance(0.3) ? { archiveExistingVersions: true } : {},
      ),
    ),
  ],
  [
    0.5,
    on(aVersion, ([model, version]) => {
      removeVersion(model, version);
      return call('deleteModelVersion', [model.name, version]);
    }),
  ],
  [
    2,
    on(aVersion, ([model, version], world) => {
      const name = key(world);
      model.versions.get(version)?.add(name);
      return call('setModelVersionTag', [model.name, version, name, text(world)]);
    }),
  ],
  [1, untagVersionOf('deleteModelVersionTag', registered)],
  [1, copyVersion],
];
