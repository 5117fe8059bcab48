// Builds the package: ES modules with types and maps in dist, and the two files that let CommonJS load them.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { commonJsTypes } from './commonjs-types.ts';

/** What a program can require. */
const COMMONJS_ENTRIES = ['index', 'testing'];

const root = join(import.meta.dirname, '..');
// Beside dist, so that the relative paths in the maps hold, and whoever runs from dist meanwhile is not disturbed.
const fresh = join(root, `dist.${process.pid}`);

/** Compiles src; the old dist stays where there is a type error. */
function compile(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('Cannot build: src does not compile.');
}

/** The compiler leaves `.ts` in the imports of declarations; the same length, so the maps stay true. */
function mendDeclarations(): void {
  for (const name of globSync('**/*.d.ts', { cwd: fresh })) {
    const file = join(fresh, name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll(/((?:from|import\()\s*(['"])\.{1,2}\/[^'"]*)\.ts\2/g, '$1.js$2'));
  }
}

try {
  compile();
  mendDeclarations();
  for (const entry of COMMONJS_ENTRIES) {
    writeFileSync(
      join(fresh, `${entry}.cjs`),
      `// Node can require ES modules that do not await at their top.\nmodule.exports = require('./${basename(entry)}.js');\n`,
    );
    writeFileSync(join(fresh, `${entry}.d.cts`), commonJsTypes(join(fresh, `${entry}.d.ts`)));
  }
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(fresh, join(root, 'dist'));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
