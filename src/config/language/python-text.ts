// Values as Python prints them: what stands in a text for `${a}` where a is no text.
import { entriesOf } from './config-values.ts';
import type { ConfigValue } from './config-values.ts';

/**
 * Returns a value as Python's `str` prints it: `True`, `None`, `[1, 'x']`; a text as it is.
 *
 * @example
 * printValue(['x', true, null]); // "['x', True, None]"
 */
export function printValue(value: ConfigValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return printNumber(value);
  return typeof value === 'bigint' ? value.toString() : printContainer(value);
}

function printContainer(value: object): string {
  const items = entriesOf(value as ConfigValue[]).map(([key, item]) =>
    typeof key === 'number' ? printQuoted(item) : `${printQuoted(key)}: ${printQuoted(item)}`,
  );
  return Array.isArray(value) ? `[${items.join(', ')}]` : `{${items.join(', ')}}`;
}

function printQuoted(value: ConfigValue): string {
  if (typeof value !== 'string') return printValue(value);
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`);
  return quote + escaped + quote;
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}
