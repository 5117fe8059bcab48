// Runs the README as a reader would: its blocks in order, in a project that has the packed package.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Consumer } from './consumer.ts';
import { blocksOf, unmarkedLines } from './readme-blocks.ts';
import { runBlock } from './run-blocks.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = blocksOf(readme).filter((block) => block.isRun);

describe('the README', () => {
  let project: Consumer;
  beforeAll(() => {
    project = installPacked();
  });
  afterAll(() => project.remove());

  it('has blocks that are run', () => {
    expect(blocks.map(({ language }) => language)).toEqual(expect.arrayContaining(['ts', 'sh']));
  });

  it('has none that is not run, but the one that installs the package', () => {
    const all = blocksOf(readme);
    const unmarked = new Set(unmarkedLines(all));
    expect(all.filter(({ line }) => unmarked.has(line)).map(({ text }) => text)).toEqual([
      'npm install runspan @opentelemetry/api\n',
    ]);
  });

  it.each(blocks)('line $line runs as it stands', { timeout: 60_000 }, (block) => {
    const ended = runBlock(project, block);
    expect(ended?.code, ended?.stderr).toBe(0);
  });
});

describe('the README’s table of errors', () => {
  it('has every code that there is, and no other', () => {
    const source = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8');
    const union = /export type ErrorCode =([^;]+);/.exec(source)?.[1] ?? '';
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code);
    const section = readme.slice(readme.indexOf('\n## Errors'), readme.indexOf('\n## What is not there yet'));
    const cells = [...section.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell]) => cell ?? '').join();
    const listed = [...cells.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect(new Set(listed)).toEqual(new Set(codes));
  });
});

describe('the reader of blocks', () => {
  it('knows language, place, name and whether to run', () => {
    const text = 'a\n```ts run train.ts\nlet a;\n```\n```sh\nls\n```\n```ts run\nlet b;\n\nlet c;\n```\n';
    expect(blocksOf(text)).toEqual([
      { language: 'ts', text: 'let a;\n', line: 2, mark: 'run', isRun: true, file: 'train.ts' },
      { language: 'sh', text: 'ls\n', line: 5, mark: '', isRun: false, file: 'block-5.sh' },
      { language: 'ts', text: 'let b;\n\nlet c;\n', line: 8, mark: 'run', isRun: true, file: 'block-8.ts' },
    ]);
  });

  it('names the blocks that say nothing of how they are tested', () => {
    expect(unmarkedLines(blocksOf('```ts\na\n```\n```sh live\nb\n```\n```text\nc\n```\n'))).toEqual([1]);
  });

  it('refuses a mark that it does not know', () => {
    expect(() => blocksOf('```ts runn a.ts\nlet a;\n```')).toThrow(/Line 1: 'runn'/);
  });

  it('refuses a block that is not closed', () => {
    expect(() => blocksOf('```ts\nlet a;')).toThrow(/Line 1/);
  });
});
