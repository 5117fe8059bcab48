// The endpoints of webhooks: what they are asked, and their JSON.
import { z } from 'zod';
import type { Page } from '../../model/entities.ts';
import {
  WEBHOOK_EVENTS,
  type Webhook,
  type WebhookEvent,
  type WebhookStatus,
  type WebhookTestResult,
} from '../../model/webhooks.ts';
import { integer, oneOf, optional, text } from '../wire/checked.ts';
import { API_2, by, get, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import * as wire from '../wire/wire-values.ts';

/** What a new webhook is told; of an old one, what changes. */
export interface WebhookFields {
  /** What people read. */
  readonly name?: string;
  /** Where the server calls. */
  readonly url?: string;
  /** What it is called for. */
  readonly events?: readonly WebhookEvent[];
  /** Free text. */
  readonly description?: string;
  /** Signs what is delivered; the server never gives it back. */
  readonly secret?: string;
  /** Whether it is called. @default 'ACTIVE' */
  readonly status?: WebhookStatus;
}

/** What a new webhook must have. */
export type NewWebhook = WebhookFields & Required<Pick<WebhookFields, 'name' | 'url' | 'events'>>;

/** The endpoints, by the name this package has for them. */
export interface WebhookEndpoints {
  readonly createWebhook: Endpoint<NewWebhook, Webhook>;
  readonly getWebhook: Endpoint<string, Webhook>;
  readonly listWebhooks: Endpoint<{ readonly maxResults?: number; readonly pageToken?: string }, Page<Webhook>>;
  readonly updateWebhook: Endpoint<WebhookFields & { readonly webhookId: string }, Webhook>;
  readonly deleteWebhook: Endpoint<string, void>;
  readonly testWebhook: Endpoint<{ readonly webhookId: string; readonly event?: WebhookEvent }, WebhookTestResult>;
}

const EVENTS: ReadonlySet<string> = new Set(WEBHOOK_EVENTS);
const STATUSES: ReadonlySet<string> = new Set<WebhookStatus>(['ACTIVE', 'DISABLED']);

const webhook = z
  .object({
    webhook_id: z.string(),
    name: wire.text,
    url: wire.text,
    description: wire.text,
    events: z.array(z.object({ entity: z.string(), action: z.string() })).default([]),
    status: z.enum(['ACTIVE', 'DISABLED']).default('ACTIVE'),
    creation_timestamp: wire.int64,
    last_updated_timestamp: wire.int64,
  })
  .transform((from): Webhook => ({
    webhookId: from.webhook_id,
    name: from.name,
    url: from.url,
    events: from.events.map(({ entity, action }) => `${entity}.${action}`.toLowerCase()),
    description: from.description,
    status: from.status,
    creationTimeMs: from.creation_timestamp,
    lastUpdateTimeMs: from.last_updated_timestamp,
  }));

const webhookAnswer = z.object({ webhook }).transform((from) => from.webhook);

const testAnswer = z
  .object({
    result: z.object({
      success: z.boolean().default(false),
      response_status: wire.int64.optional(),
      response_body: z.string().optional(),
      error_message: z.string().optional(),
    }),
  })
  .transform(({ result }): WebhookTestResult => ({
    isSuccess: result.success,
    responseStatus: result.response_status,
    responseBody: result.response_body,
    errorMessage: result.error_message,
  }));

const path = `${API_2}webhooks`;

/**
 * The table.
 *
 * @see https://mlflow.org/docs/latest/ml/webhooks/
 */
export const WEBHOOK_ENDPOINTS: WebhookEndpoints = {
  createWebhook: post(path, 'once', fieldsOf, webhookAnswer),
  getWebhook: get(`${path}/{webhook_id}`, idOf, webhookAnswer),
  listWebhooks: get(
    path,
    ({ maxResults, pageToken }) => ({
      max_results: maxResults === undefined ? undefined : integer(maxResults, 'max results'),
      page_token: optional(pageToken, 'page token'),
    }),
    z
      .object({ webhooks: z.array(webhook).default([]), next_page_token: wire.pageToken })
      .transform((from) => wire.pageOf(from.webhooks, from.next_page_token)),
  ),
  updateWebhook: by(
    'PATCH',
    post(
      `${path}/{webhook_id}`,
      'repeatable',
      ({ webhookId, ...fields }) => ({ ...idOf(webhookId), ...fieldsOf(fields) }),
      webhookAnswer,
    ),
  ),
  deleteWebhook: by('DELETE', post(`${path}/{webhook_id}`, 'once', idOf, wire.nothing)),
  testWebhook: post(
    `${path}/{webhook_id}/test`,
    'once',
    ({ webhookId, event }) => ({ ...idOf(webhookId), event: event === undefined ? undefined : eventFields(event) }),
    testAnswer,
  ),
};

function idOf(webhookId: string): WireFields {
  return { webhook_id: text(webhookId, 'webhook id') };
}

function fieldsOf(from: WebhookFields): WireFields {
  return {
    name: optional(from.name, 'webhook name'),
    url: optional(from.url, 'webhook URL'),
    events: from.events?.map(eventFields),
    description: optional(from.description, 'webhook description'),
    secret: optional(from.secret, 'webhook secret'),
    status: from.status === undefined ? undefined : oneOf(from.status, STATUSES, 'webhook status'),
  };
}

/** Checked here: the server answers 500 to an event that it does not have. */
function eventFields(event: WebhookEvent): WireFields {
  const [entity = '', action = ''] = oneOf(event, EVENTS, 'webhook event').split('.');
  return { entity: entity.toUpperCase(), action: action.toUpperCase() };
}
