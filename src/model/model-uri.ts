// The URIs by which MLflow names models, prompts and what runs hold: read into their parts, and written from them.
import { mlflowError, uncodedError } from '../errors.ts';

/** What a `models:/` URI names: a logged model, or one version of a registered model in one of four ways. */
export type ModelUri =
  | { readonly kind: 'model'; readonly modelId: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | { readonly kind: 'alias'; readonly name: string; readonly alias: string }
  | { readonly kind: 'stage'; readonly name: string; readonly stage: string }
  | { readonly kind: 'latest'; readonly name: string };

/** What a `prompts:/` URI names. */
export type PromptUri = Extract<ModelUri, { readonly kind: 'version' | 'alias' }>;

/** What a `runs:/` URI names. */
export interface RunsUri {
  /** The run. */
  readonly runId: string;
  /** Below the run's artifacts, or the name of a model that it logged; empty for all of them. */
  readonly path: string;
}

/** Whether a text is a `models:/` URI. */
export function isModelUri(uri: string): boolean {
  return /^models:/i.test(uri);
}

/** Whether a text is a `runs:/` URI. */
export function isRunsUri(uri: string): boolean {
  return /^runs:/i.test(uri);
}

/**
 * Reads a `models:/` URI as Python does.
 *
 * @throws {MlflowError} `INTERNAL_ERROR`, as in Python, for any other
 * @example
 * parseModelUri('models:/churn@champion'); // { kind: 'alias', name: 'churn', alias: 'champion' }
 * parseModelUri('models:/churn/3'); // { kind: 'version', name: 'churn', version: '3' }
 */
export function parseModelUri(uri: string): ModelUri {
  const [name = '', suffix, ...rest] = partsOf(uri, 'models');
  if (rest.length > 0 || name.trim() === '' || suffix?.trim() === '') throw improper(uri, 'models');
  if (suffix !== undefined) {
    if (/^\d+$/.test(suffix)) return { kind: 'version', name, version: suffix };
    return suffix.toLowerCase() === 'latest' ? { kind: 'latest', name } : { kind: 'stage', name, stage: suffix };
  }
  return readAlias(name, () => improper(uri, 'models')) ?? { kind: 'model', modelId: name };
}

/**
 * Writes a `models:/` URI.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for what no URI can say, such as a name with a slash
 * @example
 * formatModelUri({ kind: 'version', name: 'churn', version: '3' }); // 'models:/churn/3'
 */
export function formatModelUri(from: ModelUri): string {
  const uri = `models:/${bodyOf(from)}`;
  if (isSame(from, uri)) return uri;
  throw mlflowError('INVALID_PARAMETER_VALUE', `No models:/ URI can say ${JSON.stringify(from)}.`);
}

/**
 * Reads a `prompts:/` URI.
 *
 * @throws {MlflowError} `INTERNAL_ERROR` for what is none, `INVALID_PARAMETER_VALUE` for one without version or alias; as in Python
 * @example
 * parsePromptUri('prompts:/greeting/2'); // { kind: 'version', name: 'greeting', version: '2' }
 */
export function parsePromptUri(uri: string): PromptUri {
  const [name = '', suffix, ...rest] = partsOf(uri, 'prompts');
  if (rest.length > 0 || name.trim() === '') throw improper(uri, 'prompts');
  if (suffix === undefined) {
    const alias = readAlias(name, () => improper(uri, 'prompts'));
    if (alias !== undefined) return alias;
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid prompt URI format: ${uri}`);
  }
  if (/^\d+$/.test(suffix)) return { kind: 'version', name, version: suffix };
  throw improper(uri, 'prompts');
}

/**
 * Reads a `runs:/` URI.
 *
 * @throws {MlflowError} `INTERNAL_ERROR`, as in Python, for any other
 * @example
 * parseRunsUri('runs:/0123456789abcdef0123456789abcdef/model'); // { runId: '0123…', path: 'model' }
 */
export function parseRunsUri(uri: string): RunsUri {
  const [, runId = '', path = ''] = /^runs:\/(?:\/\/)?([^/]+)(?:\/(.*))?$/is.exec(uri) ?? [];
  if (runId !== '') return { runId, path };
  throw uncodedError(
    `Not a proper runs:/ URI: ${uri}. Runs URIs must be of the form 'runs:/<run_id>/run-relative/path/to/artifact'`,
  );
}

/**
 * Writes a `runs:/` URI.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a run id that is none
 * @example
 * formatRunsUri({ runId, path: 'model' });
 */
export function formatRunsUri({ runId, path }: RunsUri): string {
  if (runId !== '' && !runId.includes('/')) return `runs:/${runId}${path === '' ? '' : `/${path}`}`;
  throw mlflowError('INVALID_PARAMETER_VALUE', `'${runId}' is no run id.`);
}

/** What follows the scheme; an authority, as in `models://host/name`, is none of MLflow's own. */
function partsOf(uri: string, scheme: 'models' | 'prompts'): readonly string[] {
  const [, given, path] = /^(\w+):\/(?:\/\/)?(?!\/)(.+)$/s.exec(uri) ?? [];
  if (given?.toLowerCase() !== scheme || path === undefined) throw improper(uri, scheme);
  return path.split('/');
}

function readAlias(text: string, refusal: () => Error): Extract<ModelUri, { readonly kind: 'alias' }> | undefined {
  const at = text.lastIndexOf('@');
  if (at < 0) return undefined;
  const [name, alias] = [text.slice(0, at), text.slice(at + 1)];
  if (name.trim() === '' || alias.trim() === '') throw refusal();
  return { kind: 'alias', name, alias };
}

function bodyOf(from: ModelUri): string {
  switch (from.kind) {
    case 'model':
      return from.modelId;
    case 'version':
      return `${from.name}/${from.version}`;
    case 'alias':
      return `${from.name}@${from.alias}`;
    case 'stage':
      return `${from.name}/${from.stage}`;
    case 'latest':
      return `${from.name}/latest`;
  }
}

function isSame(from: ModelUri, uri: string): boolean {
  try {
    const read: Readonly<Record<string, string>> = { ...parseModelUri(uri) };
    return Object.entries(from).every(([key, value]) => read[key] === value);
  } catch {
    return false; // it is no URI at all
  }
}

function improper(uri: string, scheme: 'models' | 'prompts'): Error {
  const [kind, suffix] =
    scheme === 'models' ? ['Models', 'a version, stage, or the string latest'] : ['Prompts', 'a version'];
  return uncodedError(
    `Not a proper ${scheme}:/ URI: ${uri}. ${kind} URIs must be of the form '${scheme}:/name/suffix' or '${scheme}:/name@alias' ` +
      `where suffix is ${suffix} and where alias is a registered ${scheme.slice(0, -1)} alias. Only one of them can be there.`,
  );
}
