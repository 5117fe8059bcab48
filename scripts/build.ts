// Builds the package: ES modules with types and maps in dist, a file an entry, and the two that let CommonJS load them.
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

/** Checks src and writes its types; the old dist stays where there is a type error. */
function writeTypes(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', fresh];
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

/** How register imports what it does in a job, and the file that this is in. */
const [START, JOB] = ['./register/start.ts', './register-job.js'];

/** What an entry of the package, or a thread, is loaded by; one file each, and what several of them need in files beside. */
const ENTRIES: Readonly<Record<string, string>> = {
  index: 'index.ts',
  testing: 'testing.ts',
  'testing/contract': 'testing/contract.ts',
  cli: 'cli.ts',
  'drain-worker': 'outbox/worker/drain-worker.ts',
  'telemetry-worker': 'outbox/telemetry/telemetry-worker.ts',
  'otel-transport': 'logs/export/otel-transport.ts',
};

/** What the file of register takes in beside ours: next to nothing else decides how long a job waits for its first line. */
const BUNDLED =
  /^(?:pino|@opentelemetry\/(?:sdk-trace|sdk-logs|otlp-transformer|otlp-exporter-base|exporter-trace-otlp-http|instrumentation(?:-http|-undici)?|context-async-hooks|core|resources|semantic-conventions)|sonic-boom|import-in-the-middle|require-in-the-middle|module-details-from-path|forwarded-parse|@pinojs\/redact|quick-format-unescaped|on-exit-leak-free|atomic-sleep|safe-stable-stringify|thread-stream)/;

interface Bundle {
  /** Files of src by the name of their file in dist. */
  readonly input: Readonly<Record<string, string>>;
  /** Packages that are taken in. @default none */
  readonly packages?: RegExp;
}

/**
 * Puts files of src, with what they import, into as few files as lazy imports allow: 218 files cost an import 100 ms of CPU more
 * than ten do. They lie in dist itself, since the file of a thread is found beside the file that starts it.
 *
 * @returns the files of the packages that were taken in
 */
async function bundle({ input, packages }: Bundle): Promise<readonly string[]> {
  const made = await rolldown({
    input: Object.fromEntries(Object.entries(input).map(([name, file]) => [name, join(root, 'src', file)])),
    cwd: root,
    platform: 'node',
    transform: { target: 'es2023' },
    external: (id) => !/^[./#]/.test(id) && packages?.test(id) !== true,
    plugins: [{ name: 'register', resolveId: (id) => (id === START ? { id: JOB, external: true } : null) }],
    // What is imported lazily in one place and at once in another is in the file either way.
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await made.write({
    dir: fresh,
    format: 'esm',
    // Maps name sources that are in the package: src is, other packages are not.
    sourcemap: packages === undefined,
    sourcemapExcludeSources: true,
    comments: { jsdoc: false },
    // What a job waits for is above all how much text there is to read; names stay, since errors show them.
    ...(packages === undefined ? {} : { minify: { compress: false, mangle: false, codegen: true } }),
    chunkFileNames: `${Object.keys(input)[0]}-[name]-[hash].js`,
  });
  await made.close();
  const chunks = output.filter((part) => part.type === 'chunk');
  const astray = chunks.find(({ fileName, code }) => fileName.includes('/') && code.includes('import.meta'));
  if (astray)
    throw new Error(`Cannot build: ${astray.fileName} looks for what lies beside it, and is not in dist itself.`);
  return chunks.flatMap((chunk) => chunk.moduleIds);
}

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
  writeFileSync(join(fresh, 'register-job.licences.txt'), texts.join('\n---\n'));
}

try {
  writeTypes();
  mendDeclarations();
  await bundle({ input: ENTRIES });
  await bundle({ input: { register: 'register.ts' } });
  keepLicences(await bundle({ input: { 'register-job': 'register/start.ts' }, packages: BUNDLED }));
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
