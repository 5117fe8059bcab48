// Instrumentations by name, in this process: ours, those beside the job, what they patch, and what is said of those that fail.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SpanKind, context, diag, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startInstrumentations } from '../../../src/otel/setup/instrumentations.ts';
import { suppressTracing } from '../../../src/otel/suppress-tracing.ts';
import { makeFolder } from '../../services/mlflow/mlflow-fixture.ts';

const said: string[] = [];
diag.setLogger({
  error: () => undefined,
  warn: (message: string, ...details: unknown[]) => void said.push([message, ...details].join(' ')),
  info: () => undefined,
  debug: () => undefined,
  verbose: () => undefined,
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));

const folder = makeFolder(afterAll);
const packages = join(folder, 'node_modules');
const cwd = process.cwd();
afterAll(() => process.chdir(cwd));

/** A package of CommonJS beside the job. */
function addPackage(name: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(packages, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(packages, name, file), text);
}

beforeEach(() => {
  said.length = 0;
  exporter.reset();
  mkdirSync(join(packages, '@opentelemetry'), { recursive: true });
  process.chdir(folder);
});

test('one that is not installed, one that is none and one that does not start are said and left out', async () => {
  addPackage('no-instrumentation', { 'index.js': 'exports.other = 1;' });
  addPackage('breaks-instrumentation', {
    'index.js': "exports.BreaksInstrumentation = class { constructor() { throw new Error('on purpose'); } };",
  });
  const linked = join(packages, '@opentelemetry', 'instrumentation');
  symlinkSync(join(cwd, 'node_modules/@opentelemetry/instrumentation'), linked);
  expect(await startInstrumentations(['pg', '@acme/no'])).toEqual([]);
  expect(said).toEqual([
    expect.stringMatching(/loading the instrumentation 'pg' failed.*instrumentation-pg/s),
    expect.stringMatching(/loading the instrumentation '@acme\/no' failed/),
  ]);
  said.length = 0;
  const paths = ['no-instrumentation', 'breaks-instrumentation'].map((name) => `${packages}/${name}`);
  expect(await startInstrumentations(paths)).toEqual([]);
  expect(said).toEqual([
    expect.stringMatching(/exports no instrumentation/),
    expect.stringMatching(/starting the instrumentation '.*breaks-instrumentation' failed.*on purpose/s),
  ]);
});

test('ours see calls by fetch and by node:http, also by a name imported before, and none that are suppressed', async () => {
  expect(await startInstrumentations(['http', 'undici'])).toEqual(['http', 'undici']);
  expect(said).toEqual([]);
  const server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const byGet = (path: string): Promise<void> =>
    new Promise((resolve) => void get(`${url}/${path}`, (response) => response.resume().on('end', resolve)));
  await (await fetch(`${url}/by-fetch`)).text();
  await byGet('by-get');
  await suppressTracing(async () => {
    await (await fetch(`${url}/ours-by-fetch`)).text();
    await byGet('ours-by-get');
  });
  const clients = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
  expect(clients.map(({ attributes }) => String(attributes['url.full'] ?? attributes['http.url']))).toEqual([
    `${url}/by-fetch`,
    `${url}/by-get`,
  ]);
});

test('a package that is imported later is patched, though it is an ES module, and no other is', async () => {
  for (const name of ['patched', 'untouched'])
    addPackage(name, {
      'package.json': JSON.stringify({ name, type: 'module', exports: './index.js' }),
      'index.js': 'export const answer = () => 41;',
    });
  addPackage('@acme/instrumentation-patched', {
    'index.js': `
      const { InstrumentationBase, InstrumentationNodeModuleDefinition } = require('@opentelemetry/instrumentation');
      exports.PatchedInstrumentation = class extends InstrumentationBase {
        constructor() { super('acme', '1.0.0', {}); }
        init() {
          return new InstrumentationNodeModuleDefinition('patched', ['*'], (exports) => {
            this._wrap(exports, 'answer', (original) => () => original() + 1);
            return exports;
          });
        }
      };`,
  });
  expect(await startInstrumentations(['@acme/instrumentation-patched'])).toEqual(['@acme/instrumentation-patched']);
  expect(said).toEqual([]);
  // Whatever runs the tests must not turn it into an import of its own.
  writeFileSync(join(folder, 'load.cjs'), 'module.exports = (name) => import(name);');
  const own = createRequire(join(folder, 'job.js'))('./load.cjs') as (
    name: string,
  ) => Promise<{ answer: () => number }>;
  const load = async (name: string): Promise<number> => (await own(name)).answer();
  expect(await load('patched')).toBe(42);
  expect(await load('untouched')).toBe(41);
});
