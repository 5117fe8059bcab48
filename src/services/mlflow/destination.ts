// Where a service's runs go: the outbox opened, and a definite refusal of the store given the time to show itself.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readEnv, workerEnv } from '../../config/env.ts';
import { readDotenv } from '../../config/settings/dotenv.ts';
import { DEFAULT_TRACKING_URI } from '../../config/settings/mlflow-fields.ts';
import type { MlflowSettings } from '../../config/settings/mlflow-settings.ts';
import { findUnknownVariables } from '../../config/settings/unknown-variables.ts';
import type { AlertSink } from '../../model/alert-sink.ts';
import { settlesWithin } from '../../otel/deadline.ts';
import type { Outbox, OutboxEvent, OutboxOptions, RegistryPlace } from '../../outbox/contract.ts';
import { openDisabledOutbox } from '../../outbox/job/disabled-outbox.ts';
import { requireStoreUri } from '../../stores/open/open.ts';
import type { RunBook } from './run-book.ts';

/** What {@link openDestination} stands on. */
export interface DestinationOptions {
  readonly settings: MlflowSettings;
  readonly book: RunBook;
  /** Hears of runs of dead processes that were ended. */
  readonly sink: AlertSink;
  readonly open: (options: OutboxOptions) => Outbox;
}

/** What only a destination that answers can make happen. */
const ANSWERS: ReadonlySet<OutboxEvent['kind']> = new Set(['ready', 'created', 'create-refused'] as const);

/** Whether a tracking URI is a server's. */
export function isRemote(trackingUri: string): boolean {
  return /^https?:/i.test(trackingUri);
}

/**
 * Opens the outbox. A store that answers with a definite no within `startTimeoutMs` rejects; one that is away or slow does not:
 * the journal holds what is written until it is back.
 */
export async function openDestination({ settings, book, sink, open }: DestinationOptions): Promise<Outbox> {
  if (settings.isDisabled) return openDisabledOutbox();
  // Before a journal is made that nobody could ever deliver.
  requireStoreUri(settings.absoluteTrackingUri);
  const ready = Promise.withResolvers<void>();
  let isStarting = true;
  let refusal: Error | undefined;
  const onEvent = (event: OutboxEvent): void => {
    if (ANSWERS.has(event.kind)) book.noteAnswer(true);
    if (event.kind === 'ready') ready.resolve();
    else if (event.kind === 'created') book.confirm(event);
    else if (event.kind === 'create-refused') book.abandon(event.runKey, event.error);
    else if (event.kind === 'reaped') sink.notify(`Run ${event.runName} was ${event.status}`, event.reason);
    else if (event.kind === 'refused' && isStarting) {
      refusal ??= event.error;
      ready.reject(event.error);
    } else if (refusal === undefined) {
      // Beside what start() throws nothing else is said of the destination.
      if (event.kind === 'warning') book.warnOnce(event.message, event.message);
      else book.warnOnce('destination', event.error.message);
    }
  };
  warnOfUnknownVariables(book);
  warnOfFileStore(settings, book);
  warnOfInsecureTls(settings, book);
  warnOfUnheard(settings, book);
  const { directory, experimentName, connection, artifactRoot, drain, durability, isOffline } = settings;
  const trackingUri = settings.absoluteTrackingUri;
  const outbox = open({
    directory,
    trackingUri,
    experimentName,
    connection,
    registry: registryOf(settings),
    artifactRoot,
    drain,
    durability,
    isOffline,
    budget: { maxBytes: settings.maxJournalBytes, policy: settings.whenFull, blockTimeoutMs: settings.blockTimeoutMs },
    env: workerEnv(),
    onEvent,
  });
  try {
    if (!(await within(ready.promise, isOffline ? 0 : settings.startTimeoutMs))) book.noteAnswer(false);
    isStarting = false;
    if (refusal !== undefined) throw refusal;
  } catch (error) {
    await outbox.stop({ timeoutMs: 0 });
    throw error;
  }
  return outbox;
}

/** The registry where it is another place than the tracking store, or is reached as somebody else. */
function registryOf(settings: MlflowSettings): RegistryPlace | undefined {
  const {
    absoluteTrackingUri,
    absoluteRegistryUri: uri,
    connection: tracking,
    registryConnection: connection,
  } = settings;
  return uri === absoluteTrackingUri && isDeepStrictEqual(connection, tracking) ? undefined : { uri, connection };
}

/** A run's page on a tracking server; an embedded store has none. */
export function runUrlOf(trackingUri: string, experimentId: string, runId: string): string | undefined {
  if (!isRemote(trackingUri)) return undefined;
  return `${trackingUri.replace(/\/+$/, '')}/#/experiments/${experimentId}/runs/${runId}`;
}

/**
 * MLflow before 3.7 kept runs in ./mlruns where nobody said otherwise. Said before the database beside it is made, so once: whoever
 * looks for the old runs in it should know where they are.
 */
function warnOfFileStore({ trackingUri, absoluteTrackingUri }: MlflowSettings, book: RunBook): void {
  if (trackingUri !== DEFAULT_TRACKING_URI) return;
  const file = absoluteTrackingUri.replace(/^sqlite:\/\/\//, '');
  const folder = join(dirname(file), 'mlruns');
  if (existsSync(file) || !isFileStore(folder)) return;
  book.warnOnce(
    'file store',
    `${folder} holds runs of MLflow's file store. They stay as they are; this job writes to ${trackingUri}, where MLflow does not show them. Set MLFLOW_TRACKING_URI to choose a store.`,
  );
}

function warnOfUnknownVariables(book: RunBook): void {
  const names = { ...readDotenv(process.cwd())?.values, ...readEnv() };
  for (const message of findUnknownVariables(names)) book.warnOnce(message, message);
}

function warnOfInsecureTls({ trackingUri, registryUri, insecureTls }: MlflowSettings, book: RunBook): void {
  if (!insecureTls || ![trackingUri, registryUri].some((uri) => /^https:/i.test(uri))) return;
  book.warnOnce(
    'insecure tls',
    'MLFLOW_TRACKING_INSECURE_TLS is on: any certificate is taken, so anybody on the way can read the credentials and answer in the ' +
      "server's place. Name its CA bundle in MLFLOW_TRACKING_SERVER_CERT_PATH instead.",
  );
}

function warnOfUnheard({ trackingUri, registryUri, unheard }: MlflowSettings, book: RunBook): void {
  if (![trackingUri, registryUri].some(isRemote)) return;
  for (const sentence of unheard) book.warnOnce(sentence, sentence);
}

function isFileStore(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => existsSync(join(folder, name, 'meta.yaml')));
  } catch {
    // There is none, or it cannot be read: nothing to say about it.
    return false;
  }
}

/** Waits for a promise at most so long and says whether it came; its rejection is thrown. */
async function within(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  if (await settlesWithin(promise, timeoutMs)) {
    await promise;
    return true;
  }
  // A rejection that comes after the deadline has been said elsewhere: settlesWithin has taken it.
  return false;
}
