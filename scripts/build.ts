// Builds the package: ES modules with types and maps in dist, and the two files that let CommonJS load them.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';
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

/** What the file of register takes in beside ours: next to nothing else decides how long a job waits for its first line. */
const BUNDLED =
  /^(?:pino|@opentelemetry\/(?:sdk-trace|sdk-logs|otlp-transformer|otlp-exporter-base|exporter-trace-otlp-http|instrumentation(?:-http|-undici)?|context-async-hooks|core|resources|semantic-conventions)|sonic-boom|import-in-the-middle|require-in-the-middle|module-details-from-path|forwarded-parse|@pinojs\/redact|quick-format-unescaped|on-exit-leak-free|atomic-sleep|safe-stable-stringify|thread-stream)/;

/** Puts the licences of the packages that are in the file beside it. */
function keepLicences(modules: readonly string[]): void {
  const homes = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []));
  const texts = [...homes].toSorted().flatMap((home) => {
    const { name, version, license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Record<
      string,
      string
    >;
    const [file] = globSync('{LICENSE,LICENCE,License,license}*', { cwd: home });
    const text = file === undefined ? '' : readFileSync(join(home, file), 'utf8');
    return [`${name} ${version} (${license})\n\n${text}`];
  });
  writeFileSync(join(fresh, 'outbox/register-job.licences.txt'), texts.join('\n---\n'));
}

/**
 * Puts what register imports into one file: 250 files cost a start 150 ms more than one does (bench/register.ts). It lies in
 * `outbox`, because from there the drain's worker is found.
 */
async function bundleRegister(): Promise<void> {
  const bundle = await rolldown({
    input: join(fresh, 'register/start.js'),
    cwd: root,
    platform: 'node',
    external: (id) => !/^[./#]/.test(id) && !BUNDLED.test(id),
    // What is imported lazily in one place and at once in another is in the file either way.
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await bundle.write({
    dir: join(fresh, 'outbox'),
    format: 'esm',
    entryFileNames: 'register-job.js',
    chunkFileNames: 'register-job-[name]-[hash].js',
  });
  await bundle.close();
  keepLicences(output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : [])));
  const entry = join(fresh, 'register.js');
  const text = readFileSync(entry, 'utf8');
  if (!text.includes("'./register/start.js'")) throw new Error('Cannot bundle register: it imports another file.');
  writeFileSync(entry, text.replace("'./register/start.js'", "'./outbox/register-job.js'"));
  // The worker of log lines is found beside the file that starts it.
  writeFileSync(join(fresh, 'outbox/otel-transport.js'), "export { default } from '../logs/otel-transport.js';\n");
}

try {
  compile();
  mendDeclarations();
  await bundleRegister();
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
