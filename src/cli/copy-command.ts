// `runspan sync --from`: copies a whole store to another one, and says how it went.
import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openArtifacts } from '../artifacts/repositories/open.ts';
import { RunspanError } from '../errors.ts';
import { folderPath, openStore, sqlitePath } from '../stores/open/open.ts';
import { drawBar } from './command-parts.ts';
import { copyStore, planStore, type StorePlan } from './copy/copy-store.ts';
import { Copying, type Side } from './copy/copying.ts';
import { type CopySummary, describeCopy, describePlan } from './copy-report.ts';
import { type Place, Places } from './store/places.ts';
import type { SyncSurroundings } from './sync-command.ts';
import { isError } from '../model/any-realm.ts';

/** What `runspan sync --from` was asked for. */
export interface CopyRequest {
  /** The store to copy: a tracking URI, or the path of a database or of a folder of runs. */
  readonly from: string;
  /** Where to. @default the tracking URI of the settings */
  readonly to?: string;
  /** Only these; all of them where none is named. */
  readonly experiment?: readonly string[];
  /** Says what would be copied. */
  readonly dryRun?: boolean;
  /** Gives up where the target has not answered for so many seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** How long what is under way may take after a signal. */
const GRACE_MS = 2000;
/** How long one command waits for another process's lock on a file. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Copies a store; what is there already as it is here is left alone.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where the source is not there, `STORE_INCOMPATIBLE` where it is no store, `INVALID_ARGUMENT`, `NOT_SUPPORTED`; what either store
 * answers before anything was copied
 */
export async function copy(
  request: CopyRequest,
  { signal, say }: SyncSurroundings,
): Promise<{ readonly text: string; readonly isComplete: boolean }> {
  const { from, to } = findPlaces(request);
  const source = await openSide(from, { isSource: true });
  const target = await openSide(to, { isSource: false }).catch(async (error: unknown) => {
    await source.store.close();
    throw error;
  });
  try {
    let onProgress = (): void => say(`Looking at ${source.store.uri}`, true);
    const copying = new Copying({
      source,
      target,
      signal,
      patienceMs: request.timeout * 1000,
      now: Date.now,
      onProgress: () => onProgress(),
    });
    const names = request.experiment ?? [];
    const plan = await planStore(copying, names);
    if (request.dryRun === true) {
      const shown = { from: source.store.uri, to: target.store.uri, plan };
      return { text: request.json ? JSON.stringify(plan, undefined, 2) : describePlan(shown), isComplete: true };
    }
    onProgress = showProgress(plan, copying, say);
    const stopped = await copyUntil(signal, copyStore(copying, { plan, isWhole: names.length === 0 }));
    const summary: CopySummary = {
      from: source.store.uri,
      to: target.store.uri,
      ...copying.counts,
      problems: copying.problems,
      ...(stopped === undefined ? {} : { stopped }),
    };
    return {
      text: request.json ? JSON.stringify(summary, undefined, 2) : describeCopy(summary),
      isComplete: stopped === undefined && copying.problems.length === 0,
    };
  } finally {
    await Promise.all([source.store.close(), target.store.close()]);
  }
}

/** Waits for the work; after a signal only as long as what is under way needs, if that is short. Gives why it ended early. */
async function copyUntil(signal: AbortSignal, work: Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((end) => {
    signal.addEventListener('abort', () => (timer = setTimeout(end, GRACE_MS)), { once: true });
  });
  try {
    await Promise.race([work, grace]);
    return signal.aborted ? 'it was interrupted' : undefined;
  } catch (error) {
    if (signal.aborted) return 'it was interrupted';
    return isError(error) ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}

function findPlaces(request: CopyRequest): { readonly from: Place; readonly to: Place } {
  const places = new Places();
  const from = places.found(toUri(request.from));
  const to = places.chosen(request.to);
  if (from.trackingUri === to.trackingUri)
    throw new RunspanError(
      'INVALID_ARGUMENT',
      `${from.trackingUri} cannot be copied to itself. Say where to by --to or MLFLOW_TRACKING_URI.`,
    );
  const path = localPath(from);
  if (path !== undefined && !existsSync(path))
    throw new RunspanError('FILE_NOT_READABLE', `There is no run store at ${path}: --from must name one.`);
  if (folderPath(to.trackingUri) !== undefined)
    throw new RunspanError(
      'NOT_SUPPORTED',
      `Cannot copy to the folder ${to.trackingUri}: it has no registry. Use http(s):// or sqlite:///.`,
    );
  return { from, to };
}

/** A database can be named by its path too. */
function toUri(from: string): string {
  const isUri = /^[a-z][a-z0-9+.-]+:/i.test(from);
  return !isUri && statSync(from, { throwIfNoEntry: false })?.isFile() === true ? `sqlite:///${resolve(from)}` : from;
}

async function openSide(
  { trackingUri, connection, artifactRoot }: Place,
  { isSource }: { readonly isSource: boolean },
): Promise<Side> {
  const store = await openStore(trackingUri, {
    connection,
    artifactRoot,
    busyTimeoutMs: BUSY_TIMEOUT_MS,
    isReadOnly: isSource,
  });
  const path = localPath({ trackingUri });
  const place = (artifactUri: string): string =>
    isSource && path !== undefined ? findFolder(artifactUri, path) : artifactUri;
  return { store, openArtifacts: (artifactUri) => openArtifacts(place(artifactUri), { trackingUri, connection }) };
}

/**
 * Where the files of a local store are. A store that was moved, or brought here from another machine, still says where they were: what is
 * at the same place beside it is meant.
 */
function findFolder(artifactUri: string, storePath: string): string {
  const said = artifactUri.startsWith('file:') ? fileURLToPath(artifactUri) : artifactUri;
  if (!isAbsolute(said) && /^[a-z][a-z0-9+.-]+:/i.test(said)) return artifactUri;
  const isFolder = statSync(storePath).isDirectory();
  const base = isFolder ? storePath : dirname(storePath);
  const here = isAbsolute(said) ? said : join(base, said);
  // …/<experiment>/<run>/artifacts, …/<experiment>/models/<model>/artifacts, …/<experiment>/traces/<trace>/artifacts
  const tail = /[^/\\]+[/\\](?:(?:models|traces)[/\\])?[^/\\]+[/\\]artifacts$/.exec(said)?.[0];
  const roots = isFolder ? [base] : [join(base, 'mlruns'), join(base, 'mlartifacts')];
  const moved = tail === undefined ? [] : roots.map((root) => join(root, tail));
  return existsSync(here) ? here : (moved.find((folder) => existsSync(folder)) ?? here);
}

function localPath({ trackingUri }: Pick<Place, 'trackingUri'>): string | undefined {
  return /^sqlite:/i.test(trackingUri) ? sqlitePath(trackingUri) : folderPath(trackingUri);
}

function showProgress({ runs }: StorePlan, { counts }: Copying, say: SyncSurroundings['say']): () => void {
  const due = runs.filter(({ action }) => action !== 'none');
  const pointCount = due.reduce((sum, run) => sum + run.pointCount, 0);
  return () => {
    const done = counts.runs.copied + counts.runs.updated;
    // By points as well: one run can be most of it.
    const share = Math.max(done / Math.max(1, due.length), Math.min(0.99, counts.points / Math.max(1, pointCount)));
    say(`${drawBar(share)} ${done} of ${due.length} runs, ${counts.points} points, ${counts.files} files`, true);
  };
}
