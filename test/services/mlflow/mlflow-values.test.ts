// Values on their whole way: from the call through the journal and the worker into a real SQLite file and its artifacts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { RunEntity } from '../../../src/model/entities.ts';
import { mendKeyApart } from '../../../src/model/mend.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import type { MlflowService } from '../../../src/services/mlflow/mlflow-service.ts';
import { makeFolder, startService } from './mlflow-fixture.ts';

function readArtifact(run: RunEntity, path: string): string {
  const root = run.info.artifactUri;
  return readFileSync(join(root.startsWith('file:') ? fileURLToPath(root) : root, path), 'utf8');
}

/** The runs of a service in the order they were opened, once everything is delivered. */
async function deliver(mlflow: MlflowService, key: string): Promise<RunEntity> {
  await mlflow.flush();
  expect(mlflow.stats()).toMatchObject({ pending: 0, deadLettered: 0 });
  return mlflow.client().getRun(key);
}

test('tags that a run is opened with arrive, whatever their keys and however long their values', async () => {
  const { mlflow } = await startService();
  const long = '日'.repeat(8001);
  const config = {
    name: 'a',
    description: 'd'.repeat(8001),
    tags: { 'a@b': 1, 'a#b': 2, 'long@key': long, at: new Date(0) },
  };
  const key = await mlflow.runContext(config, (run) => run.key);
  const run = await deliver(mlflow, key);
  const apart = mendKeyApart('a#b').key;
  expect(run.data.tags).toMatchObject({
    a_b: '1',
    'runspan.key.a_b': 'a@b',
    [apart]: '2',
    [`runspan.key.${apart}`]: 'a#b',
    long_key: `${'日'.repeat(7999)}…`,
    at: '1970-01-01T00:00:00.000Z',
  });
  expect(readArtifact(run, 'runspan/values/long_key.txt')).toBe(long);
  expect(readArtifact(run, 'runspan/values/mlflow.note.content.txt')).toBe('d'.repeat(8001));
  expect(mlflow.stats().mended).toEqual({ key: 3, 'long-value': 2 });
});

test('what is mended and refused arrives or is counted, and each kind is said once', async () => {
  const sink = join(makeFolder(), 'log.txt');
  const { mlflow } = await startService({ logger: new LoggerService({ level: 'WARN', sink }) });
  const key = await mlflow.runContext('a', (run) => {
    run.logParams({
      at: new Date(0),
      error: new Error('no'),
      set: new Set([1]),
      big: 1n,
      nested: { deep: { deeper: /x/ } },
    });
    run.logParam('日'.repeat(250), 'x'.repeat(6001));
    run.logInput({ name: 'd', source: 'a.csv' }, { context: 'x'.repeat(600) });
    for (let step = 0.5; step < 3; step++) run.logMetric('loss', step, { step });
    for (const value of ['x', null]) run.logMetric('loss', value as unknown as number);
    return run.key;
  });
  const run = await deliver(mlflow, key);
  expect(run.data.params).toMatchObject({
    at: '1970-01-01T00:00:00.000Z',
    error: 'Error: no',
    set: '[1]',
    big: '1',
    'nested.deep.deeper': '/x/',
  });
  expect(run.inputs.datasetInputs[0]?.tags[0]?.value).toBe(`${'x'.repeat(499)}…`);
  const { mended, refused } = mlflow.stats();
  expect([mended, refused]).toEqual([{ 'long-value': 2, step: 3 }, { invalid: 2 }]);
  await mlflow.stop();
  const lines = readFileSync(sink, 'utf8').trim().split('\n');
  expect(lines.map((line) => /was cut|step of|was not logged/.exec(line)?.[0])).toEqual([
    'was cut',
    'step of',
    'was not logged',
  ]);
});

test('attributes beyond what a span keeps are refused, counted, and the others arrive', async () => {
  const { mlflow } = await startService();
  const key = await mlflow.runContext('a', (run) => {
    for (let index = 0; index < 10_050; index++) run.span.setAttribute(`a${index}`, index);
    run.span.setAttributes({ '': 1, fn: (() => 1) as unknown as string, missing: undefined });
    run.span.setAttribute(Symbol('s') as unknown as string, 1);
    return run.key;
  });
  const run = await deliver(mlflow, key);
  const kept = Object.keys(run.data.params).length;
  // The run's own attributes take a few of the places.
  expect(kept).toBeGreaterThan(9980);
  expect(mlflow.stats().refused).toEqual({ invalid: 10_050 - kept + 3 });
});

test.each([
  ['sets its span OK and then throws', (run) => void run.span.setStatus({ code: SpanStatusCode.OK })],
  ['ends its span and then throws', (run) => run.span.end()],
  ['sets its span OK, ends it and then throws', (run) => run.span.setStatus({ code: SpanStatusCode.OK }).end()],
] satisfies [string, (run: Parameters<Parameters<MlflowService['runContext']>[1]>[0]) => void][])(
  'a body that %s is FAILED, with one alert that says why',
  async (_, act) => {
    const { mlflow, alerts } = await startService();
    let key = '';
    const work = mlflow.runContext('a', (run) => {
      key = run.key;
      act(run);
      throw new RangeError('no rows');
    });
    await expect(work).rejects.toThrow('no rows');
    expect((await deliver(mlflow, key)).info.status).toBe('FAILED');
    expect(alerts).toEqual([expect.stringMatching(/^Run a failed: RangeError: no rows/)]);
  },
);
