// The job's end of a rotating token: the function that gives it stays on this thread, and answers the drain's thread by message.
import type { GetToken } from '../../model/get-token.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import { untraced } from '../../rest/transport/untraced.ts';
import type { HostSettings, ThreadData, TokenGiven, TokenWanted } from '../worker/messages.ts';
import { toWire } from '../worker/messages.ts';

/** Takes the functions out of settings that go to another thread. */
export function keepTokens<T extends Pick<HostSettings, 'connection' | 'registry'>>({
  connection,
  registry,
  ...rest
}: T): {
  readonly plain: Omit<T, 'connection' | 'registry'> & Pick<HostSettings, 'connection' | 'registry'>;
  readonly asksForToken: ThreadData['asksForToken'];
  /** One for both: a service has one setting for it. */
  readonly getToken: GetToken | undefined;
} {
  const ofRegistry = registry?.connection.getToken;
  return {
    plain: {
      ...rest,
      connection: withoutFunction(connection),
      registry: registry && { ...registry, connection: withoutFunction(registry.connection) },
    },
    asksForToken: { tracking: connection.getToken !== undefined, registry: ofRegistry !== undefined },
    getToken: connection.getToken ?? ofRegistry,
  };
}

/** Answers the drain's thread; never rejects. */
export async function giveToken(getToken: GetToken, { id, isRefused }: TokenWanted): Promise<TokenGiven> {
  try {
    // As every request of ours: what it asks a vault leaves no spans in the user's traces.
    const token: unknown = await untraced(async () => getToken({ isRefused }));
    if (typeof token !== 'string') throw new TypeError('it gave no text');
    return { kind: 'token', id, token };
  } catch (error) {
    return { kind: 'token', id, error: toWire(error) };
  }
}

function withoutFunction(connection: ConnectionOptions): ConnectionOptions {
  return Object.fromEntries(Object.entries(connection).filter(([name]) => name !== 'getToken'));
}
