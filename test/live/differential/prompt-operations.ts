// Operations on prompts: good ones, and those that must be refused.
import type { Json } from './operation.ts';
import { aRun, type Make } from './tracking-operations.ts';
import type { World } from './world.ts';

type Made = readonly (readonly [number, Make])[];

const prompt = (world: World): string => `prompt-${1 + world.random.below(6)}`;
const version = (world: World): number => 1 + world.random.below(4);
const alias = (world: World): string => world.random.pick(['live', 'next']);
const key = (world: World): string => world.random.pick(['stage', 'team']);
const template = (world: World): Json =>
  world.random.pick<Json>(['Say {{word}}.', 'ü 日本 😀 {{ a.b }}', [{ role: 'user', content: 'Hello {{name}}' }]]);

const register: Make = (world) => {
  const options: Record<string, Json> = {};
  if (world.random.chance(0.5)) options['commitMessage'] = 'ü first';
  if (world.random.chance(0.5)) options['tags'] = { [key(world)]: 'dev' };
  if (world.random.chance(0.3)) options['responseFormat'] = { type: 'object', properties: { a: { type: 'string' } } };
  return { method: 'registerPrompt', args: [prompt(world), template(world)], options };
};

/** The operations with how often each is made. */
export const PROMPT_OPERATIONS: Made = [
  [5, register],
  [
    2,
    (world) => ({
      method: 'loadPrompt',
      args: [`prompts:/${prompt(world)}/${version(world)}`],
      options: world.random.chance(0.5) ? { allowMissing: true } : {},
    }),
  ],
  [2, (world) => ({ method: 'loadPrompt', args: [`prompts:/${prompt(world)}@${alias(world)}`] })],
  [2, (world) => ({ method: 'getPrompt', args: [prompt(world)] })],
  [2, (world) => ({ method: 'getPromptVersion', args: [prompt(world), version(world)] })],
  [1, (world) => ({ method: 'getPromptVersionByAlias', args: [prompt(world), alias(world)] })],
  [
    2,
    (world) => ({
      method: 'searchPrompts',
      args: [],
      options: {
        ...(world.random.chance(0.4) ? { maxResults: 2 } : {}),
        ...(world.random.chance(0.5) ? { filterString: "name LIKE 'prompt-%'" } : {}),
      },
      take: 'firstPage',
    }),
  ],
  [1, (world) => ({ method: 'searchPromptVersions', args: [prompt(world)], take: 'firstPage' })],
  [
    1,
    (world) => ({
      method: 'createPrompt',
      args: [prompt(world)],
      options: { description: 'made', tags: { stage: 'dev' } },
    }),
  ],
  [
    1,
    (world) => ({
      method: 'createPromptVersion',
      args: [prompt(world), template(world)],
      options: { description: 'next', tags: { stage: 'dev' } },
    }),
  ],
  [2, (world) => ({ method: 'setPromptAlias', args: [prompt(world), alias(world), version(world)] })],
  [1, (world) => ({ method: 'deletePromptAlias', args: [prompt(world), alias(world)] })],
  [1, (world) => ({ method: 'setPromptTag', args: [prompt(world), key(world), 'ü'] })],
  [1, (world) => ({ method: 'deletePromptTag', args: [prompt(world), key(world)] })],
  [1, (world) => ({ method: 'setPromptVersionTag', args: [prompt(world), version(world), key(world), 'ü'] })],
  [1, (world) => ({ method: 'deletePromptVersionTag', args: [prompt(world), version(world), key(world)] })],
  [0.3, (world) => ({ method: 'deletePromptVersion', args: [prompt(world), String(version(world))] })],
  [0.2, (world) => ({ method: 'deletePrompt', args: [prompt(world)] })],
  [
    1,
    (world) => ({
      method: 'linkPromptVersionToRun',
      args: [aRun(world), `prompts:/${prompt(world)}/${version(world)}`],
    }),
  ],
  [1, (world) => ({ method: 'listLoggedPrompts', args: [aRun(world)] })],
  [
    0.5,
    (world) => ({ method: 'detachPromptFromRun', args: [aRun(world), `prompts:/${prompt(world)}/${version(world)}`] }),
  ],
];

/** Those that must be refused. */
export const PROMPT_MISHAPS: Made = [
  [1, (world) => ({ method: 'registerPrompt', args: [world.random.pick(['', 'a/b', 'a:b', 'a b']), 'Hello'] })],
  [1, () => ({ method: 'loadPrompt', args: ['prompts:/nobody/1'] })],
  [1, (world) => ({ method: 'loadPrompt', args: [world.random.pick(['prompts:/nobody', 'prompts:/'])] })],
  [1, () => ({ method: 'getPrompt', args: ['nobody'] })],
  [1, (world) => ({ method: 'setPromptAlias', args: [prompt(world), world.random.pick(['latest', 'v1']), 1] })],
  [1, (world) => ({ method: 'setPromptAlias', args: [prompt(world), 'live', 99] })],
  [1, (world) => ({ method: 'setPromptVersionTag', args: [prompt(world), 99, 'a', 'b'] })],
  [1, (world) => ({ method: 'linkPromptVersionToRun', args: [aRun(world), 'prompts:/nobody/1'] })],
];
