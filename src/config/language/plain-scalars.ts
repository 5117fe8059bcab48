// What an unquoted word of YAML means to PyYAML with OmegaConf's changes: YAML 1.1, with 1e3 as a number and without dates.

const NULL = /^(?:~|null|Null|NULL|)$/;
const BOOLEAN = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:yes|true|on)$/i;
const INTEGER =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOATS: readonly RegExp[] = [
  /^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?$/,
  /^[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+$/,
  /^\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$/,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/,
  /^[-+]?\.(?:inf|Inf|INF)$/,
  /^\.(?:nan|NaN|NAN)$/,
];

/** Python's own limit; a longer one stays a text. */
const MAX_DIGITS = 4300;

/** What a scalar may be read as; undefined where a text is not of the asked kind. */
export type Scalar = string | number | bigint | boolean | null;

/**
 * Returns an unquoted word's value: `yes` and `off` are booleans, `010` is 8, `0x1F` is 31, `1_000` and `1e3` are 1000,
 * `12:30:45` is 45045, `.inf` a number, `~` null; dates, `nan`, `y` and `0o17` stay texts.
 *
 * @example
 * readPlain('12:30:45'); // 45045
 */
export function readPlain(text: string): Scalar {
  if (NULL.test(text)) return null;
  if (BOOLEAN.test(text)) return TRUE.test(text);
  // The least that a number can be told by, so that long texts are not tried in vain.
  if (!/^[-+.0-9]/.test(text)) return text;
  if (FLOATS.some((pattern) => pattern.test(text))) return readFloat(text);
  return (INTEGER.test(text) ? readInteger(text) : undefined) ?? text;
}

/** Returns a text as what its tag says: `!!int`, `!!float`, `!!bool`, `!!null`, `!!str`; undefined where it is not that. */
export function readTagged(text: string, tag: string): Scalar | undefined {
  const value = tag === 'str' ? text : readPlain(text);
  switch (tag) {
    case 'str':
      return text;
    case 'null':
      return null;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'int':
      return typeof value === 'bigint' || Number.isInteger(value) ? value : undefined;
    case 'float':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
    default:
      return undefined;
  }
}

function readInteger(text: string): number | bigint | undefined {
  const { sign, digits } = splitSign(text.replaceAll('_', ''));
  if (digits.includes(':')) return sign * readSixties(digits);
  const isOctal = /^0[0-7]+$/.test(digits);
  const literal = isOctal ? `0o${digits.slice(1)}` : digits;
  if (literal === '0x' || literal === '0b' || literal.length > MAX_DIGITS) return undefined;
  const value = BigInt(literal);
  const exact = sign < 0 ? -value : value;
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

function readFloat(text: string): number {
  const { sign, digits } = splitSign(text.replaceAll('_', '').toLowerCase());
  if (digits === '.inf') return sign * Infinity;
  if (digits === '.nan') return Number.NaN;
  return sign * (digits.includes(':') ? readSixties(digits) : Number(digits));
}

function splitSign(text: string): { readonly sign: 1 | -1; readonly digits: string } {
  return { sign: text.startsWith('-') ? -1 : 1, digits: text.replace(/^[-+]/, '') };
}

function readSixties(digits: string): number {
  return digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
