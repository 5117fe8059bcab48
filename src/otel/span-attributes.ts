// What may stand on a run's span: attributes that are usable, with secrets masked.
import type { Attributes } from '@opentelemetry/api';
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

/** Gives the attributes that may be set: no functions, no symbols, no nameless ones, none that say who the run is; secrets masked. */
export function redactAttributes(attributes: Attributes | undefined, redactor: SpanRedactor | undefined): Attributes {
  const accepted: Attributes = {};
  for (const [key, value] of Object.entries(attributes ?? {})) {
    const isUsable = value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
    if (key === '' || key === '__proto__' || !isUsable || FIXED_ATTRIBUTES.has(key)) continue;
    accepted[key] = redactor === undefined ? value : redactor.redactValue(key, value);
  }
  return accepted;
}

/** Gives the attributes of an exception event, as the SDK itself names them. */
export function toExceptionAttributes(error: DescribedError): Attributes {
  const attributes: Attributes = { [ATTR_EXCEPTION_TYPE]: error.type, [ATTR_EXCEPTION_MESSAGE]: error.message };
  if (error.stack !== undefined) attributes[ATTR_EXCEPTION_STACKTRACE] = error.stack;
  return attributes;
}
