// The code blocks of a Markdown text, and which of them are meant to be run.

/** One fenced block. ```` ```ts run train.ts ```` is kept as train.ts and run; without a name it gets one. */
export interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
  readonly isRun: boolean;
  readonly file: string;
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
    const [isRun, file] = (fence[2] ?? '').trim().split(/\s+/);
    const text = `${lines.slice(at + 1, end).join('\n')}\n`;
    blocks.push({ language, text, line: at + 1, isRun: isRun === 'run', file: file ?? `block-${at + 1}.${language}` });
    at = end;
  }
  return blocks;
}
