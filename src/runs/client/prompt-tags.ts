// Prompts as MLflow's registry keeps them: registered models whose tags hold template, format and configuration.
import { mlflowError } from '../../errors.ts';
import { IS_PROMPT_TAG, withoutPromptTag, type ModelVersion, type RegisteredModel } from '../../model/registry.ts';
import { PromptVersion } from '../../model/prompt-version.ts';
import { fromWireConfig, toWireConfig } from '../../model/prompts.ts';
import type { ChatMessage, Prompt, PromptModelConfig, PromptTemplate } from '../../model/prompts.ts';
import { toPythonJson } from '../../model/python-json.ts';

/** What a version of a prompt may have beside its template. */
export interface PromptOptions {
  /** What is noted of it. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The JSON schema of the answer. */
  readonly responseFormat?: Readonly<Record<string, unknown>>;
  /** Which model it is meant for. */
  readonly modelConfig?: PromptModelConfig;
}

/** Where the experiments that use a prompt are noted, between commas. */
export const EXPERIMENT_IDS_TAG = '_mlflow_experiment_ids';

const TEXT_TAG = 'mlflow.prompt.text';
const TYPE_TAG = '_mlflow_prompt_type';
const RESPONSE_FORMAT_TAG = '_mlflow_prompt_response_format';
const MODEL_CONFIG_TAG = '_mlflow_prompt_model_config';

/** Tags that are not the user's. */
const RESERVED: ReadonlySet<string> = new Set([
  IS_PROMPT_TAG,
  TEXT_TAG,
  TYPE_TAG,
  RESPONSE_FORMAT_TAG,
  MODEL_CONFIG_TAG,
]);

/**
 * The tags of a version.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a template or a configuration that is none
 */
export function toVersionTags(template: PromptTemplate, options: PromptOptions): Readonly<Record<string, string>> {
  const { tags, responseFormat, modelConfig } = options;
  checkTemplate(template);
  return {
    ...tags,
    [IS_PROMPT_TAG]: 'true',
    [TYPE_TAG]: typeof template === 'string' ? 'text' : 'chat',
    [TEXT_TAG]: typeof template === 'string' ? template : toPythonJson(template),
    ...(isEmpty(responseFormat) ? {} : { [RESPONSE_FORMAT_TAG]: toPythonJson(responseFormat) }),
    ...(isEmpty(modelConfig) ? {} : { [MODEL_CONFIG_TAG]: toPythonJson(toWireConfig(modelConfig ?? {})) }),
  };
}

/**
 * Reads a version.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where it is a model's, or holds no template
 */
export function toPromptVersion(from: ModelVersion): PromptVersion {
  const { tags, name, description, ...rest } = from;
  if (!Object.hasOwn(tags, IS_PROMPT_TAG)) throw notAPrompt(name);
  const text = tags[TEXT_TAG];
  if (text === undefined)
    throw mlflowError('INVALID_PARAMETER_VALUE', `Prompt '${name}' does not contain a prompt text.`);
  const config = readJson(name, tags, MODEL_CONFIG_TAG);
  return new PromptVersion({
    ...rest,
    name,
    version: Number(from.version),
    template: tags[TYPE_TAG] === 'chat' ? readMessages(name, text) : text,
    commitMessage: description,
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !RESERVED.has(key))),
    responseFormat: readJson(name, tags, RESPONSE_FORMAT_TAG),
    modelConfig: config === undefined ? undefined : fromWireConfig(config),
  });
}

/** A registered model as the prompt that it is. */
export function toPrompt({ name, description, creationTimeMs, tags }: RegisteredModel): Prompt {
  return { name, description, creationTimeMs, tags: withoutPromptTag(tags) };
}

/** The tag that says in which experiments a prompt is used, with one more; undefined where it is there. */
export function withExperiment(tags: Readonly<Record<string, string>>, experimentId: string): string | undefined {
  const ids = (tags[EXPERIMENT_IDS_TAG] ?? '').split(',').filter((id) => id.trim() !== '');
  return ids.includes(experimentId) ? undefined : `,${[...ids, experimentId].join(',')},`;
}

/**
 * The tag by which a run, a model or a trace says which prompts it used, with more of them; undefined where all are there.
 *
 * @throws {MlflowError} `INTERNAL_ERROR`, as in Python, where the tag is none
 */
export function withLinks(
  tag: string | undefined,
  prompts: readonly Pick<PromptVersion, 'name' | 'version'>[],
  refuse: (tag: string) => Error,
): string | undefined {
  const links = readLinks(tag, refuse);
  const wanted = prompts.map(({ name, version }) => ({ name, version: String(version) }));
  const isThere = (link: unknown): boolean => links.some((each) => toPythonJson(each) === toPythonJson(link));
  const added = wanted.filter((link) => !isThere(link));
  return added.length === 0 ? undefined : toPythonJson([...links, ...added]);
}

/** The refusal of a model where a prompt was asked for. */
export function notAPrompt(name: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', `Name '${name}' is registered as a model, not a prompt.`);
}

function readLinks(tag: string | undefined, refuse: (tag: string) => Error): readonly unknown[] {
  if (tag === undefined) return [];
  let links: unknown;
  try {
    links = JSON.parse(tag);
  } catch {
    throw refuse(tag);
  }
  if (!Array.isArray(links)) throw refuse(tag);
  return links as readonly unknown[]; // whatever they are, they are kept
}

function checkTemplate(template: PromptTemplate): void {
  if (typeof template === 'string') return;
  const isChat = Array.isArray(template) && template.length > 0 && template.every(isMessage);
  if (!isChat)
    throw mlflowError('INVALID_PARAMETER_VALUE', 'A template is a text, or a list of messages with role and content.');
}

function isMessage(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'role' in message && typeof message.role === 'string';
}

function readMessages(name: string, text: string): PromptTemplate {
  const messages = parse(name, text);
  if (Array.isArray(messages) && messages.every(isMessage)) return messages as readonly ChatMessage[]; // as was seen
  throw mlflowError('INVALID_PARAMETER_VALUE', `The text of prompt '${name}' is no list of messages.`);
}

function readJson(
  name: string,
  tags: Readonly<Record<string, string>>,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const text = tags[key];
  if (text === undefined) return undefined;
  const value = parse(name, text);
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>; // JSON's objects are
  throw mlflowError('INVALID_PARAMETER_VALUE', `Tag '${key}' of prompt '${name}' is no object of JSON.`);
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw mlflowError('INVALID_PARAMETER_VALUE', `Prompt '${name}' holds what is no JSON.`, error);
  }
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}
