// Many small writes as one log-batch; what the store refuses is found by halving, so that one bad record costs itself alone.
import type { Metric, Param, RunData, Tag } from '../../model/entities.ts';
import { RunspanError } from '../../errors.ts';
import type { LogBatchRequest } from '../../stores/contract.ts';
import { ChangedParams, changedParamTag } from './changed-params.ts';
import type { Delivery } from './delivery.ts';
import { bury, findRunId } from './delivery.ts';
import { findModelId } from './deliver-model.ts';
import type { BatchWrite, EntryOf } from './plan.ts';
import { awaitQuietForTags } from './quiet.ts';

/** One metric, param or tag with the record that it came in. */
export type Item =
  | { readonly kind: 'metrics'; readonly sequence: number; readonly runKey: string; readonly item: Metric }
  | { readonly kind: 'params'; readonly sequence: number; readonly runKey: string; readonly item: Param }
  | { readonly kind: 'tags'; readonly sequence: number; readonly runKey: string; readonly item: Tag };

/** Delivers consecutive writes of one run. What is refused is dead-lettered; never rejects but for a closed drain. */
export async function deliverBatch(
  delivery: Delivery,
  runKey: string,
  entries: readonly EntryOf<BatchWrite>[],
): Promise<void> {
  const found = await findRunId(delivery, runKey);
  if (found.status === 'rejected') {
    for (const { sequence, write } of entries) bury(delivery, sequence, { record: write, error: found.error });
    return;
  }
  const modelIds = await findModelIds(delivery, entries);
  buryItems(delivery, await deliverItems(delivery, found.value, toItems(entries, modelIds)));
}

/** An item that the store does not take, and why. */
export interface RefusedItem {
  readonly item: Item;
  readonly error: Error;
}

/** Delivers items of one run, also those that the reaper mirrors; returns what was refused. */
export async function deliverItems(
  delivery: Delivery,
  runId: string,
  items: readonly Item[],
): Promise<readonly RefusedItem[]> {
  if (items.length === 0) return [];
  await awaitQuietForTags(delivery, items);
  const { kept, isChanging } = settleRepeats(items);
  // A param that changes, or has changed before: only what the store holds can say which value is new.
  const refusal = isChanging || mayChange(delivery, kept) ? true : await send(delivery, runId, kept);
  return refusal === undefined ? [] : isolate(delivery, runId, isChanging ? items : kept);
}

/** Splits writes into items, in order. */
export function toItems(
  entries: readonly EntryOf<BatchWrite>[],
  modelIds: ReadonlyMap<string, string> = new Map(),
): readonly Item[] {
  const items: Item[] = [];
  for (const { sequence, write } of entries) {
    const { runKey } = write;
    if (write.kind === 'metric') {
      const { key, timestampMs, step } = write;
      const item: Metric = { key, value: Number(write.value), timestampMs, step };
      const modelId = write.modelKey === undefined ? undefined : modelIds.get(write.modelKey);
      items.push({ kind: 'metrics', sequence, runKey, item: modelId === undefined ? item : { ...item, modelId } });
    } else if (write.kind === 'params') {
      for (const item of write.params) items.push({ kind: 'params', sequence, runKey, item });
    } else {
      for (const item of write.tags) items.push({ kind: 'tags', sequence, runKey, item });
    }
  }
  return items;
}

/** The store's ids of the models that these metrics are of; a model that is not there costs the link, not the points. */
async function findModelIds(
  delivery: Delivery,
  entries: readonly EntryOf<BatchWrite>[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const asked = new Set<string>();
  for (const { write } of entries) {
    if (write.kind !== 'metric' || write.modelKey === undefined || asked.has(write.modelKey)) continue;
    asked.add(write.modelKey);
    const id = await findModelId(delivery, { runKey: write.runKey, modelKey: write.modelKey });
    if (id !== undefined) ids.set(write.modelKey, id);
  }
  return ids;
}

/** One key once: a batch with the same param twice is refused whole, and of a tag the last write wins. */
function settleRepeats(items: readonly Item[]): { readonly kept: readonly Item[]; readonly isChanging: boolean } {
  const params = new Map<string, string>();
  const lastTag = new Map<string, Item>();
  let isChanging = false;
  const kept: Item[] = [];
  for (const each of items) {
    if (each.kind === 'tags') lastTag.set(each.item.key, each);
    if (each.kind === 'params') {
      const first = params.get(each.item.key);
      if (first === each.item.value) continue;
      if (first === undefined) params.set(each.item.key, each.item.value);
      else isChanging = true;
    }
    kept.push(each);
  }
  return { kept: kept.filter((each) => each.kind !== 'tags' || lastTag.get(each.item.key) === each), isChanging };
}

function mayChange({ state }: Delivery, items: readonly Item[]): boolean {
  return items.some((each) => each.kind === 'params' && state.hasChangedParams(each.runKey));
}

/** Params that are stored with another value become tags; the same value again is nothing new. */
function resolveParams(delivery: Delivery, items: readonly Item[], stored: RunData): readonly Item[] {
  const known = new ChangedParams(stored);
  const resolved: Item[] = [];
  for (const each of items) {
    const first = each.kind === 'params' ? known.firstValue(each.item.key, each.item.value) : undefined;
    if (each.kind !== 'params' || first === undefined) resolved.push(each);
    else resolved.push(...asChangedParam(delivery, each, { known, first }));
  }
  return settleRepeats(resolved).kept;
}

function asChangedParam(
  delivery: Delivery,
  { sequence, runKey, item }: Item & { kind: 'params' },
  { known, first }: { readonly known: ChangedParams; readonly first: string },
): readonly Item[] {
  const { key, value } = item;
  const tags = known.change(key, { value, isReplayed: sequence <= delivery.replayedThrough });
  if (tags.length === 0) return [];
  delivery.state.noteChangedParams(runKey);
  delivery.onceWarning(
    `${runKey}/${key}`,
    `Param '${key}' is stored as '${brief(first)}' and params cannot change: '${brief(value)}' is in tag '${changedParamTag(key)}'.`,
  );
  return tags.map((tag) => ({ kind: 'tags', sequence, runKey, item: tag }));
}

/** Undefined where the store took it, else why it did not. */
async function send(delivery: Delivery, runId: string, items: readonly Item[]): Promise<Error | undefined> {
  const request = toRequest(runId, items);
  const outcome = await delivery.patience.attempt(async () => (await delivery.destination.store()).logBatch(request));
  return outcome.status === 'rejected' ? outcome.error : undefined;
}

function toRequest(runId: string, items: readonly Item[]): LogBatchRequest {
  const metrics: Metric[] = [];
  const params: Param[] = [];
  const tags: Tag[] = [];
  for (const each of items) {
    if (each.kind === 'metrics') metrics.push(each.item);
    else if (each.kind === 'params') params.push(each.item);
    else tags.push(each.item);
  }
  return { runId, metrics, params, tags };
}

/** Finds what is refused: the run itself, params that changed, then by kind, then by halves. */
async function isolate(delivery: Delivery, runId: string, items: readonly Item[]): Promise<readonly RefusedItem[]> {
  const run = await delivery.patience.attempt(async () => (await delivery.destination.store()).getRun(runId));
  if (run.status === 'rejected') return items.map((item) => ({ item, error: run.error }));
  if (run.value.info.lifecycleStage === 'deleted') {
    const error = new RunspanError('RUN_ENDED', `Run ${runId} is deleted in the store.`);
    return items.map((item) => ({ item, error }));
  }
  const mended = resolveParams(delivery, items, run.value.data);
  const refused: RefusedItem[] = [];
  for (const kind of ['metrics', 'params', 'tags'] as const) {
    const ofKind = mended.filter((each) => each.kind === kind);
    if (ofKind.length > 0) refused.push(...(await halve(delivery, runId, ofKind)));
  }
  return refused;
}

async function halve(delivery: Delivery, runId: string, items: readonly Item[]): Promise<readonly RefusedItem[]> {
  const error = await send(delivery, runId, items);
  if (error === undefined) return [];
  const [only] = items;
  if (items.length === 1 && only !== undefined) return [{ item: only, error }];
  const middle = Math.ceil(items.length / 2);
  return [
    ...(await halve(delivery, runId, items.slice(0, middle))),
    ...(await halve(delivery, runId, items.slice(middle))),
  ];
}

/** One dead letter a record, with the refused items of it and the first one's error. */
function buryItems(delivery: Delivery, refused: readonly RefusedItem[]): void {
  const bySequence = new Map<number, RefusedItem[]>();
  for (const each of refused) {
    const group = bySequence.get(each.item.sequence);
    if (group === undefined) bySequence.set(each.item.sequence, [each]);
    else group.push(each);
  }
  for (const [sequence, group] of bySequence) {
    const [first] = group;
    if (first === undefined) continue;
    bury(delivery, sequence, { record: toWrite(group.map((each) => each.item)), error: first.error });
  }
}

function toWrite(items: readonly Item[]): BatchWrite {
  const [first] = items;
  if (first?.kind === 'metrics') {
    const { value, key, timestampMs, step } = first.item;
    const spelled = Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');
    return { kind: 'metric', runKey: first.runKey, key, value: spelled, timestampMs, step };
  }
  const pairs = items.filter((each) => each.kind !== 'metrics').map((each) => each.item);
  const runKey = first?.runKey ?? '';
  return first?.kind === 'params' ? { kind: 'params', runKey, params: pairs } : { kind: 'tags', runKey, tags: pairs };
}

function brief(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
