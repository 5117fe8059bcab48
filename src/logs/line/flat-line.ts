// The quick way for most lines: pino's JSON read once, without parsing, where it is flat and holds nothing to mask.

/** A line of pino's that needs no parsing, its fields as text already. */
export interface FlatLine {
  readonly level: number;
  readonly time: number;
  readonly message: string | undefined;
  /** ` key=value key="a value"`, or empty. */
  readonly fields: string;
  /** An error's stack, on lines of its own; a flat line has none. */
  readonly trace?: string;
}

/**
 * What makes a line worth parsing: an escape, an object, a list, and what a secret may stand in (`name=value`, `user:password@`,
 * `name: value` at the beginning of a text, a header).
 */
const UNSURE = /[\\=@{[]|bearer |basic |authorization|cookie|x-api-key|"[ \t]*(?:- )?[\w.-]+:[ \t]/i;
/** The same for one text, and what JSON would escape in it. */
const UNSURE_TEXT =
  // oxlint-disable-next-line no-control-regex -- these are what JSON escapes
  /[\u0000-\u001F"\\=@{[]|bearer |basic |authorization|cookie|x-api-key|^[ \t]*(?:- )?[\w.-]+:(?:[ \t]|$)/i;
const SPACE = /\s/;
const QUOTE = '"'.charCodeAt(0);
const CLOSING_BRACE = '}'.charCodeAt(0);

/**
 * Reads a line of pino's that is flat: texts without escapes, numbers, booleans and nulls, no key twice, no secret name.
 *
 * @returns undefined for any other line: it has to be parsed. Never throws.
 * @example
 * readFlatLine('{"level":30,"time":0,"rows":442,"msg":"loaded"}\n', () => false); // fields ' rows=442'
 */
export function readFlatLine(line: string, isSensitive: (name: string) => boolean): FlatLine | undefined {
  if (line.charCodeAt(line.length - 2) !== CLOSING_BRACE || UNSURE.test(line.slice(1))) return undefined;
  let level = NaN;
  let time = NaN;
  let message: string | undefined;
  let fields = '';
  const last = line.length - 2;
  for (let at = 1; at < last; at++) {
    const keyEnd = line.indexOf('"', at + 1);
    const key = line.slice(at + 1, keyEnd);
    const start = keyEnd + 2;
    const isText = line.charCodeAt(start) === QUOTE;
    const end = isText ? line.indexOf('"', start + 1) + 1 : endOfWord(line, start, last);
    // A line that is not pino's own JSON.
    if (keyEnd < 0 || end <= start) return undefined;
    const value = line.slice(start, end);
    // A second one is a field of the job's.
    if ((key === 'level' && !Number.isNaN(level)) || (key === 'time' && !Number.isNaN(time))) return undefined;
    if (key === 'level') level = Number(value);
    else if (key === 'time') time = Number(value);
    else if (key === 'msg') message = isText ? value.slice(1, -1) : value;
    else {
      const name = ` ${key}=`;
      if (isSensitive(key) || fields.includes(name)) return undefined;
      fields += name + (isText ? toReadable(value) : value);
    }
    at = end;
  }
  return Number.isNaN(level) || Number.isNaN(time) ? undefined : { level, time, message, fields };
}

function endOfWord(line: string, start: number, last: number): number {
  const comma = line.indexOf(',', start);
  return comma < 0 ? last : comma;
}

/** Says whether a text needs pino's JSON and a closer look: an escape in it, or what a secret may stand in. */
export function isUnsureText(text: string): boolean {
  return UNSURE_TEXT.test(text);
}

/** Writes a text that is not unsure: bare where it is one word, else in quotes. */
export function toReadableText(text: string): string {
  return text === '' || SPACE.test(text) ? `"${text}"` : text;
}

/** Takes the quotes off a text that is one word. */
function toReadable(quoted: string): string {
  return quoted.length === 2 || SPACE.test(quoted) ? quoted : quoted.slice(1, -1);
}
