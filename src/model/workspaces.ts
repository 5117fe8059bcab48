// MLflow's workspaces: what one server keeps apart from one another.

/** What becomes of what is in a workspace that is deleted: it goes to the default one, it goes too, or nothing is deleted. */
export type WorkspaceDeletionMode = 'SET_DEFAULT' | 'CASCADE' | 'RESTRICT';

/** Where a workspace's old traces go, and when. */
export interface TraceArchivalConfig {
  /** The address of the archive; empty takes it away. */
  readonly location?: string;
  /** Such as `30d` or `12h`; empty takes it away. */
  readonly retention?: string;
}

/** A workspace. */
export interface Workspace {
  /** Lower-case letters, digits and hyphens, 2 to 63. */
  readonly name: string;
  /** What it is for. */
  readonly description: string | undefined;
  /** Where its experiments keep artifacts; undefined where that is the server's default. */
  readonly defaultArtifactRoot: string | undefined;
  /** Where its old traces go. */
  readonly traceArchivalLocation: string | undefined;
  /** When they go there. */
  readonly traceArchivalRetention: string | undefined;
}
