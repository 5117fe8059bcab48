// `runspan sync`: delivers what jobs left in RUNSPAN_DIR, to where they meant it or elsewhere.
import { RunspanError } from '../errors.ts';
import type { OutboxEvent } from '../outbox/contract.ts';
import type { FolderReport, OutboxReport } from '../outbox/folder/inspect.ts';
import { inspectOutbox } from '../outbox/folder/inspect.ts';
import { nodeSystem } from '../outbox/machine/node-system.ts';
import { openers } from '../outbox/delivery/openers.ts';
import { reviveGrave } from '../outbox/folder/revive.ts';
import type { Destination } from '../outbox/folder/folder.ts';
import { syncFolders, type SyncTarget } from '../outbox/delivery/sync.ts';
import { requireStoreUri } from '../stores/open/open.ts';
import { drawBar } from './command-parts.ts';
import { listFolders } from './outbox-command.ts';
import { Places } from './store/places.ts';

/** What `runspan sync` was asked for. */
export interface SyncRequest {
  /** Another tracking URI than the folders name. */
  readonly to?: string;
  /** Goes on looking for new folders until it is stopped. */
  readonly watch?: boolean;
  /** Sends what was refused for good once more. */
  readonly retryDead?: boolean;
  /** Says what would be sent. */
  readonly dryRun?: boolean;
  /** Gives up where nothing has moved for so many seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** What the command has besides its request. */
export interface SyncSurroundings {
  readonly signal: AbortSignal;
  /** One line for stderr; what has no end goes over the one before it. */
  readonly say: (line: string, isProgress: boolean) => void;
}

/** What became of it. */
export interface SyncSummary {
  readonly delivered: number;
  readonly refused: number;
  readonly left: number;
  readonly reapedRuns: readonly string[];
  /** Folders that were not touched, and why. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
}

/** How long a store that refuses whoever asks is tried again: wrong credentials are mended by nobody while this waits. */
const REFUSAL_MS = 3000;
/** Between two looks with --watch. */
const WATCH_MS = 5000;

/**
 * Delivers, and says how it went.
 *
 * @throws {RunspanError} as the settings do; `UNKNOWN_SCHEME`, `NOT_SUPPORTED` for a target that no store has
 */
export async function sync(
  request: SyncRequest,
  { signal, say }: SyncSurroundings,
): Promise<{ readonly text: string; readonly isComplete: boolean }> {
  const system = nodeSystem();
  const places = new Places();
  if (request.to !== undefined) requireStoreUri(places.chosen(request.to).trackingUri);
  const { directory } = places.settings;
  const task = { request, signal, say, places };
  if (request.retryDead === true && request.dryRun !== true) revive(inspectOutbox(system, directory), task);
  const found = inspectOutbox(system, directory);
  if (request.dryRun === true) {
    const { folders } = sort(found.folders, request);
    return {
      text: request.json
        ? JSON.stringify(folders, undefined, 2)
        : listFolders(folders, Date.now()) || 'Nothing to deliver.',
      isComplete: true,
    };
  }
  let summary = await deliver(found, task);
  while (request.watch === true && !signal.aborted) {
    await untilAborted(WATCH_MS, signal);
    const more = await deliver(inspectOutbox(system, directory), task);
    summary = {
      ...more,
      delivered: summary.delivered + more.delivered,
      refused: summary.refused + more.refused,
      reapedRuns: [...summary.reapedRuns, ...more.reapedRuns],
    };
  }
  return {
    text: request.json ? JSON.stringify(summary, undefined, 2) : describe(summary),
    isComplete: summary.left === 0,
  };
}

interface Task {
  readonly request: SyncRequest;
  readonly signal: AbortSignal;
  readonly say: SyncSurroundings['say'];
  readonly places: Places;
}

async function deliver(found: OutboxReport, task: Task): Promise<SyncSummary> {
  const { request, signal, say, places } = task;
  const system = nodeSystem();
  const { folders, skipped } = sort(found.folders, request);
  const total = folders.reduce((sum, folder) => sum + folder.pendingCount, 0);
  const reapedRuns: string[] = [];
  let done = 0;
  const onEvent = (event: OutboxEvent): void => {
    if (event.kind === 'reaped') reapedRuns.push(event.runName);
    if (event.kind === 'warning') say(event.message, false);
  };
  const { directory } = places.settings;
  const stallMs = request.timeout * 1000;
  for (const group of groupByDestination(folders)) {
    const [{ trackingUri, workspace }] = group;
    const before = done;
    const end = await syncFolders({
      system,
      openers,
      directory,
      destination: { trackingUri, workspace },
      folders: group,
      target: targetOf({ trackingUri, workspace }, task),
      stallMs,
      refusalMs: request.watch === true ? stallMs : Math.min(stallMs, REFUSAL_MS),
      signal,
      onProgress: (doneNow) => {
        done = before + doneNow;
        say(`${drawBar(total === 0 ? 1 : done / total)} ${done} of ${total} records`, true);
      },
      onEvent,
    });
    const where = request.to ?? trackingUri;
    if (end === 'stalled' || end === 'refused') say(sayWhyLeft(end, where, request), false);
  }
  const after = inspectOutbox(system, directory);
  const refused = countLetters(after) - countLetters(found);
  const left = sort(after.folders, request).folders.reduce((sum, folder) => sum + folder.pendingCount, 0);
  const unreadable = found.unreadable.map(({ name, why }) => ({ name, why: `it cannot be read: ${why}` }));
  return { delivered: done - refused, refused, left, reapedRuns, skipped: [...skipped, ...unreadable] };
}

function sayWhyLeft(end: 'stalled' | 'refused', where: string, { timeout }: SyncRequest): string {
  return end === 'refused'
    ? `${where} refuses what is sent: what is left stays where it is. Run it again once that is mended.`
    : `${where} has taken nothing for ${timeout} s: what is left stays where it is. Run it again later, or with a longer --timeout.`;
}

/** Which folders are to be delivered, and why the others are not. */
function sort(
  folders: readonly FolderReport[],
  { to }: SyncRequest,
): { readonly folders: readonly FolderReport[]; readonly skipped: SyncSummary['skipped'] } {
  const skipped: { name: string; why: string }[] = [];
  const wanted = folders.filter((folder) => {
    const isElsewhere = to !== undefined && to !== folder.trackingUri && folder.doneCount > 0;
    if (folder.ownership === 'in-use')
      skipped.push({ name: folder.name, why: `process ${folder.pid} is at work on it` });
    else if (isElsewhere)
      skipped.push({ name: folder.name, why: `a part of it was delivered to ${folder.trackingUri} already` });
    else return true;
    return false;
  });
  return { folders: wanted, skipped };
}

/** How to reach a folder's destination. */
function targetOf({ trackingUri, workspace }: Destination, { places, request }: Task): SyncTarget {
  const place = request.to === undefined ? places.found(trackingUri) : places.chosen(request.to);
  return { ...place, connection: { ...place.connection, ...(workspace === undefined ? {} : { workspace }) } };
}

function groupByDestination(folders: readonly FolderReport[]): readonly (readonly [FolderReport, ...FolderReport[]])[] {
  const groups = new Map<string, [FolderReport, ...FolderReport[]]>();
  for (const folder of folders) {
    const key = JSON.stringify([folder.trackingUri, folder.workspace]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [folder]);
    else group.push(folder);
  }
  return [...groups.values()];
}

function revive({ graves }: OutboxReport, { request, say, places }: Task): void {
  const { directory, experimentName } = places.settings;
  const { trackingUri: own, connection } = places.chosen(request.to);
  for (const grave of graves) {
    const trackingUri = request.to ?? grave.trackingUri ?? own;
    try {
      const count = reviveGrave(grave, {
        system: nodeSystem(),
        directory,
        destination: { trackingUri, workspace: connection.workspace },
        experimentName,
      });
      if (count > 0) say(`${count} refused records are sent once more.`, false);
      const { length } = grave.damaged;
      if (length > 0)
        say(`${length} refused records of ${grave.name} are damaged: they are not sent, and stay there.`, false);
    } catch (cause) {
      throw new RunspanError('OUTBOX_FULL', `Cannot bring ${grave.name} back: ${String(cause)}`, { cause });
    }
  }
}

function countLetters({ folders, graves }: OutboxReport): number {
  return [...folders, ...graves].flatMap((each) => each.deadLetters).reduce((sum, letter) => sum + letter.count, 0);
}

function describe({ delivered, refused, left, reapedRuns, skipped }: SyncSummary): string {
  const lines = [
    delivered + refused + left === 0
      ? 'Nothing to deliver.'
      : `${delivered} records delivered, ${refused} refused, ${left} left.`,
    ...reapedRuns.map((name) => `Run '${name}' was ended as KILLED: its process is gone.`),
    ...skipped.map(({ name, why }) => `${name} was left alone: ${why}.`),
  ];
  if (refused > 0) lines.push('runspan outbox says why records were refused.');
  return lines.join('\n');
}

function untilAborted(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
