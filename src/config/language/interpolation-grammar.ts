// The grammar of `${…}`, OmegaConf's: from a text to its parts, by hand in one pass that cannot backtrack.

/** A literal text, or an interpolation. */
export type Part = string | InterpolationPart;

/** `${a.b[0]}`, `${..a}`, `${a.${k}}`: the value under a path; each dot at the front leads one container up. */
export interface NodePart {
  readonly kind: 'node';
  readonly dots: number;
  readonly keys: readonly Part[];
}

/** `${name:a,b}`: what a resolver makes of its arguments. */
export interface ResolverPart {
  readonly kind: 'resolver';
  readonly name: readonly Part[];
  readonly args: readonly Element[];
}

/** Either kind of interpolation. */
export type InterpolationPart = NodePart | ResolverPart;

/** An argument: a word (typed where it stands alone), a quoted text, a list or a mapping. */
export type Element =
  | { readonly kind: 'word'; readonly parts: readonly Part[]; readonly isTyped: boolean }
  | { readonly kind: 'quoted'; readonly parts: readonly Part[] }
  | { readonly kind: 'list'; readonly items: readonly Element[] }
  | { readonly kind: 'mapping'; readonly entries: readonly (readonly [Element, Element])[] };

/** Where a text is not well-formed; nothing of the text is in it. */
export class GrammarFault extends Error {
  /** From 1. */
  readonly position: number;
  /** What should stand there. */
  readonly expected: string;

  constructor(position: number, expected: string) {
    super(`at character ${position}: ${expected}`);
    this.position = position;
    this.expected = expected;
  }
}

const MAX_NESTING = 50;
const SPACE = /[ \t]/;
const KEY_END = /[\\{}()[\]:. \t'"]/;
const WORD_CHAR = /[A-Za-z0-9_/\-\\+.$%*@?|:]/;
const ESCAPED = /[\\()[\]{}:=, \t]/;
const NAME = /^[A-Za-z_][\w-]*$/;

/**
 * Splits a text into literal parts and interpolations. `\${` is a literal `${`; backslashes are halved before one only.
 *
 * @throws {GrammarFault}
 * @example
 * parseTemplate('x${a.b}y'); // ['x', { kind: 'node', dots: 0, keys: ['a', 'b'] }, 'y']
 */
export function parseTemplate(text: string): readonly Part[] {
  return new Reader(text).readText(undefined);
}

/**
 * Parses a text as one argument, as `oc.decode` does.
 *
 * @throws {GrammarFault}
 */
export function parseElement(text: string): Element {
  const reader = new Reader(text);
  const element = reader.readElement(false);
  reader.expectEnd();
  return element;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads up to the quote, which is eaten, or to the end. */
  readText(quote: string | undefined): readonly Part[] {
    const parts: Part[] = [];
    let literal = '';
    for (;;) {
      const char = this.#peek();
      if (char === '' && quote !== undefined) throw this.#fault(`the closing ${quote}`);
      if (char === '' || char === quote) break;
      if (this.#startsInterpolation()) {
        if (literal !== '') parts.push(literal);
        literal = '';
        parts.push(this.#readInterpolation());
      } else literal += char === '\\' ? this.#readBackslashes(quote) : this.#take();
    }
    if (quote !== undefined) this.#at += 1;
    if (literal !== '') parts.push(literal);
    return parts;
  }

  /** Reads one argument; `isKey` for a mapping's key, which is a word without a colon. */
  readElement(isKey: boolean): Element {
    const char = this.#peek();
    if (isKey) return this.#readWord(true);
    if (char === "'" || char === '"') {
      this.#at += 1;
      return { kind: 'quoted', parts: this.readText(char) };
    }
    if (char === '[') return this.#nested(() => ({ kind: 'list', items: this.#readSequence(']') }));
    if (char === '{') return this.#nested(() => this.#readMapping());
    return this.#readWord(false);
  }

  expectEnd(): void {
    if (this.#peek() !== '') throw this.#fault('the end');
  }

  #readInterpolation(): InterpolationPart {
    return this.#nested(() => {
      this.#at += 1; // the $; #nested has eaten nothing
      this.#expect('{');
      this.#skipSpace();
      let dots = 0;
      for (; this.#peek() === '.'; this.#at += 1) dots += 1;
      const { keys, isName } = this.#readKeys();
      this.#skipSpace();
      if (this.#peek() === ':' && dots === 0 && isName) {
        this.#at += 1;
        return { kind: 'resolver', name: keys, args: this.#readSequence('}', true) };
      }
      this.#expect('}');
      return { kind: 'node', dots, keys };
    });
  }

  /** `a.b[0].${k}`; it may be a resolver's name where it is of words and dots. */
  #readKeys(): { readonly keys: readonly Part[]; readonly isName: boolean } {
    const keys: Part[] = [];
    let isName = true;
    for (let isFirst = true; ; isFirst = false) {
      if (this.#peek() === '[') {
        isName = false;
        this.#at += 1;
        keys.push(this.#readKey());
        this.#expect(']');
      } else {
        if (!isFirst && this.#peek() !== '.') return { keys, isName };
        if (!isFirst) this.#at += 1;
        const key = this.#readKey();
        isName &&= typeof key !== 'string' || NAME.test(key);
        keys.push(key);
      }
    }
  }

  #readKey(): Part {
    if (this.#startsInterpolation()) return this.#readInterpolation();
    let key = '';
    for (;;) {
      const char = this.#peek();
      if (char === '\\' && /[\\.[\]:=]/.test(this.#peek(1))) {
        this.#at += 1;
        key += this.#take();
      } else if (char === '' || KEY_END.test(char)) break;
      else key += this.#take();
    }
    if (key === '') throw this.#fault('a key');
    return key;
  }

  /** Arguments up to the bracket that closes them, which is eaten; an empty place is an empty text. */
  #readSequence(close: string, isOpened = false): readonly Element[] {
    if (!isOpened) this.#at += 1;
    const items: Element[] = [];
    const empty: Element = { kind: 'quoted', parts: [] };
    let isDue = false;
    for (;;) {
      this.#skipSpace();
      const char = this.#peek();
      if (char === close) break;
      if (char === ',') {
        items.push(empty);
        this.#at += 1;
      } else {
        items.push(this.readElement(false));
        this.#skipSpace();
        if (this.#peek() === close) {
          isDue = false;
          break;
        }
        this.#expect(',', `, or ${close}`);
      }
      isDue = true;
    }
    if (isDue) items.push(empty);
    this.#at += 1;
    return items;
  }

  #readMapping(): Element {
    this.#at += 1;
    const entries: [Element, Element][] = [];
    this.#skipSpace();
    while (this.#peek() !== '}' || entries.length > 0) {
      this.#skipSpace();
      const key = this.readElement(true);
      this.#skipSpace();
      this.#expect(':');
      this.#skipSpace();
      entries.push([key, this.readElement(false)]);
      this.#skipSpace();
      if (this.#peek() === '}') break;
      this.#expect(',', ', or }');
    }
    this.#at += 1;
    return { kind: 'mapping', entries };
  }

  #readWord(isKey: boolean): Element {
    const parts: Part[] = [];
    const begin = this.#at;
    let literal = '';
    let space = '';
    let isTyped = true;
    for (;;) {
      const char = this.#peek();
      if (SPACE.test(char)) {
        space += this.#take();
        continue;
      }
      const isEnd = char === '' || char === ',' || char === '}' || char === ']' || (isKey && char === ':');
      // Spaces belong to what follows them, but for the end of a text of its own.
      if (isEnd) {
        literal += char === '' ? space : '';
        break;
      }
      literal += space;
      space = '';
      if (!isKey && this.#startsInterpolation()) {
        if (literal !== '') parts.push(literal);
        literal = '';
        parts.push(this.#readInterpolation());
      } else if (char === '\\' && ESCAPED.test(this.#peek(1))) {
        this.#at += 1;
        literal += this.#take();
        isTyped = false;
      } else if (WORD_CHAR.test(char)) literal += this.#take();
      else throw this.#fault('a letter, a digit or one of _ / - + . $ % * @ ? | : (quote others)');
    }
    if (literal !== '') parts.push(literal);
    if (this.#at === begin || parts.length === 0) throw this.#fault('a value');
    return { kind: 'word', parts, isTyped };
  }

  #readBackslashes(quote: string | undefined): string {
    const begin = this.#at;
    while (this.#peek() === '\\') this.#at += 1;
    const count = this.#at - begin;
    const isBeforeQuote = quote !== undefined && this.#peek() === quote;
    if (!isBeforeQuote && !this.#startsInterpolation()) return '\\'.repeat(count);
    const kept = '\\'.repeat(Math.floor(count / 2));
    if (count % 2 === 0) return kept;
    return kept + (isBeforeQuote ? this.#take() : this.#take() + this.#take());
  }

  #nested<T>(read: () => T): T {
    if (this.#depth >= MAX_NESTING) throw this.#fault('less nesting');
    this.#depth += 1;
    const result = read();
    this.#depth -= 1;
    return result;
  }

  #startsInterpolation(): boolean {
    return this.#peek() === '$' && this.#peek(1) === '{';
  }

  #peek(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead);
  }

  #take(): string {
    this.#at += 1;
    return this.#text.charAt(this.#at - 1);
  }

  #skipSpace(): void {
    while (SPACE.test(this.#peek())) this.#at += 1;
  }

  #expect(char: string, expected = char): void {
    if (this.#peek() !== char) throw this.#fault(expected);
    this.#at += 1;
  }

  #fault(expected: string): GrammarFault {
    return new GrammarFault(this.#at + 1, expected);
  }
}
