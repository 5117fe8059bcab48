// The model registry's nouns: registered models, their versions, and the tag by which MLflow tells prompts from them.

/** Whether a version can be used. */
export type ModelVersionStatus = 'PENDING_REGISTRATION' | 'FAILED_REGISTRATION' | 'READY';

/** The stages of a version; MLflow itself has given them up for aliases. */
export const MODEL_VERSION_STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;

/** One version of a registered model. */
export interface ModelVersion {
  /** The registered model's. */
  readonly name: string;
  /** A whole number as text, as MLflow has it; 1 is the first. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
  /** Free text; empty where there is none. */
  readonly description: string;
  /** Who made it; empty where nobody said. */
  readonly userId: string;
  /** One of {@link MODEL_VERSION_STAGES}. */
  readonly currentStage: string;
  /** The URI that it was made from, such as `models:/m-…`; where its files are is `getModelVersionDownloadUri`'s answer. */
  readonly source: string;
  /** The run that made it; empty where nobody said. */
  readonly runId: string;
  /** A page of that run; empty where nobody said. */
  readonly runLink: string;
  /** Whether it can be used. */
  readonly status: ModelVersionStatus;
  /** Why it is as it is; empty where there is nothing to say. */
  readonly statusMessage: string;
  /** What was noted of it. */
  readonly tags: Readonly<Record<string, string>>;
  /** The names that point to it; empty in searches, where MLflow leaves them out. */
  readonly aliases: readonly string[];
}

/** A model under a name of its own, with versions. */
export interface RegisteredModel {
  /** Unique in the registry. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
  /** Free text; empty where there is none. */
  readonly description: string;
  /** The newest version of each stage that has any. */
  readonly latestVersions: readonly ModelVersion[];
  /** What was noted of it. */
  readonly tags: Readonly<Record<string, string>>;
  /** The version that each alias points to. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** Prompts are registered models with this tag. */
export const IS_PROMPT_TAG = 'mlflow.prompt.is_prompt';

/** Whether tags are a prompt's. */
export function hasPromptTag(tags: Readonly<Record<string, unknown>> | undefined): boolean {
  return tags !== undefined && Object.hasOwn(tags, IS_PROMPT_TAG);
}

/** Tags without the one that says what is known: that this is a prompt. */
export function withoutPromptTag(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => key !== IS_PROMPT_TAG));
}
