// Runs one block of a Markdown page in a project that has the packed package.
import type { Consumer, Ended } from './consumer.ts';
import type { Block } from './readme-blocks.ts';

/**
 * Does what the block's mark says, in the project or in a folder of it, and returns how it ended; undefined for a block that is
 * only shown.
 *
 * @throws {Error} for a language that nobody can run
 */
export function runBlock(project: Consumer, block: Block, folder = '.'): Ended | undefined {
  const write = (): string => project.write(`${folder}/${block.file}`, block.text);
  if (block.mark === 'write') write();
  if (!block.isRun) return undefined;
  if (block.language === 'sh') return project.run('sh', ['-e', '-c', block.text], folder);
  if (!['ts', 'js'].includes(block.language)) throw new Error(`Line ${block.line}: cannot run ${block.language}.`);
  return project.run('node', [write()], folder);
}
