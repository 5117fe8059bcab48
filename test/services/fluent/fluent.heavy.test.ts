// The functions without an instance, in real processes: services from env, shared by every use and every copy.
import { cpSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { startOtlpEndpoint } from '../../otel/otlp-endpoint.ts';
import { journalFolders, makeFolder, readRuns, runJob } from '../../end-to-end/run-job.ts';
import type { JobResult } from '../../end-to-end/run-job.ts';

const root = join(import.meta.dirname, '../../..');
const quiet: Readonly<Record<string, string>> = { RUNSPAN_ALERTS_ENABLE: 'false', MLFLOW_EXPERIMENT_NAME: 'fluent' };

async function runFluent(
  args: readonly string[],
  folder = makeFolder(),
  env: Readonly<Record<string, string>> = {},
): Promise<JobResult & { said: unknown[] }> {
  const said: unknown[] = [];
  const result = await runJob('fluent.mjs', {
    folder,
    args,
    env: { ...quiet, ...env },
    onMessage: (message) => said.push(message),
  });
  expect(result.code, result.stderr).toBe(0);
  return { ...result, said };
}

test.concurrent('a run by functions alone is whole, and over when its body is', async () => {
  const { folder, said, stderr } = await runFluent(['run']);
  expect(said).toEqual([{ result: 'result', active: true, last: 'FINISHED', flushed: true }]);
  expect(readRuns(folder)).toMatchObject([
    {
      name: 'plain',
      status: 'FINISHED',
      params: { 'model.kind': 'mlp' },
      tags: { same: 'true' },
      metrics: [{ key: 'loss', value: 0.5, step: 1 }],
    },
  ]);
  expect(stderr).toMatch(/INFO.*inside/);
  expect(journalFolders(folder)).toEqual([]);
});

test.concurrent('switched off, a run is still the one that is active in its body, and leaves nothing', async () => {
  const { folder, said, stderr } = await runFluent(['known'], makeFolder(), { RUNSPAN_DISABLED: '1' });
  expect(said).toEqual([{ same: true, outside: 0 }]);
  expect([stderr, readdirSync(folder)]).toEqual(['', []]);
});

test.concurrent('outside any run each function warns once, counts every call and throws nothing', async () => {
  const { said, stderr } = await runFluent(['outside']);
  expect(said).toEqual([{ outside: 3 }]);
  expect(stderr.match(/logMetric\(\) was called outside any run/g)).toHaveLength(1);
  expect(stderr.match(/setTag\(\) was called outside any run/g)).toHaveLength(1);
});

test.concurrent('first uses at the same time share one start', async () => {
  const { folder, said } = await runFluent(['many']);
  expect(said).toEqual([{ services: 1 }]);
  const runs = readRuns(folder);
  expect(runs).toHaveLength(3);
  for (const run of runs) expect(run.tags['name']).toBe(run.name);
});

test.concurrent('the end of the process ends what is open', async () => {
  const { folder } = await runFluent(['open']);
  expect(readRuns(folder)).toMatchObject([{ status: 'FINISHED', metrics: [{ value: 1 }] }]);
  expect(journalFolders(folder)).toEqual([]);
});

test.concurrent('functions of one copy act on the run of another, and of a service of the job’s own', async () => {
  const folder = makeFolder();
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const part of ['dist', 'package.json'])
    cpSync(join(root, part), join(folder, 'copy', part), { recursive: true });
  const second = pathToFileURL(join(folder, 'copy/dist/index.js')).href;
  const { said } = await runFluent(['other-copy', second], folder);
  expect(said).toEqual([{ same: true, there: true }]);
  const found = readRuns(folder).map(({ name, metrics }) => [name, metrics.map(({ value }) => value)] as const);
  expect(Object.fromEntries(found)).toEqual({ 'of-the-second': [3], 'of-the-first': [4] });
});

test.concurrent.each(['RUNSPAN_RUN_KEY', 'MLFLOW_RUN_ID'])(
  'a process that finds %s writes to that run, at once, and does not end it again',
  async (name) => {
    const { folder } = await runFluent(['run']);
    const [before] = readRuns(folder);
    const { stderr } = await runFluent(['joined'], folder, { [name]: before?.runId ?? '' });
    const [after, ...others] = readRuns(folder);
    expect(others).toEqual([]);
    expect(after).toMatchObject({ status: 'FINISHED', endTimeMs: before?.endTimeMs, tags: { who: 'the other' } });
    expect(after?.metrics.map(({ key, value }) => [key, value])).toEqual([
      ['late', 7],
      ['loss', 0.5],
    ]);
    expect(stderr).not.toMatch(/outside any run|started|FINISHED/);
    expect(journalFolders(folder)).toEqual([]);
  },
);

test.concurrent.each(['RUNSPAN_RUN_KEY', 'MLFLOW_RUN_ID'])(
  'what a process that finds %s says before it has joined is of that run too, in the sink and as log records',
  async (name) => {
    const { folder } = await runFluent(['run']);
    const runId = readRuns(folder)[0]?.runId ?? '';
    const traceId = 'b'.repeat(32);
    await using endpoint = await startOtlpEndpoint();
    const { stderr } = await runFluent(['early'], folder, {
      [name]: runId,
      TRACEPARENT: `00-${traceId}-${'c'.repeat(16)}-01`,
      RUNSPAN_LOGGER_SERIALIZE: 'true',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
    });
    const written = stderr.split('\n').flatMap((line) => (/"(?:early|late)"/.test(line) ? [JSON.parse(line)] : []));
    expect(written).toMatchObject(written.map(() => ({ trace_id: traceId, run_key: runId })));
    expect(written).toHaveLength(2);
    const said = endpoint.logs.filter(({ body }) => body === 'early' || body === 'late');
    expect(said.map((log) => [log.body, log.traceId, log.attributes['runspan.run_key']])).toEqual([
      ['early', traceId, runId],
      ['late', traceId, runId],
    ]);
    // A key is an id once the store says so; an id is one from the first line on.
    const known = said.map((log) => log.attributes['mlflow.run_id']);
    expect(known).toEqual([name === 'MLFLOW_RUN_ID' ? runId : undefined, runId]);
    const kept = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((file) => /runspan\/logs-\w+\.otlp\.jsonl$/.test(file));
    const lines = kept.map((file) => readFileSync(join(folder, file), 'utf8')).join('');
    expect(lines.match(/"body":\{"stringValue":"(?:early|late)"/g)).toEqual(
      ['early', 'late'].map((text) => `"body":{"stringValue":"${text}"`),
    );
  },
);
