// Keys and values of a run as MLflow takes them: mended, secrets masked, with what keeps the originals of both.
import { createHash } from 'node:crypto';
import type { KeyValue, Tag } from '../../model/entities.ts';
import { takeCodePoints } from '../../model/limits.ts';
import { originalKeyTag } from '../../model/mend.ts';
import type { MendedText } from '../../model/mend.ts';
import { flattenParams, isPartial, mendText, readEntries } from '../../model/mend-text.ts';
import type { Redactor } from '../../model/redact.ts';
import type { IntakeGate } from './intake-gate.ts';
import { KeyBook } from './key-book.ts';

/** What {@link RunTexts} stands on. */
export interface RunTextsOptions {
  readonly gate: IntakeGate;
  readonly redactor: Redactor;
}

/** Keys and values that are ready to be sent. */
export interface PreparedTexts {
  readonly sent: readonly KeyValue[];
  /** The originals of keys that were mended here first. */
  readonly keyTags: readonly Tag[];
  /** The whole of values that were cut, as artifacts. */
  readonly wholes: readonly { readonly path: string; readonly text: string }[];
}

/** What a file system takes as one name is 255 bytes at most; the ending and a mark take of that. */
const MAX_NAME_BYTES = 200;
/** A code point has 4 bytes at most. */
const MAX_CUT_NAME_LENGTH = 45;
const HASH_LENGTH = 8;
/** How many keys of cut values are remembered as those of a param or a tag. */
const MAX_WHOLE_COUNT = 1000;
/** How much of what a user gave stands in a message. */
const MAX_SAID_LENGTH = 80;

/** One run's keys and values on their way. */
export class RunTexts {
  readonly #options: RunTextsOptions;
  readonly #keys = new KeyBook();
  /** Whose whole value lies under a key; a param and a tag of one key lie apart. */
  readonly #wholes = new Map<string, 'param' | 'tag'>();

  constructor(options: RunTextsOptions) {
    this.#options = options;
  }

  /** What a key was sent as before, for the hot path. */
  findKey(given: string): string | undefined {
    return this.#keys.find(given);
  }

  /** Reads the entries of what was given as an object of keys; anything else is refused. */
  readGiven(what: string, given: unknown): readonly (readonly [unknown, unknown])[] {
    const entries = readEntries(given);
    if (entries !== undefined) return entries;
    const type = given === null ? 'null' : `such a ${typeof given}`;
    this.#options.gate.refuse('invalid', `${what} needs an object with keys and values, not ${type}.`);
    return [];
  }

  /** A key as a text; undefined, and refused, where it is none. */
  readKey(what: string, key: unknown): string | undefined {
    if (typeof key === 'string') return key;
    const { gate } = this.#options;
    if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') {
      gate.mend('key', `Key ${String(key)} of a ${what} is a ${typeof key}: it was sent as its text.`);
      return String(key);
    }
    gate.refuse(
      'invalid',
      `A ${what} was not logged: its key is ${key === null ? 'null' : `a ${typeof key}`}, not a text.`,
    );
    return undefined;
  }

  /** The key that is sent for a given one, and the tag of its original where it was mended and is new. */
  mendKey(given: string): { readonly key: string; readonly tag?: Tag } {
    const known = this.#keys.find(given);
    if (known !== undefined) return { key: known };
    const mended = this.#keys.mend(given);
    const tag = originalKeyTag(mended);
    if (tag !== undefined) {
      this.#options.gate.mend(
        'key',
        `Key ${say(given)} was sent as '${mended.key}'; tag '${tag.key}' keeps the original.`,
      );
    }
    this.#keys.remember(given, mended.key);
    if (tag === undefined) return { key: mended.key };
    // The original may be what is secret: a URL with a password as a key.
    return { key: mended.key, tag: { key: tag.key, value: this.#options.redactor.redactText(tag.value) } };
  }

  /** Mends and masks keys and values; those with nothing to log are left out. */
  prepare(
    what: 'param' | 'tag',
    given: Iterable<readonly [unknown, unknown]>,
    mend: (text: string) => MendedText,
  ): PreparedTexts {
    const { gate, redactor } = this.#options;
    const sent: KeyValue[] = [];
    const keyTags: Tag[] = [];
    const wholes: { path: string; text: string }[] = [];
    for (const [givenKey, value] of given) {
      const key = this.readKey(what, givenKey);
      const text = key === undefined ? undefined : this.#toText(key, value);
      if (key === undefined || text === undefined) continue;
      const { key: sentKey, tag } = this.mendKey(key);
      if (tag !== undefined) keyTags.push(tag);
      const safe = mend(redactor.redactText(text));
      if (safe.whole !== undefined) {
        const path = this.#wholePath(what, sentKey);
        gate.mend('long-value', `The value of ${what} '${sentKey}' was cut; the whole is artifact ${path}.`);
        wholes.push({ path, text: safe.whole });
      }
      sent.push({ key: sentKey, value: safe.value });
    }
    return { sent, keyTags, wholes };
  }

  /** Spreads nested objects to dotted keys. Masked first: in `credentials: { user }` only the outer name says that it is secret. */
  flatten(what: string, given: unknown): readonly (readonly [string, unknown])[] {
    const { gate, redactor } = this.#options;
    const named: [string, unknown][] = [];
    for (const [givenKey, value] of this.readGiven(what, given)) {
      const key = this.readKey('param', givenKey);
      if (key === undefined) continue;
      // What is text already is looked at here, since all is text afterwards.
      named.push([key, typeof value === 'string' ? this.#toText(key, value) : redactor.redactValue(key, value)]);
    }
    const flat = flattenParams(Object.fromEntries(named));
    const isOdd = (text: unknown): boolean => typeof text === 'string' && isPartial(text);
    if (flat.filter(([, text]) => isOdd(text)).length > named.filter(([, text]) => isOdd(text)).length)
      gate.mend('partial', `A part of what ${what} was given cannot be said in text.`);
    // Names are looked at once more, dotted now (`api.key`), where a boolean is no secret.
    return flat.map(([key, text]) => [key, text === 'true' || text === 'false' ? text === 'true' : text]);
  }

  #wholePath(what: 'param' | 'tag', key: string): string {
    const owner = this.#wholes.get(key) ?? (this.#wholes.size < MAX_WHOLE_COUNT ? what : 'param');
    if (this.#wholes.size < MAX_WHOLE_COUNT) this.#wholes.set(key, owner);
    return `runspan/values/${toFilePath(key)}${owner === what ? '' : `.${what}`}.txt`;
  }

  /** A value as text, masked by its name. */
  #toText(key: string, value: unknown): string | undefined {
    const { gate, redactor } = this.#options;
    const safe = redactor.redactValue(key, value);
    const text = mendText(safe);
    if (text === undefined || (text === value && typeof value === 'string')) return text;
    if (typeof value === 'string' && text !== safe)
      gate.mend('text', `The value of ${say(key)} has characters that no database keeps; they became U+FFFD.`);
    else if (typeof value === 'object' && isPartial(text))
      gate.mend('partial', `A part of the value of ${say(key)} cannot be said in text.`);
    return text;
  }
}

/** A key whose every part is a name that a file system takes. */
function toFilePath(key: string): string {
  const names = key.split('/').map((name) => {
    if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
    const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
    return `${takeCodePoints(name, MAX_CUT_NAME_LENGTH)}-${hash}`;
  });
  return names.join('/');
}

function say(key: string): string {
  return `'${takeCodePoints(key, MAX_SAID_LENGTH)}'`;
}
