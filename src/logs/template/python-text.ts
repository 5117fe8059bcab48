// Values as Python writes them, for templates that come from it: str(), repr() and ascii().

const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const DELETE = 0x7f;
const FIRST_LATIN = 0xa0;
const LAST_BYTE = 0xff;
const LAST_OF_PLANE = 0xff_ff;
const NAMED: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };
/** JSON that is nested deeper is cut: the line has to be written. */
const MAX_DEPTH = 20;

/** Writes a value of JSON as Python's `str()`: a text as it is, anything else as its `repr()`; nothing at all as ''. */
export function toPythonText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : toPythonRepr(value);
}

/**
 * Writes a value of JSON as Python's `repr()`; `isAscii`: as its `ascii()`.
 *
 * @example
 * toPythonRepr({ user: 'ann', ok: true }); // {'user': 'ann', 'ok': True}
 */
export function toPythonRepr(value: unknown, isAscii = false, depth = 0): string {
  if (typeof value === 'string') return quote(value, isAscii);
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return String(value as number);
  if (depth >= MAX_DEPTH) return '...';
  const write = (item: unknown): string => toPythonRepr(item, isAscii, depth + 1);
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${quote(key, isAscii)}: ${write(item)}`)
    .join(', ')}}`;
}

function quote(text: string, isAscii: boolean): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = mark;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code === BACKSLASH || character === mark) out += `\\${character}`;
    else out += isPlain(code, isAscii) ? character : (NAMED[character] ?? escapeCode(code));
  }
  return out + mark;
}

function isPlain(code: number, isAscii: boolean): boolean {
  if (code < FIRST_PRINTABLE || code === DELETE) return false;
  return code < DELETE || (!isAscii && code >= FIRST_LATIN);
}

function escapeCode(code: number): string {
  const hex = code.toString(16);
  if (code <= LAST_BYTE) return `\\x${hex.padStart(2, '0')}`;
  return code <= LAST_OF_PLANE ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
