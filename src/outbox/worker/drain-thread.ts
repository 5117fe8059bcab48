// A drain host behind a message port: the part of a worker's entry that tests use with openers of their own.
import type { MessagePort } from 'node:worker_threads';
import type { GetToken } from '../../model/get-token.ts';
import { Counters } from '../delivery/counters.ts';
import type { Openers } from '../delivery/destination.ts';
import { AskedTokens } from './asked-tokens.ts';
import { DrainHost } from './drain-host.ts';
import { OfflineHost } from './offline-host.ts';
import type { HostRequest, HostSettings, ThreadData, TokenGiven } from './messages.ts';
import type { System } from '../machine/system.ts';

/** What a host in a thread needs. */
export interface ThreadOptions {
  /** Brings requests. */
  readonly port: MessagePort;
  /** Where replies go. */
  readonly replies: Pick<MessagePort, 'postMessage'>;
  readonly settings: HostSettings;
  /** Which connections ask the job's thread for their tokens. @default none */
  readonly asksForToken?: ThreadData['asksForToken'];
  readonly system: System;
  readonly openers: Openers;
}

/** Runs a host until it has answered `stop`; then the thread ends by itself. */
export function runHostInThread({ port, replies, settings, asksForToken, system, openers }: ThreadOptions): void {
  const Host = settings.isOffline ? OfflineHost : DrainHost;
  const tokens = new AskedTokens({ clock: system.clock, ask: (wanted) => replies.postMessage(wanted) });
  const host = new Host({
    settings: withTokens(settings, asksForToken, tokens.getToken),
    system,
    openers,
    post: (reply) => replies.postMessage(reply),
  });
  // The listener also keeps the thread alive, which Atomics.waitAsync alone does not.
  port.on('message', (request: HostRequest | TokenGiven) => {
    if (request.kind === 'token') tokens.receive(request);
    else host.receive(request);
  });
  const counters = new Counters(settings.counters);
  void listen(host, counters);
  host.start();
  // A job that ended before this thread was up has woken nobody.
  if (counters.isExitRequested) host.wake();
}

function withTokens(
  settings: HostSettings,
  asks: ThreadData['asksForToken'] | undefined,
  getToken: GetToken,
): HostSettings {
  const { connection, registry } = settings;
  return {
    ...settings,
    connection: asks?.tracking === true ? { ...connection, getToken } : connection,
    registry:
      registry !== undefined && asks?.registry === true
        ? { ...registry, connection: { ...registry.connection, getToken } }
        : registry,
  };
}

async function listen(host: Pick<DrainHost, 'wake'>, counters: Counters): Promise<void> {
  for (let seen = counters.wakeCount; ;) {
    seen = await counters.untilWoken(seen);
    host.wake();
  }
}
