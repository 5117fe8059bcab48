// What a drain that is gone had sent may be carried out after it: where that would undo what comes now, it is waited for.
import type { Delivery } from './delivery.ts';

/** What is asked of a metric, param or tag here. */
interface Item {
  readonly kind: 'metrics' | 'params' | 'tags';
  readonly sequence: number;
  readonly runKey: string;
  readonly item: { readonly key: string };
}

/** The tags that a drain has sent while others of an earlier one may be on their way, by run and key. */
const sent = new WeakMap<Delivery, Set<string>>();

/**
 * Before tags are sent: a late request of a drain before us may hold an older value of one that has several here.
 *
 * @throws {DrainClosed} once closed
 */
export async function awaitQuietForTags(delivery: Delivery, items: readonly Item[]): Promise<void> {
  if (isQuiet(delivery)) return;
  const known = sent.get(delivery) ?? new Set<string>();
  sent.set(delivery, known);
  let isRepeated = false;
  for (const each of items) {
    if (each.kind !== 'tags' || each.sequence > delivery.replayedThrough) continue;
    const tag = JSON.stringify([each.runKey, each.item.key]);
    if (known.has(tag)) isRepeated = true;
    known.add(tag);
  }
  if (isRepeated) await awaitQuiet(delivery);
}

/**
 * Waits until what a drain before us had sent has arrived or never will. Only a server carries out what nobody waits for any more.
 *
 * @throws {DrainClosed} once closed
 */
export async function awaitQuiet(delivery: Delivery): Promise<void> {
  if (isQuiet(delivery)) return;
  const { patience, destination, quietFromMs } = delivery;
  const store = await patience.attempt(() => destination.store());
  if (store.status === 'done' && !store.value.supports.chosenRunId) await patience.rest(quietFromMs);
}

function isQuiet({ system, quietFromMs }: Delivery): boolean {
  return system.clock.monotonicMs() >= quietFromMs;
}
