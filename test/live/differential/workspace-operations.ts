// Operations on workspaces: good ones, and those that must be refused.
import type { Json } from './operation.ts';
import type { Make } from './tracking-operations.ts';
import type { World } from './world.ts';

type Made = readonly (readonly [number, Make])[];

const name = (world: World): string => `team-${1 + world.random.below(4)}`;
const BAD_NAMES = ['A', 'a', 'Team', 'team_1', '-team', 'team-', 'api', 'workspaces', 't'.repeat(64), ''];
const fields = (world: World): Readonly<Record<string, Json>> =>
  world.random.pick<Record<string, Json>>([
    {},
    { description: 'ü 日本' },
    { description: 'archived', traceArchivalConfig: { location: 's3://archive/traces', retention: '30d' } },
    { traceArchivalConfig: { location: '', retention: '' } },
  ]);

/** The operations with how often each is made. */
export const WORKSPACE_OPERATIONS: Made = [
  [2, (world) => ({ method: 'createWorkspace', args: [name(world)], options: fields(world) })],
  [2, () => ({ method: 'listWorkspaces', args: [] })],
  [2, (world) => ({ method: 'getWorkspace', args: [world.random.chance(0.2) ? 'default' : name(world)] })],
  [2, (world) => ({ method: 'updateWorkspace', args: [name(world)], options: fields(world) })],
  [
    1,
    (world) => ({
      method: 'deleteWorkspace',
      args: [name(world)],
      options: world.random.pick<Record<string, Json>>([{}, { mode: 'CASCADE' }, { mode: 'SET_DEFAULT' }]),
    }),
  ],
];

/** Those that must be refused. */
export const WORKSPACE_MISHAPS: Made = [
  [2, (world) => ({ method: 'createWorkspace', args: [world.random.pick([...BAD_NAMES, 'default'])] })],
  [1, (world) => ({ method: 'getWorkspace', args: [world.random.pick([...BAD_NAMES, 'nobody'])] })],
  [
    1,
    (world) => ({
      method: 'updateWorkspace',
      args: [world.random.pick([...BAD_NAMES, 'nobody'])],
      options: { description: 'x' },
    }),
  ],
  [
    1,
    (world) => ({
      method: 'createWorkspace',
      args: [`bad-${world.count('bad')}`],
      options: { traceArchivalConfig: { retention: 'soon' } },
    }),
  ],
  [1, (world) => ({ method: 'deleteWorkspace', args: [world.random.pick([...BAD_NAMES, 'nobody', 'default'])] })],
  [1, (world) => ({ method: 'deleteWorkspace', args: [name(world)], options: { mode: 'MAYBE' } })],
];
