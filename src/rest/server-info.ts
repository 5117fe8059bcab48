// What a server says about itself, asked once a connection, however many repositories go by it.
import { MlflowError } from '../errors.ts';
import type { RestApi } from './api.ts';
import type { ConnectionOptions } from './transport/connection.ts';
import { ENDPOINTS } from './endpoints/endpoints.ts';
import type { ServerInfo } from './wire/wire-answers.ts';

type Answers = Map<string, Promise<ServerInfo | undefined>>;

const answersOf = new WeakMap<ConnectionOptions, Answers>();

/**
 * Asks a server what it offers; who asks next with the same connection gets the same answer. A failure is not remembered.
 *
 * @returns undefined where it does not say: it is too old, or refuses
 * @throws {MlflowError} where it may say it later
 */
export function askServerInfo(api: RestApi, connection: ConnectionOptions): Promise<ServerInfo | undefined> {
  const answers: Answers = answersOf.get(connection) ?? new Map();
  answersOf.set(connection, answers);
  const asked = answers.get(api.uri) ?? ask(api, () => answers.delete(api.uri));
  answers.set(api.uri, asked);
  return asked;
}

async function ask(api: RestApi, forget: () => void): Promise<ServerInfo | undefined> {
  try {
    return await api.call(ENDPOINTS.getServerInfo, undefined);
  } catch (error) {
    const isForGood = error instanceof MlflowError && !error.isRetryable;
    if (!isForGood || error.status !== 404) forget();
    if (isForGood) return undefined;
    throw error;
  }
}
