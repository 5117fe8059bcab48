// Breaks a copy of the outbox in every way of mutations.ts and tells which the histories notice: npm run simulate:teeth -- [COUNT] [NAME]
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MUTATIONS, type Mutation } from './mutations.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const count = process.argv[2] ?? '10000';
const wanted = process.argv[3] ?? '';

/** The seed whose history ended wrong; undefined where none did. */
async function findSeed({ file, from, to }: Mutation): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-teeth-'));
  try {
    for (const name of ['src', 'test/outbox', 'package.json'])
      cpSync(join(root, name), join(folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const path = join(folder, 'src/outbox', file);
    const text = readFileSync(path, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${file} does not hold this text once: ${from}`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    await run(process.execPath, [join(folder, 'test/outbox/simulation/simulate.ts'), count, '1', '1']);
    return undefined;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    if (stderr === undefined) throw error;
    return /^History (\d+) ended wrong/.exec(stderr)?.[1] ?? stderr.slice(0, 500);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let survivors = 0;
for (const mutation of MUTATIONS.filter(({ name }) => name.includes(wanted))) {
  const seed = await findSeed(mutation);
  if (seed === undefined) survivors += 1;
  console.log(`${seed === undefined ? 'NOT NOTICED' : `noticed by ${seed}`}: ${mutation.name}`);
}
if (survivors > 0) process.exitCode = 1;
