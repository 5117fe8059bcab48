// Spots: a value with the way that led to it, so that a relative path knows where it stands; and what can be asked about one.
import type { RunspanError } from '../../errors.ts';
import { isContainer, ownValue } from './config-values.ts';
import type { Config, ConfigValue, Container, KeyPath } from './config-values.ts';
import type { Element } from './interpolation-grammar.ts';
import type { Secrets } from './secrets.ts';

/** A value where it stands; what a resolver made stands where it was asked for. */
export interface Spot {
  readonly value: ConfigValue | Config | Container;
  readonly parent?: Spot | undefined;
  readonly key?: string | number | undefined;
  /** Whether an interpolation made it: a `${` in it is a text then. */
  readonly isResult: boolean;
}

/** What a resolver may ask the configuration that it was called in. */
export interface Lookup {
  /** What the errors of this configuration may not show. */
  readonly secrets: Secrets;
  /** Finds what a path leads to: `a.b` from the root, `.a` from the container of the spot; undefined where nothing is, or `???`. */
  select(path: string, spot: Spot): Spot | undefined;
  /** Looks a variable up, and remembers it where its name says that it is a secret. */
  readVariable(name: string): string | undefined;
  /** Returns the value of an argument. */
  readElement(element: Element, spot: Spot): ConfigValue;
  /** Returns a plain copy of a value with every interpolation in it resolved. */
  toPlain(spot: Spot): ConfigValue;
  /** Runs a parser of the grammar; a fault becomes the error of the spot. */
  parse<T>(parser: () => T, spot: Spot): T;
  /** Returns the error of the value at a spot; secrets in its words are masked. */
  fail(spot: Spot, reason: string, mend: string): RunspanError;
}

/** The keys that lead to a spot. */
export function pathOf(spot: Spot): KeyPath {
  const path: (string | number)[] = [];
  for (let current: Spot | undefined = spot; current?.key !== undefined; current = current.parent)
    path.unshift(current.key);
  return path;
}

/** The spot under a key, undefined where there is none; a list counts from its end for a negative one. */
export function childOf(spot: Spot, key: string | number): Spot | undefined {
  const { value } = spot;
  if (!isContainer(value)) return undefined;
  const own = Array.isArray(value) ? indexIn(value, key) : key;
  const child = own === undefined ? undefined : ownValue(value, own);
  return child === undefined ? undefined : { value: child, parent: spot, key: own, isResult: spot.isResult };
}

/** The container that is so many containers above a spot: one is the one it lies in. */
export function ancestorOf(spot: Spot, count: number): Spot | undefined {
  let current: Spot | undefined = spot;
  for (let left = count; left > 0 && current !== undefined; left--) current = current.parent;
  return current;
}

/** A value that an interpolation made, at the place of that. */
export function resultAt({ parent, key }: Spot, value: ConfigValue): Spot {
  return { value, parent, key, isResult: true };
}

/** `\???` is the text `???`, which is not missing; another backslash before it is a text's own. */
export function decodeMissing(text: string): string {
  return /^\\+\?\?\?$/.test(text) ? text.slice(1) : text;
}

const INTEGER = /^[-+]?(?:0|[1-9](?:_?\d)*)$/;
const FLOAT =
  /^[-+]?(?:(?:0|[1-9](?:_?\d)*)\.|(?:0|[1-9](?:_?\d)*)?\.\d(?:_?\d)*|(?:(?:0|[1-9](?:_?\d)*)\.?|(?:0|[1-9](?:_?\d)*)?\.\d(?:_?\d)*)e[-+]?\d(?:_?\d)*|inf|nan)$/i;

/** A word among a resolver's arguments as a value: `1` a number, `TRUE` a boolean, `null` null, others texts. */
export function readWord(word: string): ConfigValue {
  if (/^null$/i.test(word)) return null;
  if (/^(?:true|false)$/i.test(word)) return word.toLowerCase() === 'true';
  const digits = word.replaceAll('_', '').toLowerCase();
  if (INTEGER.test(word) && word.length < 4300) {
    const exact = BigInt(digits.replace(/^\+/, ''));
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  if (!FLOAT.test(word)) return word;
  if (digits.endsWith('nan')) return Number.NaN;
  if (digits.endsWith('inf')) return digits.startsWith('-') ? -Infinity : Infinity;
  return Number(digits);
}

function indexIn(list: readonly ConfigValue[], key: string | number): number | undefined {
  if (!/^-?\d{1,9}$/.test(String(key))) return undefined;
  const index = Number(key);
  return index < 0 ? list.length + index : index;
}
