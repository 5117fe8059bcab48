// The endpoints of workspaces: what they are asked, and their JSON.
import { z } from 'zod';
import type { TraceArchivalConfig, Workspace, WorkspaceDeletionMode } from '../../model/workspaces.ts';
import { oneOf, optional, text } from '../wire/checked.ts';
import { API_3, by, get, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import { nothing } from '../wire/wire-values.ts';

/** What a workspace is told; of an old one, what changes. */
export interface WorkspaceFields {
  /** What it is for. */
  readonly description?: string;
  /** Empty takes it away. */
  readonly defaultArtifactRoot?: string;
  /** When its traces are archived. */
  readonly traceArchivalConfig?: TraceArchivalConfig;
}

/** The endpoints, by the name this package has for them. */
export interface WorkspaceEndpoints {
  readonly listWorkspaces: Endpoint<void, readonly Workspace[]>;
  readonly createWorkspace: Endpoint<WorkspaceFields & { readonly name: string }, Workspace>;
  readonly getWorkspace: Endpoint<string, Workspace>;
  readonly updateWorkspace: Endpoint<WorkspaceFields & { readonly name: string }, Workspace>;
  readonly deleteWorkspace: Endpoint<{ readonly name: string; readonly mode: WorkspaceDeletionMode }, void>;
}

const MODES: ReadonlySet<string> = new Set<WorkspaceDeletionMode>(['SET_DEFAULT', 'CASCADE', 'RESTRICT']);

const workspace = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    default_artifact_root: z.string().optional(),
    trace_archival_config: z.object({ location: z.string().optional(), retention: z.string().optional() }).optional(),
  })
  .transform((from): Workspace => ({
    name: from.name,
    description: from.description,
    defaultArtifactRoot: from.default_artifact_root,
    traceArchivalLocation: from.trace_archival_config?.location,
    traceArchivalRetention: from.trace_archival_config?.retention,
  }));

const workspaceAnswer = z.object({ workspace }).transform((from) => from.workspace);

const path = `${API_3}workspaces`;
const one = `${path}/{workspace_name}`;

/**
 * The table.
 *
 * @see https://mlflow.org/docs/latest/self-hosting/workspaces/
 */
export const WORKSPACE_ENDPOINTS: WorkspaceEndpoints = {
  listWorkspaces: get(
    path,
    () => ({}),
    z.object({ workspaces: z.array(workspace).default([]) }).transform((from) => from.workspaces),
  ),
  createWorkspace: post(
    path,
    'once',
    ({ name, ...fields }) => ({ name: text(name, 'workspace name'), ...fieldsOf(fields) }),
    workspaceAnswer,
  ),
  getWorkspace: get(one, nameOf, workspaceAnswer),
  updateWorkspace: by(
    'PATCH',
    post(one, 'repeatable', ({ name, ...fields }) => ({ ...nameOf(name), ...fieldsOf(fields) }), workspaceAnswer),
  ),
  deleteWorkspace: {
    // the mode is read from the query alone
    ...by(
      'DELETE',
      post(
        `${one}?mode={mode}`,
        'once',
        ({ name, mode }) => ({ ...nameOf(name), mode: oneOf(mode, MODES, 'deletion mode') }),
        nothing,
      ),
    ),
    isSilent: true,
  },
};

function nameOf(name: string): WireFields {
  return { workspace_name: text(name, 'workspace name') };
}

function fieldsOf(from: WorkspaceFields): WireFields {
  const archival = from.traceArchivalConfig;
  return {
    description: optional(from.description, 'description'),
    default_artifact_root: optional(from.defaultArtifactRoot, 'artifact root'),
    trace_archival_config: archival && {
      location: optional(archival.location, 'archival location'),
      retention: optional(archival.retention, 'archival retention'),
    },
  };
}
