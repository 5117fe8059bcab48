// The code blocks of a Markdown text, and what the tests do with each of them.

/**
 * One fenced block, and the word behind its language:
 *
 * - ```` ```ts run train.ts ````: kept as train.ts and run (ts, js, sh); without a name it gets one. It must exit with 0.
 * - ```` ```yaml write runspan.yaml ````: kept as that file, for the blocks after it.
 * - ```` ```text output ````: what the block before it has printed on stdout, to the letter.
 * - ```` ```ts live traces.ts ````: kept and run against a real MLflow server, by the live suite.
 */
export interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
  /** `run`, `write`, `output`, `live`, or nothing. */
  readonly mark: string;
  readonly isRun: boolean;
  readonly file: string;
}

/** Languages that a page of docs does not show without a mark: what is not run goes stale. */
const MARKED_LANGUAGES: ReadonlySet<string> = new Set(['ts', 'js', 'sh', 'yaml', 'json', 'toml']);
const MARKS: ReadonlySet<string> = new Set(['', 'run', 'write', 'output', 'live']);

/** The blocks that Node and npm are enough for; the output of a live block goes with it. */
export function offlineBlocks(blocks: readonly Block[]): Block[] {
  const isOfLive = (at: number): boolean => blocks[at]?.mark === 'output' && blocks[at - 1]?.mark === 'live';
  return blocks.filter(({ mark }, at) => !['', 'live'].includes(mark) && !isOfLive(at));
}

/** Reads the fenced blocks of a Markdown text, in their order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\S+)?(.*)$/.exec(lines[at] ?? '');
    if (!fence) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`Line ${at + 1}: the block is not closed.`);
    const language = fence[1] ?? '';
    const [mark = '', file = `block-${at + 1}.${language}`] = (fence[2] ?? '').trim().split(/\s+/);
    if (!MARKS.has(mark)) throw new Error(`Line ${at + 1}: '${mark}' is no mark.`);
    const text = `${lines.slice(at + 1, end).join('\n')}\n`;
    blocks.push({ language, text, line: at + 1, mark, isRun: mark === 'run', file });
    at = end;
  }
  return blocks;
}

/** The lines of blocks that say nothing of how they are tested, and should. */
export function unmarkedLines(blocks: readonly Block[]): number[] {
  return blocks.filter(({ language, mark }) => MARKED_LANGUAGES.has(language) && mark === '').map(({ line }) => line);
}
