// One value of one setting, from code, a file or a variable's text, checked by the field's kind.
import { RunspanError } from '../../errors.ts';
import { createRedactor } from '../../model/redact.ts';
import type { Field, Provenance } from './fields.ts';
import { isRegExp } from '../../model/any-realm.ts';

/** What is read: which field, of which section, from where. */
export interface ValueSubject {
  readonly key: string;
  readonly field: Field<unknown>;
  readonly section: string;
  readonly provenance: Provenance;
  /** Whether this value is secret although the field is not: a secret variable's, brought in by a settings file. */
  readonly isSecret?: boolean;
}

const YES: ReadonlySet<string> = new Set(['yes', 'true', '1', 'on']);
const NO: ReadonlySet<string> = new Set(['no', 'false', '0', 'off']);
const MAX_SHOWN_LENGTH = 60;
const redactor = createRedactor();

/** Returns the error of one setting; `name` is its dotted name. */
export function invalidSetting(name: string, message: string): RunspanError {
  return new RunspanError('INVALID_SETTINGS', message, { details: { field: name } });
}

/**
 * Returns a variable's text as a value of the field's kind.
 *
 * @throws {RunspanError} `INVALID_SETTINGS`
 */
export function readVariable(text: string, subject: ValueSubject): unknown {
  const { field } = subject;
  const word = text.trim();
  switch (field.kind) {
    case 'boolean':
      if (YES.has(word.toLowerCase())) return true;
      if (NO.has(word.toLowerCase())) return false;
      throw refuse(text, 'one of yes, true, 1, on, no, false, 0, off', subject);
    case 'integer':
    case 'number': {
      const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word);
      const number = isNumber ? Number(word) * (field.envFactor ?? 1) : Number.NaN;
      // Seconds such as 1.1 are not exact in binary: 1.1 * 1000 is a whole number of milliseconds only when rounded.
      return readNumber(field.envFactor === undefined ? number : Math.round(number), text, subject);
    }
    case 'list':
      return Object.freeze(
        text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      );
    default:
      return readValue(text, subject);
  }
}

/**
 * Returns a value of code or a file, where it is of the field's kind; nothing is converted but the spelling of a choice.
 *
 * @throws {RunspanError} `INVALID_SETTINGS`
 */
export function readValue(value: unknown, subject: ValueSubject): unknown {
  const { field } = subject;
  switch (field.kind) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw refuse(value, 'a boolean: true or false', subject);
    case 'integer':
    case 'number':
      return readNumber(value, value, subject);
    case 'choice':
      return readChoice(value, subject);
    case 'list':
      return readList(value, subject);
    case 'opaque':
      return value;
    default:
      if (field.allowsFunction === true && typeof value === 'function' && subject.provenance.source === 'code')
        return value;
      if (typeof value !== 'string') throw refuse(value, 'a text', subject);
      if (value.trim() === '') throw refuse(value, 'a text with something in it', subject);
      return value;
  }
}

function readNumber(value: unknown, shown: unknown, subject: ValueSubject): number {
  const { kind, min = -Number.MAX_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = subject.field;
  const isKind = kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isKind && typeof value === 'number' && value >= min && value <= max) return value;
  const noun = kind === 'integer' ? 'a whole number' : 'a number';
  const range =
    subject.field.min === undefined ? '' : ` from ${min}${subject.field.max === undefined ? '' : ` to ${max}`}`;
  throw refuse(shown, noun + range, subject);
}

function readChoice(value: unknown, subject: ValueSubject): unknown {
  const choices = subject.field.choices ?? {};
  const key = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (Object.hasOwn(choices, key)) return choices[key];
  const values = [...new Set(Object.values(choices).map(String))];
  throw refuse(value, `one of ${values.join(', ')}`, subject);
}

function readList(value: unknown, subject: ValueSubject): readonly unknown[] {
  const allowsPatterns = subject.field.allowsPatterns === true && subject.provenance.source === 'code';
  const isItem = (item: unknown): boolean =>
    (typeof item === 'string' && item.trim() !== '') || (allowsPatterns && isRegExp(item));
  if (Array.isArray(value) && value.every(isItem)) return Object.freeze([...(value as unknown[])]);
  throw refuse(value, `a list of texts${allowsPatterns ? ' and patterns' : ''}`, subject);
}

/** Returns the error for a value that is not what it should be; it shows the value unless that is sensitive. */
export function refuse(
  value: unknown,
  expected: string,
  { key, field, section, provenance, isSecret }: ValueSubject,
): RunspanError {
  const name = `${section}.${key}`;
  const shown = field.isSensitive === true || isSecret === true ? 'the value' : show(value);
  const unit = field.envFactor === 1000 && provenance.source.endsWith('env') ? ' of seconds' : '';
  return invalidSetting(
    name,
    `Invalid setting '${name}'${place(provenance)}: ${shown} is not ${expected}${unit}. ${mendOf(provenance)}`,
  );
}

function place({ source, name }: Provenance): string {
  if (source === 'env') return ` (from ${name})`;
  if (source === '.env') return ` (from ${name} in .env)`;
  return source === 'file' ? ` (in ${name})` : '';
}

function mendOf({ source, name }: Provenance): string {
  if (source === 'env' || source === '.env') return `Set ${name} to that, or unset it.`;
  return 'Give that, or leave it out.';
}

function show(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value === null) return 'null';
  if (typeof value !== 'string') return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
  // What a URL's query is called says nothing about what is in it.
  const text = redactor.redactText(value.replace(/^(https?:[^?#]*)[?#].*$/is, '$1?…'));
  return `'${text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text}'`;
}
