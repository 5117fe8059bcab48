// One version of a prompt: its template, what is to fill it, and the filling.
import { mlflowError, RunspanError } from '../errors.ts';
import { mendText } from './mend-text.ts';
import type { ChatMessage, PromptModelConfig, PromptTemplate } from './prompts.ts';

/** What a version is made of: what it says of itself. */
export type PromptVersionFields = Pick<
  PromptVersion,
  | 'name'
  | 'version'
  | 'template'
  | 'commitMessage'
  | 'creationTimeMs'
  | 'lastUpdateTimeMs'
  | 'tags'
  | 'aliases'
  | 'userId'
> &
  Partial<Pick<PromptVersion, 'responseFormat' | 'modelConfig'>>;

/** A name between double braces, with dots in it or without, as MLflow has it. */
const VARIABLE = /\{\{\s*([a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*)\s*\}\}/g;

/**
 * One version of a prompt.
 *
 * @example
 * const prompt = await client.loadPrompt('prompts:/greeting@live');
 * prompt?.format({ name: 'Ada' }); // 'Hello Ada!' where the template is 'Hello {{name}}!'
 */
export class PromptVersion {
  /** The prompt's. */
  readonly name: string;
  /** 1 is the first. */
  readonly version: number;
  /** One text, or the messages of a chat. */
  readonly template: PromptTemplate;
  /** What changed; empty where nobody said. */
  readonly commitMessage: string;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
  /** What was noted of it. */
  readonly tags: Readonly<Record<string, string>>;
  /** The names that point to it. */
  readonly aliases: readonly string[];
  /** Who made it; empty where nobody said. */
  readonly userId: string;
  /** The JSON schema of the answer; undefined where there is none. */
  readonly responseFormat: Readonly<Record<string, unknown>> | undefined;
  /** Which model it is meant for; undefined where nobody said. */
  readonly modelConfig: PromptModelConfig | undefined;

  readonly #fields: PromptVersionFields;

  constructor(fields: PromptVersionFields) {
    this.#fields = fields;
    this.name = fields.name;
    this.version = fields.version;
    this.template = fields.template;
    this.commitMessage = fields.commitMessage;
    this.creationTimeMs = fields.creationTimeMs;
    this.lastUpdateTimeMs = fields.lastUpdateTimeMs;
    this.tags = fields.tags;
    this.aliases = fields.aliases;
    this.userId = fields.userId;
    this.responseFormat = fields.responseFormat;
    this.modelConfig = fields.modelConfig;
  }

  /** `prompts:/name/version`. */
  get uri(): string {
    return `prompts:/${this.name}/${this.version}`;
  }

  /** Whether the template is one text, and no chat. */
  get isTextPrompt(): boolean {
    return typeof this.template === 'string';
  }

  /** The variables that are to be filled, sorted. */
  get variables(): readonly string[] {
    const text = typeof this.template === 'string' ? this.template : JSON.stringify(this.template);
    return [...new Set([...text.matchAll(VARIABLE)].map(([, name = '']) => name))].toSorted();
  }

  /** The template with single braces, as LangChain and Python's str.format have them. */
  toSingleBraceFormat(): PromptTemplate {
    return fill(this.template, (name) => `{${name}}`);
  }

  /**
   * Fills the template: each `{{name}}` becomes the value of that name, texts as they are and all else as JSON. A value is never read as a
   * template itself. With `allowPartial` a prompt of what is left is given where values are missing.
   *
   * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where a value is missing
   * @throws {RunspanError} `NOT_SUPPORTED` for a template of Jinja2, which Python alone can fill
   */
  format(values: Readonly<Record<string, unknown>>): PromptTemplate;
  format(
    values: Readonly<Record<string, unknown>>,
    options: { readonly allowPartial?: boolean },
  ): PromptTemplate | PromptVersion;
  format(
    values: Readonly<Record<string, unknown>>,
    options: { readonly allowPartial?: boolean } = {},
  ): PromptTemplate | PromptVersion {
    if (isJinja(this.template))
      throw new RunspanError('NOT_SUPPORTED', `${this.uri} is a template of Jinja2, which cannot be filled here.`);
    const isGiven = (name: string): boolean => Object.hasOwn(values, name) && values[name] !== undefined;
    const missing = this.variables.filter((name) => !isGiven(name));
    if (missing.length > 0 && options.allowPartial !== true)
      throw mlflowError(
        'INVALID_PARAMETER_VALUE',
        `Missing variables: ${missing.join(', ')}. To fill a part of the prompt, give { allowPartial: true }.`,
      );
    const filled = fill(this.template, (name, whole) => (isGiven(name) ? toText(values[name]) : whole));
    return missing.length === 0 ? filled : new PromptVersion({ ...this.#fields, template: filled });
  }
}

function fill(template: PromptTemplate, valueOf: (name: string, whole: string) => string): PromptTemplate {
  const fillText = (text: string): string => text.replaceAll(VARIABLE, (whole, name: string) => valueOf(name, whole));
  if (typeof template === 'string') return fillText(template);
  return template.map((message): ChatMessage => {
    const { content } = message;
    return typeof content === 'string' ? { ...message, content: fillText(content) } : message;
  });
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? 'null' : (mendText(value) ?? '');
}

function isJinja(template: PromptTemplate): boolean {
  const texts = typeof template === 'string' ? [template] : template.map(({ content }) => content);
  return texts.some((text) => typeof text === 'string' && text.includes('{%') && text.includes('%}'));
}
