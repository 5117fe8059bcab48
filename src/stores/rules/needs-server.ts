// The refusal of a store that is no server.
import { RunspanError } from '../../errors.ts';

/**
 * The error for what a store lacks.
 *
 * @param uri the store, without credentials
 * @param name what was asked for
 * @example
 * return Promise.reject(needsServer(this.uri, 'createWebhook'));
 */
export function needsServer(uri: string, name: string): RunspanError {
  return new RunspanError(
    'NOT_SUPPORTED',
    `'${name}' needs a tracking server, and ${uri} is none. Set trackingUri to http(s)://.`,
  );
}
