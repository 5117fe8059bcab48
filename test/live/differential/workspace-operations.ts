// Operations on workspaces: good ones, and those that must be refused.
import type { Json, Made, Make } from './operation.ts';
import { call, on } from './pick.ts';
import type { World } from './world.ts';

const BAD_NAMES = ['A', 'a', 'Team', 'team_1', '-team', 'team-', 'api', 'workspaces', 't'.repeat(64), ''];
const fields = (world: World): Readonly<Record<string, Json>> =>
  world.random.pick<Record<string, Json>>([
    {},
    { description: 'ü 日本' },
    { description: 'archived', traceArchivalConfig: { location: 's3://archive/traces', retention: '30d' } },
    { traceArchivalConfig: { location: '', retention: '' } },
  ]);
const aWorkspace = (world: World): string | undefined => world.one(world.workspaces);

const create: Make = (world) => {
  const name = `team-${world.count('workspace')}`;
  world.workspaces.add(name);
  return call('createWorkspace', [name], fields(world));
};

/** The operations with how often each is made. */
export const WORKSPACE_OPERATIONS: Made = [
  [2, create],
  [2, () => call('listWorkspaces', [])],
  [2, on(aWorkspace, (name, { random }) => call('getWorkspace', [random.chance(0.2) ? 'default' : name]))],
  [2, on(aWorkspace, (name, world) => call('updateWorkspace', [name], fields(world)))],
  [
    1,
    on(aWorkspace, (name, world) => {
      world.workspaces.delete(name);
      const modes: readonly Record<string, Json>[] = [{}, { mode: 'CASCADE' }, { mode: 'SET_DEFAULT' }];
      return call('deleteWorkspace', [name], world.random.pick(modes));
    }),
  ],
];

/** Those that must be refused. */
export const WORKSPACE_MISHAPS: Made = [
  [2, ({ random }) => call('createWorkspace', [random.pick([...BAD_NAMES, 'default'])])],
  [1, on(aWorkspace, (name) => call('createWorkspace', [name]))],
  [1, ({ random }) => call('getWorkspace', [random.pick([...BAD_NAMES, 'nobody'])])],
  [1, ({ random }) => call('updateWorkspace', [random.pick([...BAD_NAMES, 'nobody'])], { description: 'x' })],
  [
    1,
    (world) => call('createWorkspace', [`bad-${world.count('bad')}`], { traceArchivalConfig: { retention: 'soon' } }),
  ],
  [1, ({ random }) => call('deleteWorkspace', [random.pick([...BAD_NAMES, 'nobody', 'default'])])],
  [1, on(aWorkspace, (name) => call('deleteWorkspace', [name], { mode: 'MAYBE' }))],
];
