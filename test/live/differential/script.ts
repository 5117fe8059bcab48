// Writes a script: thousands of operations of all groups, the same for the same seed.
import { DATASET_MISHAPS, DATASET_OPERATIONS } from './dataset-operations.ts';
import { LOGGED_MODEL_MISHAPS, LOGGED_MODEL_OPERATIONS } from './logged-model-operations.ts';
import { PROMPT_MISHAPS, PROMPT_OPERATIONS } from './prompt-operations.ts';
import { REGISTRY_MISHAPS, REGISTRY_OPERATIONS } from './registry-operations.ts';
import { WEBHOOK_MISHAPS, WEBHOOK_OPERATIONS } from './webhook-operations.ts';
import type { Operation } from './operation.ts';
import { TRACKING_MISHAPS } from './tracking-mishaps.ts';
import { MCP_SERVER_MISHAPS, MCP_SERVER_OPERATIONS } from './mcp-server-operations.ts';
import { createExperiment, createRun, type Make, TRACKING_OPERATIONS } from './tracking-operations.ts';
import { World } from './world.ts';
import { WORKSPACE_MISHAPS, WORKSPACE_OPERATIONS } from './workspace-operations.ts';

/** A group of the client's methods. */
interface Group {
  readonly name: string;
  /** How many of the operations are of it. */
  readonly weight: number;
  readonly operations: readonly (readonly [number, Make])[];
  /** Those that must fail. */
  readonly mishaps: readonly (readonly [number, Make])[];
}

const GROUPS: readonly Group[] = [
  { name: 'tracking', weight: 10, operations: TRACKING_OPERATIONS, mishaps: TRACKING_MISHAPS },
  { name: 'logged models', weight: 3, operations: LOGGED_MODEL_OPERATIONS, mishaps: LOGGED_MODEL_MISHAPS },
  { name: 'registry', weight: 3.5, operations: REGISTRY_OPERATIONS, mishaps: REGISTRY_MISHAPS },
  { name: 'prompts', weight: 2, operations: PROMPT_OPERATIONS, mishaps: PROMPT_MISHAPS },
  { name: 'datasets', weight: 1, operations: DATASET_OPERATIONS, mishaps: DATASET_MISHAPS },
  { name: 'webhooks', weight: 0.7, operations: WEBHOOK_OPERATIONS, mishaps: WEBHOOK_MISHAPS },
  { name: 'MCP servers', weight: 2.5, operations: MCP_SERVER_OPERATIONS, mishaps: MCP_SERVER_MISHAPS },
  { name: 'workspaces', weight: 0.5, operations: WORKSPACE_OPERATIONS, mishaps: WORKSPACE_MISHAPS },
];

/** How many operations are meant to fail. */
const MISHAPS = 0.15;

/** What every script begins with: a few experiments and runs. */
const BEGINNING: readonly Make[] = [
  createExperiment,
  createExperiment,
  createExperiment,
  createRun,
  createRun,
  createRun,
];

/** Writes `count` operations, of these groups alone where they are named. */
export function writeScript(seed: number, count: number, names?: readonly string[]): readonly Operation[] {
  const chosen = GROUPS.filter(({ name }) => names?.includes(name) ?? true);
  const world = new World(seed);
  const operations = BEGINNING.map((make) => make(world));
  // every kind of operation once, so that no seed leaves one out
  for (const { operations: good, mishaps } of chosen)
    operations.push(...[...good, ...mishaps].map(([, make]) => make(world)));
  const groups = chosen.map((group) => [group.weight, group] as const);
  while (operations.length < count) {
    const group = world.random.weighted(groups);
    const makes = world.random.chance(MISHAPS) ? group.mishaps : group.operations;
    operations.push(world.random.weighted(makes)(world));
  }
  return operations;
}
