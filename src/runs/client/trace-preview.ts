// The beginning of what a trace was asked and answered, as Python's client and MLflow's lists show it.
import { takeCodePoints } from '../../model/limits.ts';
import { writeExact } from '../../rest/wire/exact-json.ts';

/** How many characters a list shows (TRACE_REQUEST_RESPONSE_PREVIEW_MAX_LENGTH_OSS). */
const MAX_PREVIEW = 1000;
/** How many a trace's metadata has (MAX_CHARS_IN_TRACE_INFO_METADATA). */
const MAX_METADATA = 250;
const CUT = '...';
const TEXTS_AND_SIGNS = /("(?:[^"\\]|\\.)*")|([:,])/g;

type Message = Readonly<Record<string, unknown>>;

/**
 * Writes a value as Python's `json.dumps` does, with a space behind each `:` and `,`; undefined for what is no JSON.
 *
 * @example
 * toPythonJson({ a: [1, NaN] }); // '{"a": [1, NaN]}'
 */
export function toPythonJson(value: unknown): string | undefined {
  return writeExact(value)?.replaceAll(
    TEXTS_AND_SIGNS,
    (_, text: string | undefined, sign: string) => text ?? `${sign} `,
  );
}

/** The text of the last message of this role, where the value is a chat; else the value as JSON. */
export function previewOf(value: unknown, role: 'user' | 'assistant'): string | undefined {
  if (value === undefined) return undefined;
  const messages = messagesOf(value);
  const message = messages.findLast((each) => each['role'] === role) ?? messages.at(-1);
  const text = (message === undefined ? '' : textOf(message)) || toPythonJson(value);
  return text === undefined ? undefined : cut(text, MAX_PREVIEW);
}

/** The same value as a trace's metadata has it: JSON, or empty. */
export function metadataOf(value: unknown): string {
  return cut(value === undefined ? '' : (toPythonJson(value) ?? ''), MAX_METADATA);
}

function cut(text: string, length: number): string {
  const whole = takeCodePoints(text, length);
  return whole === text ? text : takeCodePoints(text, length - CUT.length) + CUT;
}

/** What OpenAI's chats and responses have, asked or answered. */
function messagesOf(value: unknown): readonly Message[] {
  if (!isObject(value)) return [];
  if (isFilled(value['messages'])) return value['messages'].filter(isMessage);
  const choices = value['choices'];
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (isObject(choice) && isMessage(choice['message'])) return [choice['message']];
  for (const list of [value['input'], value['output']]) if (isFilled(list)) return list.filter(isMessage);
  return messagesOf(value['request']);
}

function textOf({ content }: Message): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  for (const part of content as readonly unknown[]) {
    if (typeof part === 'string') return part;
    if (isObject(part) && (part['type'] === 'text' || part['type'] === 'output_text'))
      return typeof part['text'] === 'string' ? part['text'] : '';
  }
  return '';
}

function isMessage(value: unknown): value is Message {
  return isObject(value) && 'role' in value && 'content' in value;
}

function isFilled(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
