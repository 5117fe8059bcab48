// Tracking and registry URIs: credentials split off, relative places made absolute.
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A URI without its credentials, and these. */
export interface SplitUri {
  readonly uri: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

// All of the authority up to its last @: passwords with an @ in them are seen in the wild.
const USER_INFO = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@/i;
const SQLITE = /^(sqlite(?:\+\w+)?:\/\/\/)([^?]+)(.*)$/i;

/**
 * Splits `scheme://user:password@host` into the URI without credentials and the credentials, percent-decoded.
 *
 * @example
 * splitCredentials('http://me:p%40ss@host:5000'); // { uri: 'http://host:5000', username: 'me', password: 'p@ss' }
 */
export function splitCredentials(uri: string): SplitUri {
  const match = USER_INFO.exec(uri);
  if (match === null) return { uri, username: undefined, password: undefined };
  const [whole, scheme = '', userInfo = ''] = match;
  const colon = userInfo.indexOf(':');
  const username = colon < 0 ? userInfo : userInfo.slice(0, colon);
  return {
    uri: scheme + uri.slice(whole.length),
    username: username === '' ? undefined : decode(username),
    password: colon < 0 ? undefined : decode(userInfo.slice(colon + 1)),
  };
}

/**
 * Returns a tracking URI that means the same from every folder and process: `sqlite:///rel` and relative paths are resolved from
 * the folder; every other scheme stays as it is.
 *
 * @example
 * toAbsoluteUri('sqlite:///mlflow.db', '/work'); // 'sqlite:////work/mlflow.db'
 * toAbsoluteUri('./mlruns', '/work'); // '/work/mlruns'
 */
export function toAbsoluteUri(uri: string, folder: string): string {
  const [, prefix = '', path = '', rest = ''] = SQLITE.exec(uri) ?? [];
  if (prefix !== '') return path === ':memory:' ? uri : prefix + resolve(folder, path) + rest;
  const file = /^file:(?!\/)(.+)$/i.exec(uri)?.[1];
  if (file !== undefined) return pathToFileURL(resolve(folder, file)).href;
  // 'databricks' alone is a scheme to MLflow.
  if (isUri(uri) || uri === 'databricks' || isAbsolute(uri)) return uri;
  // In a path MLflow decodes percent signs; those of the folder are meant as they are.
  return resolve(folder.replaceAll('%', '%25'), uri);
}

/** Whether a location has a scheme; one of one letter is a Windows drive. */
export function isUri(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(location);
}

/** Returns what an artifact root of an embedded store should be where it is none: nobody is there who could serve another. */
export function expectedOfArtifactRoot(root: string): string | undefined {
  return !isUri(root) || /^(?:file:\/|s3:\/\/[^/])/i.test(root)
    ? undefined
    : 'a folder, file:///folder or s3://bucket/path';
}

/**
 * Returns what an http(s) URI should be where it is not one, undefined where it is right or of another scheme; a host and port
 * alone are one without its scheme. A query would never
 * be sent, and what it held (a token) would be kept in every journal.
 */
export function expectedOfUri(uri: string): string | undefined {
  // No scheme has a port; to MLflow 127.0.0.1:5000 is a folder, which nobody means.
  if (/^(?!https?:)[\w.-]+:\d{1,5}(?:\/.*)?$/s.test(uri)) return `a URI with its scheme, such as http://${uri}`;
  if (!/^https?:/i.test(uri)) return undefined;
  if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri)) return 'a URL, such as http://localhost:5000';
  return /[?#]/.test(uri) ? 'a URL without ? and # (a token goes into MLFLOW_TRACKING_TOKEN)' : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % in a password: it was not encoded at all
  }
}
