// YAML (and JSON, which is YAML) to plain data: the syntax by the package yaml, the values as OmegaConf reads them.
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { configError } from './config-errors.ts';
import { readYamlNode } from './yaml-nodes.ts';
import type { ConfigValue } from './config-values.ts';
import type { Place } from './places.ts';

/** About 16,000 settings; OmegaConf's own limit is 10,000 values. Beyond it the parser takes seconds. */
const MAX_TOKENS = 100_000;
/** OmegaConf leaves tags to PyYAML; ours are read in yaml-nodes.ts, so the package's word on them is not asked. */
const TAG_UNKNOWN = 'TAG_RESOLVE_FAILED';

/** How errors call the text, and what a scalar alone at its root is. */
export interface YamlOptions {
  readonly name: string;
  readonly language?: 'YAML' | 'JSON';
}

/**
 * Returns the value of a text with one YAML document; null for an empty one. The package `yaml` is loaded at the first call:
 * it would cost every start 20 to 40 ms.
 *
 * @throws {RunspanError} `INVALID_CONFIG` with line and column, without anything of the text
 */
export function parseYaml(text: string, { name, language = 'YAML' }: YamlOptions): ConfigValue {
  const yaml = createRequire(import.meta.url)('yaml') as typeof Yaml;
  const { Composer, Lexer, LineCounter, Parser } = yaml;
  refuseLongText(new Lexer().lex(text), name);
  const lines = new LineCounter();
  const locate = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: name, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const composer = new Composer({
    version: '1.1',
    schema: 'failsafe', // every scalar is a text there, and read by plain-scalars.ts
    resolveKnownTags: false,
    uniqueKeys: false, // checked by yaml-nodes.ts: the package's own check is quadratic
    prettyErrors: false,
  });
  // A document is asked for, so that directives (%…) without one are a fault and not an empty text.
  const [document, second] = composer.compose(new Parser(lines.addNewLine).parse(text), true, text.length);
  if (document === undefined) return null;
  const problem = [...document.errors, ...document.warnings].find(({ code }) => code !== TAG_UNKNOWN);
  // Only the code is shown: the parser's message may quote the text.
  if (problem !== undefined)
    throw configError({
      place: locate(problem.pos[0]),
      reason: `it is not well-formed ${language} (${problem.code})`,
      mend: 'Mend that line.',
    });
  if (second !== undefined)
    throw configError({
      place: locate(second.range[0]),
      reason: 'a second document begins',
      mend: 'Keep one document a file.',
    });
  return readYamlNode(document.contents, { yaml, locate });
}

function refuseLongText(tokens: Iterable<string>, name: string): void {
  let count = 0;
  for (const _ of tokens)
    if ((count += 1) > MAX_TOKENS)
      throw configError({
        place: { file: name },
        reason: `it has more than ${MAX_TOKENS} tokens`,
        mend: 'Keep data in a data file, and its path here.',
      });
}
