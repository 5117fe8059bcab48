// The time tokens of templates (`YYYY-MM-DD HH:mm:ss.SSS`), and Python's strftime: read once, then one moment after the other.

/** Writes a moment, in milliseconds since the epoch. */
export type TimeWriter = (ms: number) => string;

/** Minutes that a zone is ahead of UTC at a moment. */
export type ZoneOffset = (ms: number) => number;

const MS_PER_S = 1_000;
const MS_PER_MINUTE = 60_000;
const US_PER_S = 1_000_000;
const MS_PER_DAY = 86_400_000;
const MINUTES_PER_HOUR = 60;
const MAX_FRACTION = 6;
const UTC_SUFFIX = '!UTC';
/** What Python's `{time}` without a spec gives. */
const DEFAULT_FORMAT = '%Y-%m-%dT%H:%M:%S.%f%z';

/** One moment, its date shifted so that the UTC getters give the zone's own parts. */
interface Moment {
  readonly ms: number;
  readonly date: Date;
  readonly offset: number;
}

type Part = (moment: Moment) => string;

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');
const SHORT = 3;

const two = (part: number): string => (part < 10 ? `0${part}` : String(part));
const twelve = ({ date }: Moment): number => ((date.getUTCHours() + 11) % 12) + 1;
/** Monday is 0, as in Python. */
const weekday = ({ date }: Moment): number => (date.getUTCDay() + 6) % 7;
const yearDay = ({ date }: Moment): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / MS_PER_DAY) + 1;
const monthName = ({ date }: Moment): string => MONTHS[date.getUTCMonth()] ?? '';
const dayName = (moment: Moment): string => DAYS[weekday(moment)] ?? '';

const TOKENS: Readonly<Record<string, Part>> = {
  YYYY: ({ date }) => String(date.getUTCFullYear()).padStart(4, '0'),
  YY: ({ date }) => two(date.getUTCFullYear() % 100),
  Q: ({ date }) => String(Math.floor(date.getUTCMonth() / 3) + 1),
  MMMM: monthName,
  MMM: (moment) => monthName(moment).slice(0, SHORT),
  MM: ({ date }) => two(date.getUTCMonth() + 1),
  M: ({ date }) => String(date.getUTCMonth() + 1),
  DDDD: (moment) => String(yearDay(moment)).padStart(3, '0'),
  DDD: (moment) => String(yearDay(moment)),
  DD: ({ date }) => two(date.getUTCDate()),
  D: ({ date }) => String(date.getUTCDate()),
  dddd: dayName,
  ddd: (moment) => dayName(moment).slice(0, SHORT),
  d: (moment) => String(weekday(moment)),
  E: (moment) => String(weekday(moment) + 1),
  HH: ({ date }) => two(date.getUTCHours()),
  H: ({ date }) => String(date.getUTCHours()),
  hh: (moment) => two(twelve(moment)),
  h: (moment) => String(twelve(moment)),
  mm: ({ date }) => two(date.getUTCMinutes()),
  m: ({ date }) => String(date.getUTCMinutes()),
  ss: ({ date }) => two(date.getUTCSeconds()),
  s: ({ date }) => String(date.getUTCSeconds()),
  A: ({ date }) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  Z: ({ offset }) => toOffset(offset, ':'),
  ZZ: ({ offset }) => toOffset(offset, ''),
  zz: ({ ms, offset }) => toZoneName(ms, offset),
  X: ({ ms }) => String(Math.floor(ms / MS_PER_S)),
};

/** What strftime writes of what there is a token for. */
const STRFTIME: Readonly<Record<string, string>> = {
  Y: 'YYYY', y: 'YY', B: 'MMMM', b: 'MMM', m: 'MM', d: 'DD', j: 'DDDD', A: 'dddd', a: 'ddd', u: 'E',
  H: 'HH', I: 'hh', M: 'mm', S: 'ss', f: 'SSSSSS', p: 'A', z: 'ZZ', Z: 'zz', s: 'X',
}; // prettier-ignore

const TOKEN =
  /\[(?:H{1,2}|h{1,2}|m{1,2}|s{1,2}|S+|YYYY|YY|M{1,4}|D{1,4}|Z{1,2}|zz|A|X|x|E|Q|dddd|ddd|d|!UTC|)\]|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S+|YYYY|YY|M{1,4}|D{1,4}|Z{1,2}|zz|A|X|x|E|Q|dddd|ddd|d/g;

/** Tells how far this machine's zone is ahead of UTC. */
const localOffset: ZoneOffset = (ms) => -new Date(ms).getTimezoneOffset();

/** Runs of parts that stay for a second, and between them those that do not. */
type Piece =
  | { readonly kind: 'steady'; readonly parts: (Part | string)[] }
  | { readonly kind: 'quick'; readonly part: TimeWriter };

/**
 * Makes the writer of a time format: loguru's tokens, `[…]` around one keeps it as it stands, `!UTC` at the end; with a `%`,
 * strftime's.
 *
 * @returns a text saying what is wrong with it, where it is none
 * @example
 * compileTime('HH:mm:ss!UTC')(0); // '00:00:00'
 */
export function compileTime(format: string, offsetAt: ZoneOffset = localOffset): TimeWriter | string {
  const isUtc = format.endsWith(UTC_SUFFIX);
  const text = (isUtc ? format.slice(0, -UTC_SUFFIX.length) : format) || DEFAULT_FORMAT;
  const words = text.includes('%') ? readStrftime(text) : readTokens(text);
  if (typeof words === 'string') return words;
  return cacheSecond(toPieces(words), isUtc ? () => 0 : offsetAt);
}

interface Word {
  readonly text: string;
  readonly isToken: boolean;
}

function readTokens(text: string): Word[] | string {
  const words: Word[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(TOKEN)) {
    if (found.startsWith('S') && found.length > MAX_FRACTION) return `'${found}' is more than six digits of a second`;
    words.push({ text: text.slice(end, index), isToken: false });
    words.push(found.startsWith('[') ? { text: found.slice(1, -1), isToken: false } : { text: found, isToken: true });
    end = index + found.length;
  }
  words.push({ text: text.slice(end), isToken: false });
  return words;
}

function readStrftime(text: string): Word[] | string {
  const words: Word[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '%') {
      literal += text[at] ?? '';
      continue;
    }
    const code = text[++at] ?? '';
    const token = Object.hasOwn(STRFTIME, code) ? STRFTIME[code] : undefined;
    if (code === '%') literal += '%';
    else if (token === undefined) return `'%${code}' is no code of strftime that is known here`;
    else {
      words.push({ text: literal, isToken: false }, { text: token, isToken: true });
      literal = '';
    }
  }
  return [...words, { text: literal, isToken: false }];
}

function toPieces(words: readonly Word[]): Piece[] {
  const pieces: Piece[] = [];
  for (const { text, isToken } of words) {
    const quick = isToken ? toQuick(text) : undefined;
    if (quick !== undefined) {
      pieces.push({ kind: 'quick', part: quick });
      continue;
    }
    const last = pieces.at(-1);
    const part = isToken ? (TOKENS[text] ?? text) : text;
    if (last?.kind === 'steady') last.parts.push(part);
    else pieces.push({ kind: 'steady', parts: [part] });
  }
  return pieces;
}

/** What changes within a second: its fraction, and microseconds since the epoch. */
function toQuick(token: string): TimeWriter | undefined {
  if (token === 'x') return (ms) => String(Math.round(ms * MS_PER_S));
  if (!token.startsWith('S')) return undefined;
  const { length } = token;
  return (ms) => {
    const fraction = Math.round(ms * MS_PER_S) % US_PER_S;
    return String(fraction < 0 ? fraction + US_PER_S : fraction)
      .padStart(MAX_FRACTION, '0')
      .slice(0, length);
  };
}

/** Lines come many a second: what a second leaves as it is, is written once. */
function cacheSecond(pieces: readonly Piece[], offsetAt: ZoneOffset): TimeWriter {
  let second = Number.NaN;
  let texts: readonly (string | TimeWriter)[] = [];
  return (ms) => {
    const now = Math.floor(ms / MS_PER_S);
    if (now !== second) {
      second = now;
      const offset = offsetAt(ms);
      const moment = { ms, date: new Date(ms + offset * MS_PER_MINUTE), offset };
      texts = pieces.map((piece) => (piece.kind === 'quick' ? piece.part : writeParts(piece.parts, moment)));
    }
    let text = '';
    for (const piece of texts) text += typeof piece === 'string' ? piece : piece(ms);
    return text;
  };
}

function writeParts(parts: readonly (Part | string)[], moment: Moment): string {
  return parts.map((part) => (typeof part === 'string' ? part : part(moment))).join('');
}

function toOffset(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  const hours = two(Math.floor(size / MINUTES_PER_HOUR));
  return `${minutes < 0 ? '-' : '+'}${hours}${separator}${two(size % MINUTES_PER_HOUR)}`;
}

function toZoneName(ms: number, offset: number): string {
  if (offset === 0) return 'UTC';
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(ms);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}
