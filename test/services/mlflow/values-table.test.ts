// What is sent for what is given, row by row, from the call to a real SQLite file; the table is that of docs and README.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import type { RunEntity } from '../../../src/model/entities.ts';
import type { Run } from '../../../src/runs/run.ts';
import { shareService, startService } from './mlflow-fixture.ts';

const service = shareService();
const LONG = `${'a'.repeat(300)}z`;
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

interface Point {
  readonly value: number;
  readonly is_nan: number;
  readonly step: number;
  readonly timestamp: number;
}

interface Sent {
  readonly run: RunEntity;
  readonly points: readonly Point[];
  readonly readArtifact: (path: string) => string | undefined;
}

/** Does something in a run, and reads what the database has of it. */
async function send(act: (run: Run) => void): Promise<Sent> {
  const { mlflow, folder } = service;
  const key = await mlflow.runContext('values', (run) => {
    act(run);
    return run.key;
  });
  await mlflow.flush();
  expect(mlflow.stats()).toMatchObject({ pending: 0, deadLettered: 0 });
  const run = await mlflow.client().getRun(key);
  const database = new DatabaseSync(join(folder, 'mlflow.db'), { readOnly: true, timeout: 10_000 });
  const sql = 'SELECT value, is_nan, step, timestamp FROM metrics WHERE run_uuid = ? ORDER BY rowid';
  const points = database.prepare(sql).all(key) as unknown as readonly Point[];
  database.close();
  const { artifactUri } = run.info;
  const root = artifactUri.startsWith('file:') ? fileURLToPath(artifactUri) : artifactUri;
  const readArtifact = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
  return { run, points, readArtifact };
}

describe('a metric’s value', () => {
  test('NaN and the infinities are kept as MLflow keeps them', async () => {
    const { points } = await send((run) => {
      for (const value of [Number.NaN, Infinity, -Infinity]) run.logMetric('loss', value);
    });
    expect(points.map(({ value, is_nan: isNaN }) => [value, isNaN])).toEqual([
      [0, 1],
      [Number.MAX_VALUE, 0],
      [-Number.MAX_VALUE, 0],
    ]);
  });

  test.each([['0.5'], [null], [undefined], [true], [1n], [new Date(0)], [{}], [[1]], [() => 1]])(
    'that is no number is refused and counted: %s',
    async (value) => {
      const before = service.mlflow.stats().refused['invalid'] ?? 0;
      const { points } = await send((run) => run.logMetric('loss', value as unknown as number));
      expect(points).toEqual([]);
      expect(service.mlflow.stats().refused['invalid']).toBe(before + 1);
    },
  );
});

test.each([
  [1.9, 1],
  [-1.9, -1],
  [-0.5, 0],
  [2 ** 53, 2 ** 53 - 1],
  [-1e300, -(2 ** 53 - 1)],
  [Infinity, 2 ** 53 - 1],
  [Number.NaN, 0],
])('step %d is sent as %d', async (step, sent) => {
  const { points } = await send((run) => run.logMetric('loss', 1, { step }));
  expect(points.map((point) => point.step)).toEqual([sent]);
});

test('a time is whole milliseconds, and that of the call where none is given', async () => {
  const beganMs = Date.now();
  const { points } = await send((run) => {
    run.logMetric('loss', 1, { timestampMs: 1_700_000_000_000.9 });
    run.logMetric('loss', 2);
    const until = performance.now() + 20;
    while (performance.now() < until);
    run.logMetric('loss', 3);
  });
  const [given = 0, first = 0, second = 0] = points.map(({ timestamp }) => timestamp);
  expect(given).toBe(1_700_000_000_000);
  expect(first).toBeGreaterThanOrEqual(beganMs);
  expect(second).toBeGreaterThanOrEqual(first + 15);
  expect(points.map(({ timestamp }) => Number.isInteger(timestamp))).toEqual([true, true, true]);
});

test.each([
  ['loss@val', 'loss_val'],
  ['a//b', 'a/b'],
  ['/a', 'a'],
  ['a/', 'a'],
  ['..', '__'],
  [LONG, `${'a'.repeat(241)}-${hashOf(LONG)}`],
])('key %j of a metric, param and tag is sent as MLflow takes it, and its original is a tag', async (key, sent) => {
  const { run } = await send((open) => {
    open.logMetric(key, 1);
    open.logParam(key, 2);
    open.setTag(key, 3);
  });
  expect([run.data.metrics[sent], run.data.params[sent], run.data.tags[sent]]).toEqual([1, '2', '3']);
  const tag = Object.entries(run.data.tags).find(([name]) => name.startsWith('runspan.key.'));
  expect(tag?.[1]).toBe(key);
  if (sent.length < 200) expect(tag?.[0]).toBe(`runspan.key.${sent}`);
});

test.each<[unknown, string | undefined]>([
  [true, 'true'],
  [false, 'false'],
  [0.1, '0.1'],
  [Number.NaN, 'NaN'],
  [10n ** 20n, '100000000000000000000'],
  [{ a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
  [[1, 'x'], '[1,"x"]'],
  [null, ''],
  [undefined, undefined],
  ['as it is', 'as it is'],
])('%o as a param and as a tag is sent as %j', async (value, sent) => {
  const { run } = await send((open) => {
    open.logParam('given', value);
    open.setTag('given', value);
  });
  expect([run.data.params['given'], run.data.tags['given']]).toEqual([sent, sent]);
});

test('a param over 6000 and a tag over 8000 are cut, ending in …, and the whole is an artifact', async () => {
  const { run, readArtifact } = await send((open) => {
    open.logParam('exact', '日'.repeat(6000));
    open.logParam('over', '日'.repeat(6001));
    open.setTag('exact.tag', 'x'.repeat(8000));
    open.setTag('over.tag', 'x'.repeat(8001));
  });
  expect(run.data.params).toMatchObject({ exact: '日'.repeat(6000), over: `${'日'.repeat(5999)}…` });
  expect(run.data.tags['exact.tag']).toBe('x'.repeat(8000));
  expect(run.data.tags['over.tag']).toBe(`${'x'.repeat(7999)}…`);
  expect(readArtifact('runspan/values/over.txt')).toBe('日'.repeat(6001));
  expect(readArtifact('runspan/values/over.tag.txt')).toBe('x'.repeat(8001));
  expect(readArtifact('runspan/values/exact.txt')).toBeUndefined();
});

test('nested objects in logParams become dotted keys', async () => {
  const { run } = await send((open) =>
    open.logParams({ optimizer: { name: 'adam', betas: [0.9, 0.999] }, deep: { er: { est: 1 } } }),
  );
  expect(run.data.params).toMatchObject({
    'optimizer.name': 'adam',
    'optimizer.betas': '[0.9,0.999]',
    'deep.er.est': '1',
  });
});

test('strict throws what is mended otherwise', async () => {
  const { mlflow } = await startService({ strict: true });
  await mlflow.runContext('strict', (run) => {
    expect(() => run.logMetric('loss', 'x' as unknown as number)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    expect(() => run.logMetric('loss', 1, { step: 0.5 })).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    expect(() => run.logParam('a@b', 1)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });
});
