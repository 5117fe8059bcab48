import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { log, logMetric, runContext } from '../../src/services/fluent/fluent.ts';
import { searchRuns } from '../../src/services/fluent/fluent-experiments.ts';
import { testServices } from '../../src/testing/test-services.ts';
import type { TestServices, TestServicesOptions } from '../../src/testing/test-services.ts';

async function start(options?: TestServicesOptions): Promise<TestServices> {
  const services = await testServices(options);
  onTestFinished(() => services.stop());
  return services;
}

test('what a job logged is there to be asserted on, without a flush', async () => {
  const t = await start();
  const file = join(mkdtempSync(join(tmpdir(), 'runspan-testing-')), 'weights.bin');
  onTestFinished(() => rmSync(file));
  writeFileSync(file, 'weights');
  await t.mlflow.runContext({ name: 'train', tags: { stage: 'dev' } }, async (run) => {
    run.logParams({ epochs: 3, optimizer: { name: 'adam' } });
    run.logParam('epochs', 4);
    run.span.setAttribute('units', 16);
    for (let step = 0; step < 3; step++) run.logMetric('loss', 1 / (step + 1), { step });
    expect(t.runs[0]?.metrics).toEqual({ loss: 1 / 3 });
    expect(t.runs[0]?.status).toBe('RUNNING');
    run.logText('hello', 'notes/a.txt');
    run.logInput({ name: 'rows', source: 's3://bucket/rows.csv' }, { context: 'training' });
    await run.logArtifact(file, 'model');
    run.log.info({ rows: 442 }, 'loaded');
  });
  const [run] = t.runs;
  expect(run).toMatchObject({
    name: 'train',
    status: 'FINISHED',
    params: { epochs: '3', 'optimizer.name': 'adam', units: '16' },
    tags: { stage: 'dev', 'param.epochs': '4' },
    metrics: { loss: 1 / 3 },
    inputs: [{ dataset: { name: 'rows', sourceType: 's3' } }],
  });
  expect(run?.history['loss']?.map(({ step, value }) => [step, value])).toEqual([
    [0, 1],
    [1, 1 / 2],
    [2, 1 / 3],
  ]);
  expect(run?.text('notes/a.txt')).toBe('hello');
  expect(run?.text('model/weights.bin')).toBe('weights');
  expect(() => run?.text('no.txt')).toThrow(/no artifact 'no.txt'; it has: notes\/a.txt, model\/weights.bin/);
  expect(run?.allTags).toMatchObject({ 'mlflow.runName': 'train', 'runspan.run_key': run?.key });
  expect(t.lines.find(({ message }) => message === 'loaded')).toMatchObject({
    level: 'INFO',
    fields: { rows: 442 },
    runKey: run?.key,
    traceId: run?.allTags['otel.trace_id'],
  });
  expect(t.spans.map(({ name }) => name)).toEqual(['train']);
});

test('a run that fails is FAILED, and its alert is there', async () => {
  const t = await start();
  await expect(
    t.mlflow.runContext('bad', () => {
      throw new RangeError('too high');
    }),
  ).rejects.toThrow('too high');
  expect(t.runs.map(({ status }) => status)).toEqual(['FAILED']);
  expect(t.alerts).toEqual([{ title: 'Run bad failed', message: expect.stringContaining('RangeError: too high') }]);
  await t.mlflow.runContext('good', () => undefined);
  expect(t.runs.map(({ name, status }) => [name, status])).toEqual([
    ['bad', 'FAILED'],
    ['good', 'FINISHED'],
  ]);
  expect(t.alerts).toHaveLength(1);
});

test('a child knows its parent', async () => {
  const t = await start();
  await t.mlflow.runContext('outer', () => t.mlflow.runContext({ name: 'inner', nested: true }, () => undefined));
  expect(t.runs[1]?.parentKey).toBe(t.runs[0]?.key);
});

test('client() answers from a real store, behind what was logged', async () => {
  const t = await start({ experimentName: 'churn' });
  for (const loss of [0.5, 0.25]) await t.mlflow.runContext('train', (run) => run.logMetric('loss', loss));
  const client = t.mlflow.client();
  const experiment = await client.getExperimentByName('churn');
  const found = await client.searchRuns([experiment?.experimentId ?? ''], { filterString: 'metrics.loss < 0.3' }).all();
  expect(found.map(({ info }) => info.runId)).toEqual([t.runs[1]?.key]);
  expect((await t.mlflow.flush()).isComplete).toBe(true);
  expect(t.mlflow.stats()).toMatchObject({ pending: 0, deadLettered: 0 });
});

test('nothing is written to the disk, and nothing is sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-testing-'));
  const before = process.cwd();
  let connections = 0;
  const server = createServer(() => connections++).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number }; // it listens on a port
  onTestFinished(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
    for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'MLFLOW_TRACKING_URI']) delete process.env[name];
    server.close();
  });
  process.chdir(folder);
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
  process.env['MLFLOW_TRACKING_URI'] = `http://127.0.0.1:${port}`;
  const t = await testServices();
  await t.mlflow.runContext('quiet', (run) => run.logText('x', 'a.txt'));
  await t.stop();
  expect(readdirSync(folder)).toEqual([]);
  expect(existsSync(t.mlflow.settings.directory)).toBe(false);
  expect(connections).toBe(0);
});

test('strict throws on what would have been mended', async () => {
  const t = await start({ strict: true });
  await expect(t.mlflow.runContext('a', (run) => run.logParam('a*b', 1))).rejects.toMatchObject({
    code: 'INVALID_VALUE',
  });
});

test('many metrics in one turn are all there, and delivered', async () => {
  const t = await start();
  await t.mlflow.runContext('many', (run) => {
    for (let step = 0; step < 100_000; step++) run.logMetric('x', step, { step });
  });
  expect(t.runs[0]?.history['x']).toHaveLength(100_000);
  expect(await t.mlflow.flush()).toMatchObject({ isComplete: true, pending: 0 });
});

test('two at once do not see each other', async () => {
  const [first, second] = [await start(), await start()];
  await first.mlflow.runContext('a', () => undefined);
  await second.mlflow.runContext('b', () => undefined);
  expect([first, second].map((t) => t.runs.map(({ name }) => name))).toEqual([['a'], ['b']]);
  expect((await first.mlflow.client().getRun(first.runs[0]?.key ?? '')).info.runName).toBe('a');
});

test('the functions without an instance act on the services of the test that started last, while they are there', async () => {
  const first = await start({ experimentName: 'first' });
  const second = await start({ experimentName: 'second' });
  await runContext('train', () => logMetric('loss', 0.25));
  log.info({ rows: 442 }, 'outside');
  expect(second.runs).toMatchObject([{ name: 'train', status: 'FINISHED', metrics: { loss: 0.25 } }]);
  expect(second.lines.map(({ message }) => message)).toContain('outside');
  expect((await (await searchRuns()).all()).map(({ info }) => info.runName)).toEqual(['train']);
  await second.stop();
  await runContext('again', () => undefined);
  expect(first.runs.map(({ name }) => name)).toEqual(['again']);
  expect(second.runs).toHaveLength(1);
});

test('an option that there is not is refused', async () => {
  const misspelt = { experiment: 'churn' } as TestServicesOptions;
  await expect(testServices(misspelt)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(testServices(misspelt)).rejects.toThrow("no option 'experiment'. Use experimentName,");
});
