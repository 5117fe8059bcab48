// Writes a script: thousands of operations of all groups, the same for the same seed.
import { ARTIFACT_MISHAPS, ARTIFACT_OPERATIONS } from './artifact-operations.ts';
import { ASSESSMENT_MISHAPS, ASSESSMENT_OPERATIONS } from './assessment-operations.ts';
import { DATASET_MISHAPS, DATASET_OPERATIONS } from './dataset-operations.ts';
import { LOGGED_MODEL_MISHAPS, LOGGED_MODEL_OPERATIONS } from './logged-model-operations.ts';
import { MCP_SERVER_MISHAPS } from './mcp-server-mishaps.ts';
import { MCP_SERVER_OPERATIONS } from './mcp-server-operations.ts';
import { MODEL_FILE_MISHAPS, MODEL_FILE_OPERATIONS } from './model-file-operations.ts';
import type { Made, Make, Operation } from './operation.ts';
import { PROMPT_MISHAPS, PROMPT_OPERATIONS } from './prompt-operations.ts';
import { REGISTRY_MISHAPS } from './registry-mishaps.ts';
import { REGISTRY_OPERATIONS } from './registry-operations.ts';
import { endAll, TRACE_MISHAPS, TRACE_OPERATIONS } from './trace-operations.ts';
import { TRACKING_MISHAPS } from './tracking-mishaps.ts';
import { createExperiment, createRun, TRACKING_OPERATIONS } from './tracking-operations.ts';
import { WEBHOOK_MISHAPS, WEBHOOK_OPERATIONS } from './webhook-operations.ts';
import { WORKSPACE_MISHAPS, WORKSPACE_OPERATIONS } from './workspace-operations.ts';
import { World } from './world.ts';

/** A group of the client's methods. */
interface Group {
  readonly name: string;
  /** How many of the operations are of it. */
  readonly weight: number;
  readonly operations: Made;
  /** Those that must fail. */
  readonly mishaps: Made;
}

const GROUPS: readonly Group[] = [
  { name: 'tracking', weight: 9, operations: TRACKING_OPERATIONS, mishaps: TRACKING_MISHAPS },
  { name: 'artifacts', weight: 2.5, operations: ARTIFACT_OPERATIONS, mishaps: ARTIFACT_MISHAPS },
  { name: 'logged models', weight: 2.5, operations: LOGGED_MODEL_OPERATIONS, mishaps: LOGGED_MODEL_MISHAPS },
  { name: 'model files', weight: 1, operations: MODEL_FILE_OPERATIONS, mishaps: MODEL_FILE_MISHAPS },
  { name: 'registry', weight: 3, operations: REGISTRY_OPERATIONS, mishaps: REGISTRY_MISHAPS },
  { name: 'prompts', weight: 2, operations: PROMPT_OPERATIONS, mishaps: PROMPT_MISHAPS },
  { name: 'datasets', weight: 1.3, operations: DATASET_OPERATIONS, mishaps: DATASET_MISHAPS },
  { name: 'traces', weight: 2.5, operations: TRACE_OPERATIONS, mishaps: TRACE_MISHAPS },
  { name: 'assessments', weight: 1, operations: ASSESSMENT_OPERATIONS, mishaps: ASSESSMENT_MISHAPS },
  { name: 'webhooks', weight: 0.7, operations: WEBHOOK_OPERATIONS, mishaps: WEBHOOK_MISHAPS },
  { name: 'MCP servers', weight: 2.5, operations: MCP_SERVER_OPERATIONS, mishaps: MCP_SERVER_MISHAPS },
  { name: 'workspaces', weight: 0.3, operations: WORKSPACE_OPERATIONS, mishaps: WORKSPACE_MISHAPS },
];

/** How many of the operations, beside one of each kind, are meant to fail. */
const MISHAPS = 0.09;

/** What every script begins with: a few experiments and runs. */
const BEGINNING: readonly Make[] = [
  createExperiment,
  createExperiment,
  createExperiment,
  createRun,
  createRun,
  createRun,
];

/** Writes `count` operations and the end of what they began, of these groups alone where they are named. */
export function writeScript(seed: number, count: number, names?: readonly string[]): readonly Operation[] {
  // a server has workspaces, or all else as it is without them
  const chosen = GROUPS.filter(({ name }) => names?.includes(name) ?? name !== 'workspaces');
  const groups = chosen.map((group) => [group.weight, group] as const);
  const world = new World(seed);
  const operations = BEGINNING.flatMap((make) => make(world) ?? []);
  // every kind of operation once, so that no seed leaves one out; those that have nothing to work on yet come later
  let due: readonly Make[] = chosen.flatMap(({ operations: good, mishaps }) =>
    [...good, ...mishaps].map(([, make]) => make),
  );
  for (let at = operations.length; operations.length < count; at++) {
    if (due.length > 0 && at % 3 === 0) {
      const [make, ...rest] = due;
      const made = make?.(world);
      due = made === undefined && make !== undefined ? [...rest, make] : rest;
      if (made !== undefined) operations.push(made);
      continue;
    }
    const group = world.random.weighted(groups);
    const makes = world.random.chance(MISHAPS) ? group.mishaps : group.operations;
    const made = world.random.weighted(makes)(world);
    if (made !== undefined) operations.push(made);
  }
  return [...operations, ...endAll(world)];
}
