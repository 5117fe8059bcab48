// The settings of MlflowService, with what follows from them: connections without leaks, absolute places, variables for S3.
import type { ArtifactSettings } from '../../model/artifact-settings.ts';
import type { GetToken } from '../../model/get-token.ts';
import { toArtifactSettings } from './artifact-fields.ts';
import { readCredentialsFile } from './credentials-file.ts';
import type { FileCredentials } from './credentials-file.ts';
import type { Provenance, Resolved } from './fields.ts';
import { MLFLOW_FIELDS } from './mlflow-fields.ts';
import type { MlflowFields } from './mlflow-fields.ts';
import type { MlflowOptions } from './mlflow-options.ts';
import { resolveSettings } from './settings.ts';
import { invalidSetting } from './settings-values.ts';
import { loadSources } from './sources.ts';
import type { SettingsSources } from './sources.ts';
import { splitCredentials, toAbsoluteUri } from './tracking-uri.ts';
import type { SplitUri } from './tracking-uri.ts';
import { sayUnheard } from './unheard.ts';

export type { MlflowOptions } from './mlflow-options.ts';

/** How one server is reached: what `rest/` takes. */
export interface ServerConnection {
  /** Basic auth. */
  readonly username?: string;
  /** Basic auth. */
  readonly password?: string;
  /** Bearer token. */
  readonly token?: string;
  /** Asked for one before each request. */
  readonly getToken?: GetToken;
  /** The workspace of the server. */
  readonly workspace?: string;
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether any TLS certificate is accepted. */
  readonly isInsecureTls: boolean;
  /** A bundle of CA certificates. */
  readonly serverCertPath?: string;
  /** A client certificate with its key. */
  readonly clientCertPath?: string;
  /** The proxy for http servers. */
  readonly httpProxy?: string;
  /** The proxy for https servers. */
  readonly httpsProxy?: string;
  /** Who is reached without one. */
  readonly noProxy?: string;
  /** Where the proxy for http servers is set: a variable or a setting. */
  readonly httpProxyName?: string;
  /** Where the proxy for https servers is set. */
  readonly httpsProxyName?: string;
  /** How artifacts travel beside it. */
  readonly artifacts: ArtifactSettings;
}

/** The settings of MlflowService, resolved. Secrets, connections and processEnv are not enumerable: printing shows none. */
export interface MlflowSettings extends Omit<MlflowFields, 'registryUri'> {
  /** As given, without credentials. */
  readonly trackingUri: string;
  /** As given, without credentials; the tracking URI where none is given. */
  readonly registryUri: string;
  /** The tracking URI as it means the same from every folder. */
  readonly absoluteTrackingUri: string;
  /** The registry URI as it means the same from every folder. */
  readonly absoluteRegistryUri: string;
  /** What children are told: the same, undefined where credentials were cut off it, without which it is of no use to them. */
  readonly childTrackingUri: string | undefined;
  /** The same of a registry that is apart; undefined where none is given. */
  readonly childRegistryUri: string | undefined;
  /** How the tracking server is reached. */
  readonly connection: ServerConnection;
  /** How the registry's server is reached: credentials in a URI go to its own host only. */
  readonly registryConnection: ServerConnection;
  /** What Python's client would do with the variables that are set, and this package does not: a sentence for each. */
  readonly unheard: readonly string[];
  /** What start() sets in the process where nothing is set (`setEnvDefaults`). */
  readonly processEnv: Readonly<Record<string, string>>;
}

/**
 * Resolves the settings of MlflowService. Credentials inside a URI are split off.
 *
 * @throws {RunspanError} `INVALID_SETTINGS`, and what {@link loadSources} throws
 * @example
 * resolveMlflowSettings({ trackingUri: 'http://me:secret@host:5000' }).trackingUri; // 'http://host:5000'
 */
export function resolveMlflowSettings(
  options: MlflowOptions = {},
  sources: SettingsSources = loadSources(),
): MlflowSettings {
  const { settings: fields, provenance } = resolveSettings(MLFLOW_FIELDS, options, { section: 'mlflow', sources });
  if (fields.insecureTls && fields.serverCertPath !== undefined)
    throw invalidSetting(
      'mlflow.insecureTls',
      "Settings 'mlflow.insecureTls' and 'mlflow.serverCertPath' exclude each other. Leave one out.",
    );
  const tracking = splitCredentials(fields.trackingUri);
  const registry = fields.registryUri === undefined ? tracking : splitCredentials(fields.registryUri);
  const file = readCredentialsFile(sources.home);
  const reached = { fields, provenance, file };
  const connection = toConnection(tracking, reached);
  const absoluteTrackingUri = toAbsoluteUri(tracking.uri, sources.folder);
  const absoluteRegistryUri = toAbsoluteUri(registry.uri, sources.folder);
  const hidden = {
    childTrackingUri: hasCredentials(tracking) ? undefined : absoluteTrackingUri,
    childRegistryUri: fields.registryUri === undefined || hasCredentials(registry) ? undefined : absoluteRegistryUri,
    username: connection.username,
    password: connection.password,
    connection,
    // Without credentials of its own, a registry on the same server is reached in the same way.
    registryConnection: toConnection(
      isSameServer(registry, tracking) && !hasCredentials(registry) ? tracking : registry,
      reached,
    ),
    processEnv: toProcessEnv(fields),
    unheard: sayUnheard(sources),
  };
  const shown = {
    trackingUri: tracking.uri,
    registryUri: registry.uri,
    absoluteTrackingUri,
    absoluteRegistryUri,
  };
  return Object.freeze(
    Object.defineProperties(
      {},
      { ...Object.getOwnPropertyDescriptors(fields), ...describe(shown, true), ...describe(hidden, false) },
    ),
  ) as MlflowSettings; // every field, then what follows from them
}

/** Gives the same settings with another experiment; what is not enumerable stays so. */
export function withExperiment(settings: MlflowSettings, experimentName: string): MlflowSettings {
  const others = Object.getOwnPropertyDescriptors(settings);
  return Object.freeze(
    Object.defineProperties({}, { ...others, experimentName: { value: experimentName, enumerable: true } }),
  ) as MlflowSettings; // every field of the settings that were given
}

interface Reached {
  readonly fields: MlflowFields;
  readonly provenance: Resolved<MlflowFields>['provenance'];
  readonly file: FileCredentials;
}

/** Basic auth needs both, as in Python's client: the URI's pair first, else what settings say, and the file of what they do not. */
function toConnection(uri: SplitUri, { fields, provenance, file }: Reached): ServerConnection {
  const { workspace, timeoutMs, insecureTls: isInsecureTls, serverCertPath, clientCertPath } = fields;
  const { httpProxy, httpsProxy, noProxy } = fields;
  const [token, getToken] = typeof fields.token === 'function' ? [undefined, fields.token] : [fields.token];
  const isPair = uri.username !== undefined && uri.password !== undefined;
  const { username, password } = isPair
    ? uri
    : { username: fields.username ?? file.username, password: fields.password ?? file.password };
  const given = {
    username,
    password,
    token,
    getToken,
    workspace,
    serverCertPath,
    clientCertPath,
    httpProxy,
    httpsProxy,
    noProxy,
    httpProxyName: httpProxy === undefined ? undefined : nameOf('httpProxy', provenance.httpProxy),
    httpsProxyName: httpsProxy === undefined ? undefined : nameOf('httpsProxy', provenance.httpsProxy),
  };
  return Object.freeze({
    ...withoutUndefined(given),
    timeoutMs,
    isInsecureTls,
    artifacts: toArtifactSettings(fields),
  });
}

function nameOf(setting: string, from: Provenance | undefined): string {
  return (from?.source === 'env' || from?.source === '.env' ? from.name : undefined) ?? `the setting mlflow.${setting}`;
}

function withoutUndefined<T extends object>(values: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { readonly [K in keyof T]?: NonNullable<T[K]> }; // the same keys, fewer of them
}

function hasCredentials({ username, password }: SplitUri): boolean {
  return username !== undefined || password !== undefined;
}

function isSameServer(first: SplitUri, second: SplitUri): boolean {
  if (first.uri === second.uri) return true;
  return URL.canParse(first.uri) && URL.canParse(second.uri) && new URL(first.uri).host === new URL(second.uri).host;
}

function toProcessEnv(fields: MlflowFields): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, string | undefined>> = {
    AWS_ACCESS_KEY_ID: fields.awsAccessKeyId,
    AWS_SECRET_ACCESS_KEY: fields.awsSecretAccessKey,
    AWS_SESSION_TOKEN: fields.awsSessionToken,
    AWS_REGION: fields.awsRegion,
    MLFLOW_S3_ENDPOINT_URL: fields.s3EndpointUrl,
    MLFLOW_S3_IGNORE_TLS: fields.s3IgnoreTls?.toString(),
  };
  const isSet = (entry: [string, string | undefined]): entry is [string, string] => entry[1] !== undefined;
  return Object.freeze(Object.fromEntries(Object.entries(values).filter(isSet)));
}

function describe(values: Readonly<Record<string, unknown>>, enumerable: boolean): PropertyDescriptorMap {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value, enumerable }]));
}
