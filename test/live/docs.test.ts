// The blocks of docs/ that need a server, run as a reader would in a project with the packed package.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Consumer } from '../package/consumer.ts';
import { blocksOf } from '../package/readme-blocks.ts';
import { requireBackend } from './require-backend.ts';

const root = join(import.meta.dirname, '../..');
const pages = globSync('docs/*.md', { cwd: root })
  .toSorted()
  .map((page) => ({ page, blocks: blocksOf(readFileSync(join(root, page), 'utf8')) }))
  .filter(({ blocks }) => blocks.some(({ mark }) => mark === 'live'));

// Pages that know no workspace are in the default one. An address that cannot be looked up counts as private.
const mlflow = requireBackend('mlflow', {
  env: { MLFLOW_SERVER_ARGS: '--enable-workspaces', MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true' },
});

let project: Consumer;
beforeAll(() => {
  project = installPacked();
});
afterAll(() => project?.remove());

describe.each(pages)('$page', ({ page, blocks }) => {
  it.each(blocks.filter(({ mark }) => mark === 'live'))('line $line is as it says', (block) => {
    const folder = basename(page, '.md');
    const file = project.write(`${folder}/${block.file}`, block.text);
    const { MLFLOW_TRACKING_URI, MLFLOW_PYTHON } = mlflow.env;
    const command = block.language === 'python' ? MLFLOW_PYTHON : 'node';
    const ended = project.run(command, [file], folder, { MLFLOW_TRACKING_URI });
    expect(ended.code, ended.stderr).toBe(0);
    const output = blocks[blocks.indexOf(block) + 1];
    if (output?.mark === 'output') expect(ended.stdout).toBe(output.text);
  });
});
