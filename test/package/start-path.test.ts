// What a job loads before its first line: the heavy libraries come when they are needed, in the thread that needs them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const dist = join(import.meta.dirname, '../../dist');
const HOOK = `
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
const packages = new Set();
registerHooks({
  load(url, context, next) {
    const name = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});
process.on('exit', () => writeFileSync('loaded.json', JSON.stringify([...packages])));
`;

function packagesOf(name: string, args: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-start-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'hook.mjs'), HOOK);
  writeFileSync(join(folder, 'job.mjs'), name);
  const { status, stderr } = spawnSync(process.execPath, ['--import', './hook.mjs', ...args, 'job.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], RUNSPAN_LOGGER_LEVEL: 'ERROR', MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false' },
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(readFileSync(join(folder, 'loaded.json'), 'utf8')) as string[];
}

it('under register is the API of OpenTelemetry beside our own file', () => {
  const register = pathToFileURL(join(dist, 'register.js')).href;
  expect(packagesOf('console.log(1);', ['--import', register])).toEqual(['@opentelemetry/api']);
});

it('by code takes neither zod nor undici nor an SDK to log into a file', () => {
  const job = `import { MlflowService } from ${JSON.stringify(pathToFileURL(join(dist, 'index.js')).href)};
    const mlflow = new MlflowService({ experimentName: 'churn' });
    await mlflow.start();
    await mlflow.runContext('train', (run) => run.logMetric('loss', 0.5));
    await mlflow.stop();`;
  const heavy = /^(zod|undici|yaml|smol-toml|commander|@aws-sdk|@opentelemetry\/sdk-node)/;
  expect(packagesOf(job, []).filter((name) => heavy.test(name))).toEqual([]);
});
