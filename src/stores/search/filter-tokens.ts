// The words of MLflow's search language: names, quoted texts, numbers, comparison signs, brackets.
import { mlflowError } from '../../errors.ts';

/** One word of a filter, with its quotes as written. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'operator' | 'bracket';
  readonly text: string;
}

/** Each kind of word where the text before it is consumed; the order decides. A backslash before a quote keeps the text open. */
const WORDS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['text', /'(?:''|\\'|[^'])*'/y],
  ['number', /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_])/uy],
  [
    'name',
    /(?:[\p{L}_][\p{L}\p{N}_]*|`[^`]*`|"(?:""|\\"|[^"])*")(?:\.(?:[\p{L}\p{N}_]+|`[^`]*`|"(?:""|\\"|[^"])*"))*/uy,
  ],
  ['operator', /[<>=!]+/y],
  ['bracket', /[(),]/y],
];

const SPACE = /\s*/y;

/**
 * Splits a filter into its words.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` at the first character that begins no word, such as a quote that is never closed
 */
export function tokenize(filter: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = skipSpace(filter, 0);
  while (position < filter.length) {
    const token = wordAt(filter, position);
    if (token === undefined) {
      throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid clause(s) in filter string: '${filter.slice(position)}'`);
    }
    tokens.push(token);
    position = skipSpace(filter, position + token.text.length);
  }
  return tokens;
}

function wordAt(filter: string, position: number): Token | undefined {
  for (const [kind, pattern] of WORDS) {
    pattern.lastIndex = position;
    const match = pattern.exec(filter);
    if (match !== null) return { kind, text: match[0] };
  }
  return undefined;
}

function skipSpace(filter: string, position: number): number {
  SPACE.lastIndex = position;
  return position + (SPACE.exec(filter)?.[0].length ?? 0);
}
