// Webhooks of a server's model registry, as this package reads and writes them.

/** Whether a webhook is called. */
export type WebhookStatus = 'ACTIVE' | 'DISABLED';

/** What happens to what: the events that MLflow has. */
export const WEBHOOK_EVENTS = [
  'registered_model.created',
  'model_version.created',
  'model_version_tag.set',
  'model_version_tag.deleted',
  'model_version_alias.created',
  'model_version_alias.deleted',
  'prompt.created',
  'prompt_version.created',
  'prompt_tag.set',
  'prompt_tag.deleted',
  'prompt_version_tag.set',
  'prompt_version_tag.deleted',
  'prompt_alias.created',
  'prompt_alias.deleted',
  'budget_policy.exceeded',
] as const;

/** One of {@link WEBHOOK_EVENTS}. */
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** An address that the server calls when something happens; its secret is never given back. */
export interface Webhook {
  /** The server's. */
  readonly webhookId: string;
  /** Chosen by who made it. */
  readonly name: string;
  /** Where it calls. */
  readonly url: string;
  /** What it is called for; one that this package does not know is given as the server spells it, in lower case. */
  readonly events: readonly string[];
  /** Free text; empty where there is none. */
  readonly description: string;
  /** Whether it is called. */
  readonly status: WebhookStatus;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
}

/** What a webhook answered when it was tried. */
export interface WebhookTestResult {
  /** Whether it answered with a 2xx. */
  readonly isSuccess: boolean;
  /** HTTP; undefined where no answer came. */
  readonly responseStatus: number | undefined;
  /** Its answer's body. */
  readonly responseBody: string | undefined;
  /** Why no answer came. */
  readonly errorMessage: string | undefined;
}
