// Arguments of a log call that no placeholder of its message takes: pino drops them, console.error() prints them.
import { isError, isPlainObject } from '../../model/any-realm.ts';

/** What pino fills in; `%%` is a percent sign. */
const PLACEHOLDER = /%[%dfijoOs]/g;

/**
 * Puts what is left over where it is seen: an error becomes the line's, an object's fields are fields, lists and
 * other objects are in a field `args`, anything else goes behind the message.
 *
 * @returns the arguments as they are where nothing is left over
 * @example
 * placeLeftovers(['failed', error]); // [{ err: error }, 'failed']
 */
export function placeLeftovers(args: readonly unknown[]): readonly unknown[] {
  const at = typeof args[0] === 'string' ? 0 : 1;
  const message = args[at];
  if (typeof message !== 'string' || args.length <= at + 1) return args;
  const values = args.slice(at + 1);
  const takenCount = (message.match(PLACEHOLDER) ?? []).filter((one) => one !== '%%').length;
  if (values.length <= takenCount) return args;
  const taken = values.slice(0, takenCount);
  const { fields, words } = sort(values.slice(takenCount), at === 0 ? {} : toFields(args[0]));
  // Where nothing is filled in a percent sign means nothing either.
  const text = words.map((word) => (taken.length === 0 ? word : word.replaceAll('%', '%%')));
  return [fields, [message, ...text].join(' '), ...taken];
}

function sort(
  values: readonly unknown[],
  fields: Record<string, unknown>,
): { fields: object; words: readonly string[] } {
  const words: string[] = [];
  // As fields, and not as text: secrets are found by their names.
  const others: unknown[] = [];
  for (const value of values) {
    if (isError(value) && 'err' in fields) words.push(toErrorLine(value));
    else if (isError(value) || isPlain(value)) Object.assign(fields, toFields(value));
    else if (typeof value === 'object' && value !== null) others.push(value);
    else words.push(String(value));
  }
  if (others.length > 0) fields['args'] = others;
  return { fields, words };
}

function toErrorLine(error: Error): string {
  try {
    return String(error);
  } catch {
    return 'Error'; // a getter of it threw
  }
}

function toFields(value: unknown): Record<string, unknown> {
  if (isError(value)) return { err: value };
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && isPlainObject(value);
}
