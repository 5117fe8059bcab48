// Runs the pages of docs/ as a reader would: a page's blocks in order, in a folder of its own in a project with the packed package.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Consumer, type Ended } from './consumer.ts';
import { blocksOf, offlineBlocks, unmarkedLines } from './readme-blocks.ts';
import { runBlock } from './run-blocks.ts';

const root = join(import.meta.dirname, '../..');
/** `docs/api/` is generated from the docstrings, whose examples are compiled by docs.test.ts. */
const pages = globSync('docs/**/*.md', { cwd: root, exclude: ['docs/api/**'] }).toSorted();

describe('the pages of docs/', () => {
  let project: Consumer;
  beforeAll(() => {
    project = installPacked();
  });
  afterAll(() => project.remove());

  it.each(pages)('%s has links that lead somewhere', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target]) => target ?? '');
    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it('are all in the list of docs/README.md', () => {
    const list = readFileSync(join(root, 'docs/README.md'), 'utf8');
    const others = pages.map((page) => basename(page)).filter((name) => name !== 'README.md');
    expect(others.filter((name) => !list.includes(`](${name})`))).toEqual([]);
  });

  it.each(pages)('%s shows no block that is not tested', (page) => {
    expect(unmarkedLines(blocksOf(readFileSync(join(root, page), 'utf8')))).toEqual([]);
  });

  const tested = pages.filter((page) => offlineBlocks(blocksOf(readFileSync(join(root, page), 'utf8'))).length > 0);
  describe.each(tested)('%s', (page) => {
    const blocks = blocksOf(readFileSync(join(root, page), 'utf8'));
    const folder = basename(page, '.md');
    let last: Ended | undefined;

    it.each(offlineBlocks(blocks))('line $line is as it says', { timeout: 60_000 }, (block) => {
      if (block.mark === 'output') {
        expect(last?.stdout).toBe(block.text);
        return;
      }
      last = runBlock(project, block, folder);
      expect(last?.code ?? 0, last?.stderr).toBe(0);
    });
  });
});
