// What may stand on a run's span: attributes that are usable, with secrets masked.
import type { Attributes } from '@opentelemetry/api';
import { readEntries } from '../model/mend-text.ts';
import type { Redactor } from '../model/redact.ts';
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_RUN_KEY,
  ATTR_RUNSPAN_KIND,
} from './attribute-names.ts';
import type { DescribedError } from './error-type.ts';

/** Masks secrets before anything of a span leaves the process; `createRedactor()` makes one. */
export type SpanRedactor = Pick<Redactor, 'redactValue' | 'redactText'>;

/** Says who the run is: not for users to change. */
const FIXED_ATTRIBUTES: ReadonlySet<string> = new Set([ATTR_RUNSPAN_KIND, ATTR_RUN_KEY]);

/** Reads what was given as attributes: an object, one of a class, or a Map; anything else is refused. */
export function readAttributes(
  attributes: unknown,
  onRefused?: (message: string) => void,
): readonly (readonly [unknown, unknown])[] {
  const entries = attributes === undefined || attributes === null ? undefined : readEntries(attributes);
  if (entries === undefined) onRefused?.(`Attributes are an object with keys and values, not a ${typeof attributes}.`);
  return entries ?? [];
}

/** Gives the attributes that may be set: no functions, no symbols, no nameless ones, none that say who the run is; secrets masked. */
export function redactAttributes(
  entries: Iterable<readonly [unknown, unknown]>,
  redactor: SpanRedactor | undefined,
  onRefused?: (message: string) => void,
): Attributes {
  const accepted: Attributes = {};
  for (const [key, value] of entries) {
    if (value === undefined && typeof key === 'string') continue;
    const reason = reasonAgainst(key, value);
    if (reason !== undefined || typeof key !== 'string') {
      onRefused?.(`An attribute of a run's span was not taken: ${reason}.`);
      continue;
    }
    // What is no attribute by its type is one by its text in the end; the SDK drops it by itself.
    accepted[key] = (redactor === undefined ? value : redactor.redactValue(key, value)) as Attributes[string];
  }
  return accepted;
}

function reasonAgainst(key: unknown, value: unknown): string | undefined {
  if (typeof key !== 'string') return `its name is a ${typeof key}`;
  if (key === '' || key === '__proto__') return `'${key}' is no name`;
  if (FIXED_ATTRIBUTES.has(key)) return `${key} says who the run is`;
  return typeof value === 'function' || typeof value === 'symbol' ? `its value is a ${typeof value}` : undefined;
}

/** Gives the attributes of an exception event, as the SDK itself names them. */
export function toExceptionAttributes(error: DescribedError): Attributes {
  const attributes: Attributes = { [ATTR_EXCEPTION_TYPE]: error.type, [ATTR_EXCEPTION_MESSAGE]: error.message };
  if (error.stack !== undefined) attributes[ATTR_EXCEPTION_STACKTRACE] = error.stack;
  return attributes;
}
