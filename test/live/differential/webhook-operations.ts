// Operations on webhooks: good ones, and those that must be refused.
import type { Json, Made, Make } from './operation.ts';
import { call, on } from './pick.ts';
import { drop, refTo, type World } from './world.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const URL = 'https://127.0.0.1:1/hook'; // refused at once by servers that are let call private addresses
const events = (world: World): Json =>
  world.random.pick([['registered_model.created'], ['model_version.created', 'model_version_tag.set']]);
const aWebhook = (world: World): string | undefined => world.one(world.webhooks);

const create: Make = (world) => {
  const ref = world.name('webhook');
  world.webhooks.push(ref);
  const options: Record<string, Json> = {};
  if (world.random.chance(0.5)) options['description'] = 'ü 日本';
  if (world.random.chance(0.3)) options['status'] = 'DISABLED';
  const args = [`hook-${world.count('hook')}`, URL, events(world)];
  return { ...call('createWebhook', args, options), as: ref, at: 'webhookId' };
};

/** The operations with how often each is made. */
export const WEBHOOK_OPERATIONS: Made = [
  [2, create],
  [2, on(aWebhook, (ref) => call('getWebhook', [refTo(ref)]))],
  [2, ({ random }) => ({ ...call('listWebhooks', [], random.chance(0.5) ? { maxResults: 2 } : {}), take: 'all' })],
  [
    2,
    on(aWebhook, (ref, world) =>
      call(
        'updateWebhook',
        [refTo(ref)],
        world.random.pick<Record<string, Json>>([
          { name: `hook-${world.count('hook')}` },
          { status: 'ACTIVE' },
          { events: events(world) },
        ]),
      ),
    ),
  ],
  [
    1,
    on(aWebhook, (ref, world) => {
      drop(world.webhooks, ref);
      return call('deleteWebhook', [refTo(ref)]);
    }),
  ],
  [0.3, on(aWebhook, (ref) => call('testWebhook', [refTo(ref)]))],
];

/** Those that must be refused. */
export const WEBHOOK_MISHAPS: Made = [
  [
    1,
    ({ random }) =>
      call('createWebhook', ['hook', random.pick(['ftp://example.org', 'no url', '']), ['registered_model.created']]),
  ],
  [1, () => call('getWebhook', [NOBODY])],
  [1, () => call('updateWebhook', [NOBODY], { name: 'x' })],
  [1, () => call('deleteWebhook', [NOBODY])],
  [1, ({ random }) => call('createWebhook', [random.pick(['', 'a/b']), URL, ['registered_model.created']])],
];
