// Operations on webhooks: good ones, and those that must be refused.
import type { Json } from './operation.ts';
import type { Make } from './tracking-operations.ts';
import { refTo, type World } from './world.ts';

type Made = readonly (readonly [number, Make])[];

const NOBODY = '00000000-0000-4000-8000-000000000000';
const URL = 'https://127.0.0.1:1/hook'; // refused at once by servers that are let call private addresses
const events = (world: World): Json =>
  world.random.pick([['registered_model.created'], ['model_version.created', 'model_version_tag.set']]);
const aWebhook = (world: World): Json =>
  world.webhooks.length === 0 ? NOBODY : refTo(world.random.recent(world.webhooks).ref);

const create: Make = (world) => {
  const ref = world.name('webhook');
  world.webhooks.push({ ref });
  const options: Record<string, Json> = {};
  if (world.random.chance(0.5)) options['description'] = 'ü 日本';
  if (world.random.chance(0.3)) options['status'] = 'DISABLED';
  return {
    method: 'createWebhook',
    args: [`hook ${world.count('hook')}`, URL, events(world)],
    options,
    as: ref,
    at: 'webhookId',
  };
};

/** The operations with how often each is made. */
export const WEBHOOK_OPERATIONS: Made = [
  [2, create],
  [2, (world) => ({ method: 'getWebhook', args: [aWebhook(world)] })],
  [
    2,
    (world) => ({
      method: 'listWebhooks',
      args: [],
      options: world.random.chance(0.5) ? { maxResults: 2 } : {},
      take: 'all',
    }),
  ],
  [
    2,
    (world) => ({
      method: 'updateWebhook',
      args: [aWebhook(world)],
      options: world.random.pick<Record<string, Json>>([
        { name: `hook ${world.count('hook')}` },
        { status: 'ACTIVE' },
        { events: events(world) },
      ]),
    }),
  ],
  [1, (world) => ({ method: 'deleteWebhook', args: [aWebhook(world)] })],
  [0.3, (world) => ({ method: 'testWebhook', args: [aWebhook(world)] })],
];

/** Those that must be refused. */
export const WEBHOOK_MISHAPS: Made = [
  [
    1,
    (world) => ({
      method: 'createWebhook',
      args: ['hook', world.random.pick(['ftp://example.org', 'no url', '']), ['registered_model.created']],
    }),
  ],
  [1, () => ({ method: 'getWebhook', args: [NOBODY] })],
  [1, () => ({ method: 'updateWebhook', args: [NOBODY], options: { name: 'x' } })],
  [1, () => ({ method: 'deleteWebhook', args: [NOBODY] })],
  [
    1,
    (world) => ({ method: 'createWebhook', args: [world.random.pick(['', 'a/b']), URL, ['registered_model.created']] }),
  ],
];
