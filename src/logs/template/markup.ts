// The colour tags of templates (`<green>`, `<fg #ff8800>`, `<level>`) as ANSI codes, as loguru knows them.
import type { LogLevel } from '../entry/levels.ts';

/** Ends every colour and style. */
export const RESET = '\u001B[0m';

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
/** Short names: blue is e, black is k. */
const COLOR_LETTERS = 'krgyemcw';
const STYLES: readonly (readonly [name: string, letter: string, code: number])[] = [
  ['bold', 'b', 1],
  ['dim', 'd', 2],
  ['italic', 'i', 3],
  ['underline', 'u', 4],
  ['blink', 'l', 5],
  ['reverse', 'v', 7],
  ['hide', 'h', 8],
  ['strike', 's', 9],
  ['normal', 'n', 22],
];
const FOREGROUND = 30;
const LIGHT_FOREGROUND = 90;
/** A background's code is this much above its foreground's; so its names are upper case. */
const TO_BACKGROUND = 10;
const MAX_BYTE = 255;

const CODES = makeCodes();

/** The tags that loguru's levels are written in. */
const LEVEL_TAGS: Readonly<Record<string, readonly string[]>> = {
  TRACE: ['cyan', 'bold'],
  DEBUG: ['blue', 'bold'],
  INFO: ['bold'],
  SUCCESS: ['green', 'bold'],
  WARNING: ['yellow', 'bold'],
  ERROR: ['red', 'bold'],
  CRITICAL: ['RED', 'bold'],
};
const LEVEL_CODES: ReadonlyMap<string, string> = new Map(
  Object.entries(LEVEL_TAGS).map(([name, tags]) => [name, tags.map((tag) => CODES.get(tag) ?? '').join('')]),
);

/** Gives the ANSI codes of a level's own colour. */
export function codeOfLevel({ name }: LogLevel): string {
  return LEVEL_CODES.get(name) ?? '';
}

/**
 * Gives the ANSI code of a tag; undefined for one that there is not.
 *
 * @example
 * codeOfTag('fg #ff8800'); // '\u001B[38;2;255;136;0m'
 */
export function codeOfTag(tag: string): string | undefined {
  return CODES.get(tag) ?? (/^[fb]g\s/.test(tag) ? codeOfColor(tag.slice(0, 2), tag.slice(3)) : undefined);
}

function makeCodes(): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  for (const [name, letter, code] of STYLES) codes.set(name, escape(code)).set(letter, escape(code));
  for (const [index, name] of COLORS.entries()) {
    const letter = COLOR_LETTERS[index] ?? '';
    const names: readonly (readonly [string, number])[] = [
      [name, FOREGROUND + index],
      [letter, FOREGROUND + index],
      [`light-${name}`, LIGHT_FOREGROUND + index],
      [`l${letter}`, LIGHT_FOREGROUND + index],
    ];
    for (const [word, code] of names) {
      codes.set(word, escape(code)).set(word.toUpperCase(), escape(code + TO_BACKGROUND));
    }
  }
  return codes;
}

function codeOfColor(ground: string, color: string): string | undefined {
  const name = ground === 'fg' ? color.toLowerCase() : color.toUpperCase();
  const isName = COLORS.some((one) => name.toLowerCase().endsWith(one)) || /^l?[krgyemcw]$/i.test(name);
  if (isName && CODES.has(name)) return CODES.get(name);
  const code = ground === 'fg' ? '38' : '48';
  if (isByte(color)) return escape(`${code};5;${color}`);
  const hex = /^#([\da-f]{3}|[\da-f]{6})$/i.exec(color)?.[1];
  const rgb = hex === undefined ? color.split(',') : readHex(hex);
  return rgb.length === 3 && rgb.every(isByte) ? escape(`${code};2;${rgb.join(';')}`) : undefined;
}

function readHex(hex: string): string[] {
  const whole = hex.length === 3 ? hex + hex : hex;
  return [0, 2, 4].map((at) => String(Number.parseInt(whole.slice(at, at + 2), 16)));
}

function isByte(text: string): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= MAX_BYTE;
}

function escape(code: number | string): string {
  return `\u001B[${code}m`;
}
