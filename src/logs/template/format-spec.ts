// Python's format specs (`: <8`, `:>10`, `:+.2f`): read once, then applied to one value after the other.
import { toPythonText } from './python-text.ts';

/** What a field holds, as far as it is known before there is a line. */
export type ValueKind = 'text' | 'integer' | 'any';

/** Writes a value by a format spec. Never throws. */
export type ValueWriter = (value: unknown) => string;

interface Spec {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly isAlternate: boolean;
  readonly hasZeros: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly type: string;
}

/** Wider than any line that is read; a width of billions would be a line of gigabytes. */
const MAX_WIDTH = 1_000;
/** What toFixed takes. */
const MAX_PRECISION = 100;
const DEFAULT_PRECISION = 6;
/** From here on toFixed writes an exponent. */
const FIXED_LIMIT = 1e21;
const SMALLEST_FIXED_EXPONENT = -4;
const PERCENT = 100;

const SPEC = /^(?:(.)?([<>=^]))?([-+ ]?)(#?)(0?)(\d*)([,_]?)(?:\.(\d+))?([a-zA-Z%]?)$/su;
const INTEGER_TYPES = 'bdnoxX';
const FLOAT_TYPES = 'eEfFgG%';
const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

/**
 * Makes the writer of a format spec.
 *
 * @returns a text saying what is wrong with the spec, where it cannot be one of this kind of value
 * @see https://docs.python.org/3/library/string.html#format-specification-mini-language
 * @example
 * compileSpec(' <8', 'text')('INFO'); // 'INFO    '
 */
export function compileSpec(text: string, kind: ValueKind): ValueWriter | string {
  if (text === '') return toPythonText;
  const spec = readSpec(text);
  if (spec === undefined) return `'${text}' is no format spec`;
  const wrong = findFault(spec, kind);
  if (wrong !== undefined) return wrong;
  return (value) => {
    if (typeof value !== 'number' || spec.type === 's') return alignText(cutText(toPythonText(value), spec), spec);
    return alignNumber(value, spec);
  };
}

function readSpec(text: string): Spec | undefined {
  const found = SPEC.exec(text);
  if (found === null) return undefined;
  const [, fill, align = '', sign = '', alternate, zeros, width, grouping = '', precision, type = ''] = found;
  return {
    fill: fill ?? (zeros === '0' ? '0' : ' '),
    align,
    sign,
    isAlternate: alternate === '#',
    hasZeros: zeros === '0',
    width: Number(width),
    grouping,
    precision: precision === undefined ? undefined : Number(precision),
    type,
  };
}

function findFault(spec: Spec, kind: ValueKind): string | undefined {
  const { type, width, precision } = spec;
  const isNumeric = type !== '' && (INTEGER_TYPES + FLOAT_TYPES).includes(type);
  if (type !== '' && type !== 's' && !isNumeric) return `there is no format type '${type}'`;
  if (width > MAX_WIDTH) return `a width of more than ${MAX_WIDTH}`;
  if (kind === 'integer' && type === 's') return "a number has no format type 's'";
  if (kind === 'text' || type === 's') {
    if (isNumeric) return `a text has no format type '${type}'`;
    if (spec.sign !== '' || spec.isAlternate || spec.grouping !== '' || spec.align === '=')
      return 'sign, #, grouping and = are for numbers';
    return undefined;
  }
  if ((precision ?? 0) > MAX_PRECISION) return `a precision of more than ${MAX_PRECISION}`;
  const isInteger = INTEGER_TYPES.includes(type) && (type !== '' || kind === 'integer');
  return isInteger && precision !== undefined ? 'a whole number has no precision' : undefined;
}

function cutText(text: string, { precision }: Spec): string {
  if (precision === undefined || text.length <= precision) return text;
  return Array.from(text).slice(0, precision).join('');
}

function alignText(text: string, { fill, align, width }: Spec, byDefault = '<'): string {
  const missing = width - countCharacters(text);
  if (missing <= 0) return text;
  const by = align === '' ? byDefault : align;
  if (by === '<') return text + fill.repeat(missing);
  if (by !== '^') return fill.repeat(missing) + text;
  const before = Math.floor(missing / 2);
  return fill.repeat(before) + text + fill.repeat(missing - before);
}

function alignNumber(value: number, spec: Spec): string {
  const isNegative = value < 0 || Object.is(value, -0);
  const sign = isNegative ? '-' : spec.sign.replace('-', '');
  const digits = groupDigits(toDigits(Math.abs(value), spec), spec.grouping);
  const isPadded = spec.align === '=' || (spec.align === '' && spec.hasZeros);
  if (!isPadded) return alignText(sign + digits, spec, '>');
  return sign + alignText(digits, { ...spec, width: spec.width - sign.length, align: '>' });
}

function toDigits(value: number, { type, precision, isAlternate }: Spec): string {
  const base = BASES[type];
  if (base !== undefined && Number.isInteger(value)) {
    const digits = value.toString(base);
    return (isAlternate ? `0${type}` : '') + (type === 'X' ? digits.toUpperCase() : digits);
  }
  const places = precision ?? DEFAULT_PRECISION;
  if (type === '%') return `${toFixed(value * PERCENT, places)}%`;
  const text = toFloatDigits(value, {
    type: type.toLowerCase(),
    places,
    isAlternate,
    hasPrecision: precision !== undefined,
  });
  return type === 'E' || type === 'G' ? text.toUpperCase() : text;
}

function toFloatDigits(
  value: number,
  how: {
    readonly type: string;
    readonly places: number;
    readonly isAlternate: boolean;
    readonly hasPrecision: boolean;
  },
): string {
  if (how.type === 'f') return toFixed(value, how.places);
  if (how.type === 'e') return toExponent(value, how.places);
  const isGeneral = how.type === 'g' || (how.type === '' && how.hasPrecision);
  return isGeneral ? toGeneral(value, Math.max(how.places, 1), how.isAlternate) : String(value);
}

function toFixed(value: number, places: number): string {
  if (value < FIXED_LIMIT) return value.toFixed(places);
  if (!Number.isFinite(value)) return 'inf';
  return BigInt(value).toString() + (places === 0 ? '' : `.${'0'.repeat(places)}`);
}

/** Python's exponents have two digits. */
function toExponent(value: number, places: number): string {
  const [mantissa = '', exponent = '+0'] = value.toExponential(places).split('e');
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}

function toGeneral(value: number, places: number, keepsZeros: boolean): string {
  const exponent = Number(value.toExponential(places - 1).split('e')[1]);
  if (exponent >= SMALLEST_FIXED_EXPONENT && exponent < places) {
    const text = toFixed(value, Math.min(places - 1 - exponent, MAX_PRECISION));
    return keepsZeros ? text : stripZeros(text);
  }
  const [mantissa = '', power = ''] = toExponent(value, places - 1).split('e');
  return `${keepsZeros ? mantissa : stripZeros(mantissa)}e${power}`;
}

function stripZeros(text: string): string {
  if (!text.includes('.')) return text;
  let end = text.length;
  while (text[end - 1] === '0') end--;
  return text.slice(0, text[end - 1] === '.' ? end - 1 : end);
}

function groupDigits(text: string, separator: string): string {
  if (separator === '') return text;
  let end = 0;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++;
  let grouped = text.slice(end);
  for (let at = end; at > 0; at -= 3)
    grouped = text.slice(Math.max(0, at - 3), at) + (at === end ? '' : separator) + grouped;
  return grouped;
}

/** As Python counts them: a character outside the basic plane is one. */
function countCharacters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >> 10 === 0x36) count--;
  return count;
}
