// Operations on prompts: good ones, and those that must be refused.
import type { Json, Made, Make, Operation } from './operation.ts';
import { aModel } from './logged-model-operations.ts';
import { call, on, runRef, search } from './pick.ts';
import { onAlias, tagOf, untagOf, untagVersionOf } from './registry-operations.ts';
import { aTrace } from './trace-operations.ts';
import { addVersion, type KnownName, newName, refTo, removeVersion, type World } from './world.ts';

const aPrompt = (world: World): KnownName | undefined => world.one(world.prompts.values());
const aVersion = (world: World): readonly [KnownName, string] | undefined => {
  const prompt = world.one(world.prompts.values(), ({ versions }) => versions.size > 0);
  return prompt === undefined ? undefined : [prompt, world.random.recent([...prompt.versions.keys()])];
};
const prompts = (world: World): Iterable<KnownName> => world.prompts.values();
const promptName = (world: World): string => aPrompt(world)?.name ?? 'prompt-1';
const key = (world: World): string => world.random.pick(['stage', 'team']);
const template = (world: World): Json =>
  world.random.pick<Json>(['Say {{word}}.', 'ü 日本 😀 {{ a.b }}', [{ role: 'user', content: 'Hello {{name}}' }]]);

const register: Make = (world) => {
  const name = `prompt-${1 + world.random.below(6)}`;
  const prompt = world.prompts.get(name) ?? newName(name);
  world.prompts.set(name, prompt);
  const version = addVersion(prompt);
  const options: Record<string, Json> = {};
  if (world.random.chance(0.5)) options['commitMessage'] = 'ü first';
  if (world.random.chance(0.5)) {
    const tag = key(world);
    prompt.versions.get(version)?.add(tag);
    options['tags'] = { [tag]: 'dev' };
  }
  if (world.random.chance(0.3)) options['responseFormat'] = { type: 'object', properties: { a: { type: 'string' } } };
  return call('registerPrompt', [name, template(world)], options);
};

const create: Make = (world) => {
  const name = `made-${world.count('prompt')}`;
  const prompt = newName(name);
  prompt.tags.add('stage');
  world.prompts.set(name, prompt);
  return call('createPrompt', [name], { description: 'made', tags: { stage: 'dev' } });
};

const createVersion: Make = on(aPrompt, (prompt, world) => {
  prompt.versions.get(addVersion(prompt))?.add('stage');
  return call('createPromptVersion', [prompt.name, template(world)], { description: 'next', tags: { stage: 'dev' } });
});

const ofVersion = (make: (prompt: string, version: string, world: World) => Operation): Make =>
  on(aVersion, ([prompt, version], world) => make(prompt.name, version, world));

const searchPrompts: Make = (world) =>
  search(
    'searchPrompts',
    [],
    {
      ...(world.random.chance(0.4) ? { maxResults: 2 } : {}),
      ...(world.random.chance(0.5) ? { filterString: "name LIKE 'prompt-%'" } : {}),
    },
    'firstPage',
  );

/** What older MLflows noted of a run in the version's tags, which `detachPromptFromRun` takes away. */
const RUN_IDS = 'mlflow.prompt.associatedRunIds';
const noteRun: Make = on(aVersion, ([prompt, version]) => {
  prompt.versions.get(version)?.add(RUN_IDS);
  return call('setPromptVersionTag', [prompt.name, Number(version), RUN_IDS, '<run:1>,<run:2>']);
});
const detach: Make = on(
  (world) =>
    world.one(
      [...prompts(world)].flatMap(({ name, versions }) =>
        [...versions].map(([version, tags]) => ({ name, version, tags })),
      ),
      ({ tags }) => tags.has(RUN_IDS),
    ),
  ({ name, version, tags }) => {
    tags.delete(RUN_IDS);
    return call('detachPromptFromRun', [refTo('run:1'), `prompts:/${name}/${version}`]);
  },
);

/** The operations with how often each is made. */
export const PROMPT_OPERATIONS: Made = [
  [5, register],
  [
    2,
    ofVersion((prompt, version, { random }) =>
      call('loadPrompt', [`prompts:/${prompt}/${version}`], random.chance(0.5) ? { allowMissing: true } : {}),
    ),
  ],
  [2, onAlias(prompts, ({ name }, alias) => call('loadPrompt', [`prompts:/${name}@${alias}`]))],
  [2, on(aPrompt, ({ name }) => call('getPrompt', [name]))],
  [2, ofVersion((prompt, version) => call('getPromptVersion', [prompt, Number(version)]))],
  [1, onAlias(prompts, ({ name }, alias) => call('getPromptVersionByAlias', [name, alias]))],
  [2, searchPrompts],
  [1, on(aPrompt, ({ name }) => search('searchPromptVersions', [name], {}, 'firstPage'))],
  [1, create],
  [1, createVersion],
  [
    2,
    on(aVersion, ([prompt, version], { random }) => {
      const alias = random.pick(['live', 'next']);
      prompt.aliases.set(alias, version);
      return call('setPromptAlias', [prompt.name, alias, Number(version)]);
    }),
  ],
  [
    1,
    onAlias(prompts, (prompt, alias) => {
      prompt.aliases.delete(alias);
      return call('deletePromptAlias', [prompt.name, alias]);
    }),
  ],
  [1, tagOf('setPromptTag', aPrompt, key)],
  [1, untagOf('deletePromptTag', prompts)],
  [
    1,
    on(aVersion, ([prompt, version], world) => {
      const tag = key(world);
      prompt.versions.get(version)?.add(tag);
      return call('setPromptVersionTag', [prompt.name, Number(version), tag, 'ü']);
    }),
  ],
  [1, untagVersionOf('deletePromptVersionTag', prompts)],
  [
    0.5,
    on(aVersion, ([prompt, version]) => {
      removeVersion(prompt, version);
      return call('deletePromptVersion', [prompt.name, version]);
    }),
  ],
  [
    0.4,
    on(aPrompt, ({ name }, world) => {
      world.prompts.delete(name);
      return call('deletePrompt', [name]);
    }),
  ],
  [
    1,
    ofVersion((prompt, version, world) =>
      call('linkPromptVersionToRun', [runRef(world), `prompts:/${prompt}/${version}`]),
    ),
  ],
  [
    1,
    on(aVersion, ([{ name }, version], world) => {
      const model = aModel(world);
      return model && call('linkPromptVersionToModel', [name, version, refTo(model.ref)]);
    }),
  ],
  [
    1,
    on(aVersion, ([{ name }, version], world) => {
      const trace = aTrace(world);
      return trace && call('linkPromptVersionsToTrace', [[`prompts:/${name}/${version}`], refTo(trace.ref)]);
    }),
  ],
  [1, noteRun],
  [1, () => call('listLoggedPrompts', [refTo('run:1')])],
  [0.5, detach],
  [1, ofVersion((prompt, version) => call('parsePromptUri', [`prompts:/${prompt}/${version}`]))],
];

/** Those that must be refused. */
export const PROMPT_MISHAPS: Made = [
  [1, ({ random }) => call('registerPrompt', [random.pick(['', 'a/b', 'a:b', 'a b']), 'Hello'])],
  [1, () => call('loadPrompt', ['prompts:/nobody/1'])],
  [1, ({ random }) => call('loadPrompt', [random.pick(['prompts:/nobody', 'prompts:/'])])],
  [1, () => call('getPrompt', ['nobody'])],
  [1, (world) => call('createPrompt', [promptName(world)])],
  [1, (world) => call('setPromptAlias', [promptName(world), world.random.pick(['latest', 'v1']), 1])],
  [1, (world) => call('setPromptAlias', [promptName(world), 'live', 99])],
  [1, (world) => call('setPromptVersionTag', [promptName(world), 99, 'a', 'b'])],
  [1, (world) => call('linkPromptVersionToRun', [runRef(world), 'prompts:/nobody/1'])],
  [1, () => call('detachPromptFromRun', [refTo('run:1'), 'prompts:/nobody/1'])],
];
