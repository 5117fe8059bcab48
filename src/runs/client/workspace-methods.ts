// Workspaces of MlflowClient: what one server keeps apart from one another.
import { mlflowError } from '../../errors.ts';
import type { Workspace, WorkspaceDeletionMode } from '../../model/workspaces.ts';
import type { WorkspaceFields } from '../../rest/endpoints/workspaces.ts';
import { LiveTraceMethods } from './live-trace-methods.ts';

/** As Python's client checks them before it asks (mlflow/store/workspace/abstract_store.py). */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])$/;
const RESERVED: ReadonlySet<string> = new Set(['workspaces', 'api', 'ajax-api', 'static-files']);
const MODES: ReadonlySet<unknown> = new Set<WorkspaceDeletionMode>(['SET_DEFAULT', 'CASCADE', 'RESTRICT']);

/** The workspace methods of the client; a tracking server with `--enable-workspaces` alone has them. */
export abstract class WorkspaceMethods extends LiveTraceMethods {
  /** The workspaces that the user may see. */
  listWorkspaces(): Promise<readonly Workspace[]> {
    return this.ask('listWorkspaces', undefined);
  }

  /** Makes a workspace; `RESOURCE_ALREADY_EXISTS` where the name is taken. */
  async createWorkspace(name: string, options: WorkspaceFields = {}): Promise<Workspace> {
    return this.ask('createWorkspace', { ...options, name: checkName(name) });
  }

  /** Reads a workspace. */
  async getWorkspace(name: string): Promise<Workspace> {
    return this.ask('getWorkspace', checkNameOrDefault(name));
  }

  /** Changes a workspace; what is left out stays. */
  async updateWorkspace(name: string, options: WorkspaceFields = {}): Promise<Workspace> {
    return this.ask('updateWorkspace', { ...options, name: checkNameOrDefault(name) });
  }

  /** Deletes a workspace; by default only an empty one. */
  async deleteWorkspace(name: string, options: { readonly mode?: WorkspaceDeletionMode } = {}): Promise<void> {
    const { mode = 'RESTRICT' } = options;
    if (!MODES.has(mode)) throw invalid(`Invalid deletion mode '${mode}'. Must be one of: ${[...MODES].join(', ')}`);
    return this.ask('deleteWorkspace', { name: checkNameOrDefault(name), mode });
  }
}

function checkName(name: string): string {
  if (!NAME.test(name))
    throw invalid(
      `Workspace name '${name.slice(0, 80)}' must be 2 to 63 lower-case letters, digits and hyphens, with none at its ends.`,
    );
  if (RESERVED.has(name)) throw invalid(`Workspace name '${name}' is reserved and cannot be used.`);
  return name;
}

function checkNameOrDefault(name: string): string {
  return name === 'default' ? name : checkName(name);
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
