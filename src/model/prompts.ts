// Prompts: templates that MLflow's registry keeps in versions, as nouns of this package.
import { mlflowError } from '../errors.ts';

/** A prompt: the name behind which versions stand. */
export interface Prompt {
  /** Letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** Free text; empty where there is none. */
  readonly description: string;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** What was noted of it. */
  readonly tags: Readonly<Record<string, string>>;
}

/** One message of a chat; a template's content is text, other content goes through as it is. */
export interface ChatMessage {
  /** Such as `system`, `user` or `assistant`. */
  readonly role: string;
  /** Text, with `{{variables}}`. */
  readonly content?: unknown;
  /** What else a message has, such as `tool_calls`. */
  readonly [field: string]: unknown;
}

/** A template: one text, or the messages of a chat. */
export type PromptTemplate = string | readonly ChatMessage[];

/** Which model a prompt is meant for, and how it is asked. */
export interface PromptModelConfig {
  /** Such as `openai`. */
  readonly provider?: string;
  /** Such as `gpt-5`. */
  readonly modelName?: string;
  /** 0 or more. */
  readonly temperature?: number;
  /** A whole number, 1 or more. */
  readonly maxTokens?: number;
  /** 0 to 1. */
  readonly topP?: number;
  /** A whole number, 1 or more. */
  readonly topK?: number;
  /** Any number. */
  readonly frequencyPenalty?: number;
  /** Any number. */
  readonly presencePenalty?: number;
  /** Texts that end the answer. */
  readonly stopSequences?: readonly string[];
  /** Whatever else, under the names that the model's provider has for it. */
  readonly extraParams?: Readonly<Record<string, unknown>>;
}

type ConfigField = Exclude<keyof PromptModelConfig, 'extraParams'>;

interface Rule {
  /** MLflow's name. */
  readonly wire: string;
  readonly wanted: string;
  readonly isValid: (value: unknown) => boolean;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;

/** In MLflow's order, with MLflow's rules (entities/model_registry/prompt_version.py). */
const RULES: Readonly<Record<ConfigField, Rule>> = {
  provider: { wire: 'provider', wanted: 'a text', isValid: isText },
  modelName: { wire: 'model_name', wanted: 'a text', isValid: isText },
  temperature: { wire: 'temperature', wanted: 'a number from 0 on', isValid: (value) => isNumber(value) && value >= 0 },
  maxTokens: { wire: 'max_tokens', wanted: 'a whole number from 1 on', isValid: isCount },
  topP: {
    wire: 'top_p',
    wanted: 'a number from 0 to 1',
    isValid: (value) => isNumber(value) && value >= 0 && value <= 1,
  },
  topK: { wire: 'top_k', wanted: 'a whole number from 1 on', isValid: isCount },
  frequencyPenalty: { wire: 'frequency_penalty', wanted: 'a number', isValid: isNumber },
  presencePenalty: { wire: 'presence_penalty', wanted: 'a number', isValid: isNumber },
  stopSequences: {
    wire: 'stop_sequences',
    wanted: 'a list of texts',
    isValid: (value) => Array.isArray(value) && value.every(isText),
  },
};

/**
 * Writes a configuration under MLflow's names; what else it has stands beside them.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a value that MLflow refuses to read
 */
export function toWireConfig(config: PromptModelConfig): Readonly<Record<string, unknown>> {
  const { extraParams, ...known } = config;
  for (const field of Object.keys(known)) {
    if (!Object.hasOwn(RULES, field)) throw invalid(field, 'a field of modelConfig: put it into extraParams');
  }
  const wire = Object.entries(RULES).flatMap(([field, { wire: name, wanted, isValid }]) => {
    const value = config[field as ConfigField]; // a key of RULES is one
    if (value === undefined) return [];
    if (!isValid(value)) throw invalid(field, wanted);
    return [[name, value] as const];
  });
  return { ...Object.fromEntries(wire), ...extraParams };
}

/** Reads a configuration that anybody wrote; a known name with a value that is not valid is among the others. */
export function fromWireConfig(wire: Readonly<Record<string, unknown>>): PromptModelConfig {
  const known = new Map(Object.entries(RULES).map(([field, rule]) => [rule.wire, { field, ...rule }]));
  const [config, extraParams]: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
  for (const [name, value] of Object.entries(wire)) {
    const rule = known.get(name);
    if (rule?.isValid(value) === true) config[rule.field] = value;
    else Object.defineProperty(extraParams, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return { ...config, ...(Object.keys(extraParams).length === 0 ? {} : { extraParams }) };
}

function invalid(field: string, wanted: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', `modelConfig.${field} must be ${wanted}.`);
}
