// Message templates in the origin's (loguru's) language: read once, at construction, to a list of writers.
import { RunspanError } from '../../errors.ts';
import { compileSpec } from './format-spec.ts';
import type { ValueWriter } from './format-spec.ts';
import { codeOfLevel, codeOfTag, RESET } from './markup.ts';
import { toPythonRepr, toPythonText } from './python-text.ts';
import { FIELD_NAMES, findField } from './template-fields.ts';
import type { TemplateLine } from './template-fields.ts';
import { compileTime } from './time-format.ts';

/** A template that was read. */
export interface Template {
  /** Writes a line without its newline. */
  readonly write: (line: TemplateLine) => string;
  /** Whether the template says itself where an error's text stands. */
  readonly hasException: boolean;
}

type Writer = string | ((line: TemplateLine) => string);

const TAG = /<\/?((?:[fb]g\s)?[^<>\s{}]*)>/y;
const LEVEL_TAGS: ReadonlySet<string> = new Set(['level', 'lvl']);
const CONVERSIONS: Readonly<Record<string, ValueWriter>> = {
  '': (value) => toPythonText(value),
  s: (value) => toPythonText(value),
  r: (value) => toPythonRepr(value ?? ''),
  a: (value) => toPythonRepr(value ?? '', true),
};

/**
 * Reads a template: tokens in braces with Python's format specs, `{{` and `}}` for braces, colour tags, `\<` for a tag that is
 * none. Tags are checked where nothing is coloured, too.
 *
 * @throws {RunspanError} `INVALID_SETTINGS` naming the token and its position, from 0
 * @see https://loguru.readthedocs.io/en/stable/api/logger.html (The record dict, The time formatting, The color markups)
 * @example
 * compileTemplate('<green>{time:HH:mm}</green> {message}', { isColored: false });
 */
export function compileTemplate(template: string, options: { readonly isColored: boolean }): Template {
  const reader = new TemplateReader(template, options.isColored);
  const writers = reader.read();
  return {
    hasException: reader.hasException,
    write: (line) => {
      let text = '';
      for (const writer of writers) text += typeof writer === 'string' ? writer : writer(line);
      return text;
    },
  };
}

interface OpenTag {
  readonly tag: string;
  readonly at: number;
  readonly code: Writer;
}

class TemplateReader {
  hasException = false;
  readonly #template: string;
  readonly #isColored: boolean;
  readonly #writers: Writer[] = [];
  readonly #tags: OpenTag[] = [];

  constructor(template: string, isColored: boolean) {
    this.#template = template;
    this.#isColored = isColored;
  }

  read(): readonly Writer[] {
    for (let at = 0; at < this.#template.length;) at = this.#readAt(at);
    const [open] = this.#tags;
    if (open !== undefined) throw wrong(`<${open.tag}>`, open.at, `it is not closed. Add </${open.tag}>`);
    return this.#writers;
  }

  /** Reads what stands at a position and returns where the next begins. */
  #readAt(at: number): number {
    const template = this.#template;
    switch (template[at]) {
      case '{':
        if (template[at + 1] !== '{') return this.#readField(at);
        this.#add('{');
        return at + 2;
      case '}':
        if (template[at + 1] !== '}') throw wrong('}', at, 'no { belongs to it. Write }} for a brace');
        this.#add('}');
        return at + 2;
      case '\\':
      case '<':
        return this.#readTag(at);
      default:
        return this.#readText(at);
    }
  }

  #readText(start: number): number {
    let end = start + 1;
    while (end < this.#template.length && !'{}\\<'.includes(this.#template.charAt(end))) end++;
    this.#add(this.#template.slice(start, end));
    return end;
  }

  /** Two backslashes before a tag are one, a single one makes it text; elsewhere they are themselves. */
  #readTag(start: number): number {
    let at = start;
    while (this.#template[at] === '\\') at++;
    const count = at - start;
    TAG.lastIndex = at;
    const found = TAG.exec(this.#template);
    if (found === null) {
      this.#add('\\'.repeat(count) + (count === 0 ? '<' : ''));
      return start + Math.max(count, 1);
    }
    const [whole, tag = ''] = found;
    this.#add('\\'.repeat(Math.floor(count / 2)));
    if (count % 2 === 1) this.#add(whole);
    else if (whole.startsWith('</')) this.#close(tag, at);
    else this.#open(tag, at);
    return at + whole.length;
  }

  #open(tag: string, at: number): void {
    const code: Writer | undefined = LEVEL_TAGS.has(tag) ? ({ level }) => codeOfLevel(level) : codeOfTag(tag);
    if (code === undefined)
      throw wrong(`<${tag}>`, at, `there is no such colour or style. Write \\<${tag}> for the text`);
    this.#tags.push({ tag, at, code });
    if (this.#isColored) this.#add(code);
  }

  #close(tag: string, at: number): void {
    const last = this.#tags.at(-1);
    if (last === undefined || (tag !== '' && tag !== last.tag)) {
      const isOpen = this.#tags.some((open) => open.tag === tag);
      const mend = isOpen
        ? `</${last?.tag ?? ''}> has to come first`
        : `nothing opens it. Write \\</${tag}> for the text`;
      throw wrong(`</${tag}>`, at, mend);
    }
    this.#tags.pop();
    if (!this.#isColored) return;
    this.#add(RESET);
    for (const open of this.#tags) this.#add(open.code);
  }

  #readField(start: number): number {
    const template = this.#template;
    const nameEnd = endOfName(template, start + 1);
    const end = template.indexOf('}', nameEnd);
    if (end < 0) throw wrong(template.slice(start), start, 'it is not closed. Add }, or write {{ for a brace');
    const whole = template.slice(start, end + 1);
    if (whole.includes('{', 1)) throw wrong(whole, start, 'there is a { in it. Tokens inside tokens are not supported');
    const name = template.slice(start + 1, nameEnd);
    const rest = template.slice(nameEnd, end);
    if (name === 'exception') this.hasException = true;
    this.#add(name === 'time' ? readTime(rest, whole, start) : readValue(name, rest, { whole, start }));
    return end + 1;
  }

  /** Texts that follow each other are one. */
  #add(writer: Writer): void {
    const last = this.#writers.at(-1);
    if (writer === '') return;
    if (typeof writer === 'string' && typeof last === 'string') this.#writers[this.#writers.length - 1] = last + writer;
    else this.#writers.push(writer);
  }
}

/** A name ends at its `:`, `!` or `}`, unless that stands between brackets. */
function endOfName(template: string, start: number): number {
  let end = start;
  for (let isKey = false; end < template.length; end++) {
    const character = template.charAt(end);
    if (character === '[') isKey = true;
    else if (character === ']') isKey = false;
    else if (character === '}' || (!isKey && (character === ':' || character === '!'))) break;
  }
  return end;
}

function readTime(rest: string, whole: string, start: number): Writer {
  if (rest.startsWith('!')) throw wrong(whole, start, 'a time has no conversion. Leave it out');
  const format = compileTime(rest.slice(1));
  if (typeof format === 'string') throw wrong(whole, start, format);
  return ({ ms }) => format(ms);
}

function readValue(name: string, rest: string, at: { readonly whole: string; readonly start: number }): Writer {
  const field = findField(name);
  if (field === undefined)
    throw wrong(at.whole, at.start, `there is no such token. There are ${FIELD_NAMES.join(', ')}`);
  const [, conversion = '', spec] = /^(?:!([^:]*))?(?::(.*))?$/su.exec(rest) ?? [];
  const convert = Object.hasOwn(CONVERSIONS, conversion) ? CONVERSIONS[conversion] : undefined;
  if (convert === undefined || rest.startsWith('!:') || rest === '!')
    throw wrong(at.whole, at.start, `'!${conversion}' is no conversion. There are !s, !r and !a`);
  const { read } = field;
  const isConverted = conversion !== '';
  const write = compileSpec(spec ?? '', isConverted ? 'text' : field.kind);
  if (typeof write === 'string') throw wrong(at.whole, at.start, write);
  return isConverted ? (line) => write(convert(read(line))) : (line) => write(read(line));
}

function wrong(token: string, position: number, why: string): RunspanError {
  const shown = token.length > 60 ? `${token.slice(0, 60)}…` : token;
  return new RunspanError(
    'INVALID_SETTINGS',
    `Setting 'logger.format' is wrong at position ${position}, '${shown}': ${why}.`,
    { details: { field: 'logger.format', token: shown, position } },
  );
}
