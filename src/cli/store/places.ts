// Where the settings say that stores are and how they are reached: read once for a command that has to do with several.
import { type MlflowSettings, resolveMlflowSettings } from '../../config/settings/mlflow-settings.ts';
import { loadSources } from '../../config/settings/sources.ts';
import { splitCredentials } from '../../config/settings/tracking-uri.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';

/** A tracking store, and how it is reached. */
export interface Place {
  /** Absolute, without credentials. */
  readonly trackingUri: string;
  readonly connection: ConnectionOptions;
  readonly artifactRoot: string;
}

/** What names a server that is no secret of another one. */
const CREDENTIALS: ReadonlySet<string> = new Set(['username', 'password', 'token', 'getToken', 'clientCertPath']);

/**
 * The stores that one command speaks to. The environment's credentials belong to the server that the environment names, or the command
 * line as the place to write to; what only a folder names, whoever wrote it, gets none of them.
 */
export class Places {
  /** What env, `.env` and the settings file say. */
  readonly settings: MlflowSettings;
  readonly #sources = loadSources();

  constructor() {
    this.settings = resolveMlflowSettings({}, this.#sources);
  }

  /** A store that the user has named as the place to write to; the settings' own where none is named. */
  chosen(uri: string | undefined): Place {
    return toPlace(uri === undefined ? this.settings : this.#resolve(uri));
  }

  /** A store that somebody named; credentials in the URI itself are its own. */
  found(uri: string): Place {
    const settings = this.#resolve(uri);
    const place = toPlace(settings);
    if (originOf(this.settings.absoluteTrackingUri) === originOf(place.trackingUri)) return place;
    const { username, password } = splitCredentials(uri);
    const own = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
    return { ...place, connection: { ...withoutCredentials(place.connection), ...own } };
  }

  #resolve(trackingUri: string): MlflowSettings {
    return resolveMlflowSettings({ trackingUri }, this.#sources);
  }
}

function toPlace({ absoluteTrackingUri: trackingUri, connection, artifactRoot }: MlflowSettings): Place {
  return { trackingUri, connection, artifactRoot };
}

function withoutCredentials(connection: ConnectionOptions): ConnectionOptions {
  return Object.fromEntries(Object.entries(connection).filter(([name]) => !CREDENTIALS.has(name)));
}

function originOf(trackingUri: string): string {
  return URL.parse(trackingUri)?.origin ?? trackingUri;
}
