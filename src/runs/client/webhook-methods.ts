// Webhooks of MlflowClient: addresses that the server calls when something happens in its registry.
import type { Webhook, WebhookEvent, WebhookTestResult } from '../../model/webhooks.ts';
import type { WebhookFields } from '../../rest/endpoints/webhooks.ts';
import type { PagedList } from './paged-list.ts';
import { TrackingMethods } from './tracking-methods.ts';

/** The webhook methods of the client; a tracking server alone has webhooks. */
export abstract class WebhookMethods extends TrackingMethods {
  /** Makes a webhook. The server takes https and public addresses only, unless it is told otherwise. */
  createWebhook(
    name: string,
    url: string,
    events: readonly WebhookEvent[],
    options: Pick<WebhookFields, 'description' | 'secret' | 'status'> = {},
  ): Promise<Webhook> {
    return this.ask('createWebhook', { ...options, name, url, events });
  }

  /** Reads a webhook. */
  getWebhook(webhookId: string): Promise<Webhook> {
    return this.ask('getWebhook', webhookId);
  }

  /** Lists webhooks; `maxResults`: how many a page holds. */
  listWebhooks(options: { readonly maxResults?: number; readonly pageToken?: string } = {}): PagedList<Webhook> {
    return this.pages((paging) => this.ask('listWebhooks', { ...options, ...paging }));
  }

  /** Changes a webhook; what is left out stays. */
  updateWebhook(webhookId: string, options: WebhookFields): Promise<Webhook> {
    return this.ask('updateWebhook', { ...options, webhookId });
  }

  /** Deletes a webhook. */
  deleteWebhook(webhookId: string): Promise<void> {
    return this.ask('deleteWebhook', webhookId);
  }

  /** Has the server call a webhook once, with an example of the event, by default of its first one. */
  testWebhook(webhookId: string, options: { readonly event?: WebhookEvent } = {}): Promise<WebhookTestResult> {
    return this.ask('testWebhook', { ...options, webhookId });
  }
}
