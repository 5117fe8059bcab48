// The job's own NodeSDK beside our services, samplers that drop everything, a disabled SDK: the run is right in all of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readJsonLines, readRuns, runJob } from './run-job.ts';
import type { JobResult, StoredRun } from './run-job.ts';

async function runWith(
  when: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ result: JobResult; run: StoredRun }> {
  const result = await runJob('own-sdk.mjs', { args: [when], env });
  expect(result.code, result.stderr).toBe(0);
  const [run, ...others] = readRuns(result.folder);
  if (run === undefined) throw new Error('The job left no run.');
  expect(others).toEqual([]);
  return { result, run };
}

/** Status, mirror and alert, which depend on no SDK. */
function expectRight({ result, run }: { result: JobResult; run: StoredRun }): void {
  expect(run).toMatchObject({
    status: 'FAILED',
    params: { optimizer: 'adam' },
    tags: { stage: 'dev', team: 'a', 'host.name': 'h' },
  });
  expect(run.metrics.map(({ key, value }) => [key, value])).toEqual([
    ['loss', 0.5],
    ['score', 2],
  ]);
  const alerts = result.stdout.split('\n').filter((line) => line.startsWith('[job]'));
  expect(alerts, result.stdout).toEqual([expect.stringContaining('Run own failed: too low')]);
}

const spansOf = (result: JobResult): readonly Record<string, unknown>[] =>
  readJsonLines(join(result.folder, 'spans.jsonl'));
const logsOf = (result: JobResult): readonly Record<string, unknown>[] =>
  readJsonLines(join(result.folder, 'logs.jsonl'));

test.concurrent.each(['before', 'after'])(
  'a NodeSDK that came %s ours: its spans and logs are stamped, the alert is one',
  async (when) => {
    const left = await runWith(when);
    expectRight(left);
    const stamp = { 'runspan.run_key': left.run.tags['runspan.run_key'] };
    expect(spansOf(left.result)).toMatchObject([
      { name: 'child', attributes: stamp, status: { code: 0 } },
      {
        name: 'own',
        attributes: { ...stamp, 'runspan.kind': 'run', 'mlflow.run.status': 'FAILED' },
        status: { code: 2 },
      },
    ]);
    const traceId = left.run.tags['otel.trace_id'];
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(logsOf(left.result)).toContainEqual(
      expect.objectContaining({ body: 'in the child', traceId, attributes: expect.objectContaining(stamp) }),
    );
    expect(readFileSync(join(left.result.folder, 'job.log'), 'utf8')).toMatch(new RegExp(`in the child.*${traceId}`));
    // Kept by the processors in the job's SDK, each once.
    const kept = (name: string): string =>
      readFileSync(join(left.result.folder, 'mlruns/1', left.run.runId, 'artifacts/runspan', name), 'utf8');
    expect([...kept('trace.otlp.jsonl').matchAll(/"name":"(child|own)"/g)].map(([, name]) => name)).toEqual([
      'child',
      'own',
    ]);
    expect(kept('logs.otlp.jsonl').match(/"in the child"/g)).toHaveLength(1);
  },
);

test.concurrent.each([
  ['its own SDK', 'before'],
  ['ours', 'none'],
])('OTEL_TRACES_SAMPLER=always_off under %s: no span is seen, the run is right and alerts once', async (_, when) => {
  const endpoint =
    when === 'none' ? { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_EXPORT_TIMEOUT: '100' } : {};
  const left = await runWith(when, { OTEL_TRACES_SAMPLER: 'always_off', ...endpoint });
  expectRight(left);
  expect(spansOf(left.result)).toEqual([]);
  expect(left.run.tags['otel.trace_id']).toMatch(/^[0-9a-f]{32}$/);
  const log = readFileSync(join(left.result.folder, 'job.log'), 'utf8');
  expect(log).toMatch(new RegExp(`in the child.*${left.run.tags['runspan.run_key']}`));
});

test.concurrent.each([
  ['its own SDK', 'before'],
  ['none', 'none'],
])('OTEL_SDK_DISABLED under %s: no trace, the run is right and alerts once', async (_, when) => {
  const left = await runWith(when, { OTEL_SDK_DISABLED: 'true' });
  expectRight(left);
  expect([spansOf(left.result), left.run.tags['otel.trace_id']]).toEqual([[], undefined]);
});

test.concurrent('no SDK and no endpoint: the run has a trace id of its own all the same', async () => {
  const left = await runWith('none');
  expectRight(left);
  expect(left.run.tags['otel.trace_id']).toMatch(/^[0-9a-f]{32}$/);
});
