// DESIGN's table of values against a real server, read by MLflow's own client: what is given, what MLflow holds.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readExperiment } from './backends.ts';
import { startService } from './in-process.ts';
import { makeFolder } from './live-job.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');

/** How MLflow's SQL stores keep an infinity. */
const MAX_DOUBLE = Number.MAX_VALUE;
const MAX_STEP = Number.MAX_SAFE_INTEGER;
const longKey = `${'k'.repeat(240)}/${'l'.repeat(30)}`;
const longText = '𝔘'.repeat(9_000);
const lastMomentMs = 1_700_000_000_123;

test('every row of the table of values', async () => {
  const service = await startService({ trackingUri: mlflow.env.MLFLOW_TRACKING_URI, experimentName: 'values' });
  await service.runContext('values', (run) => {
    run.logMetric('nan', Number.NaN);
    run.logMetric('up', Infinity);
    run.logMetric('down', -Infinity);
    run.logMetric('tiny', 5e-324);
    run.logMetric('third', 1 / 3, { step: 1.9, timestampMs: lastMomentMs + 0.9 });
    run.logMetric('far', 1, { step: 2 ** 60 });
    run.logMetric('back', 1, { step: -(2 ** 60) });
    run.logMetric('text', 'high' as never);
    run.logMetric('loss@val', 0.5);
    run.logMetric('größe/日本 1:2', 3);
    run.logMetric(longKey, 4);
    run.logParams({
      flag: true,
      big: 12_345_678_901_234_567_890n,
      none: null,
      gone: undefined,
      text: 'é\n✓',
      list: [1, { a: 2 }],
    });
    run.logParams({ model: { name: 'mlp', size: { units: 16 } } });
    run.logParam('object', { a: 1 });
    run.logParam('a//b/', 'slashes');
    run.logParam('../up', 'climbs');
    run.logParam('📈', 'emoji');
    run.logParam('long', longText);
    run.logParam('lr', 0.1);
    run.logParam('lr', 0.1);
    run.logParam('lr', 0.2);
    run.setTag('long', longText);
    run.setTag('emoji value', '🚀');
    run.setTag('empty', '');
    run.setTag('api_key', 'hunter2');
    run.logMetric('after', 1);
  });
  await service.flush();
  expect(service.stats()).toMatchObject({ pending: 0, deadLettered: 0, refused: { invalid: 1 } });
  await service.runContext('again', (run) => run.logParam('lr', 1));

  const { runs } = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, 'values');
  const run = runs[0];
  const sentLongKey = Object.keys(run?.metrics ?? {}).find((key) => key.startsWith('kkk')) ?? '';
  expect(sentLongKey).toMatch(/^k{240}\/.*-[0-9a-f]{8}$/);
  expect(sentLongKey).toHaveLength(250);
  expect(run?.metrics).toEqual({
    nan: 'NaN',
    up: MAX_DOUBLE,
    down: -MAX_DOUBLE,
    tiny: 5e-324,
    third: 1 / 3,
    far: 1,
    back: 1,
    loss_val: 0.5,
    'größe/日本 1:2': 3,
    [sentLongKey]: 4,
    after: 1,
  });
  expect(run?.history['third']).toEqual([{ value: 1 / 3, step: 1, timestamp: lastMomentMs }]);
  expect(run?.history['far']?.[0]?.step).toBe(MAX_STEP);
  expect(run?.history['back']?.[0]?.step).toBe(-MAX_STEP);
  expect(run?.params).toEqual({
    flag: 'true',
    big: '12345678901234567890',
    none: '',
    text: 'é\n✓',
    list: '[1,{"a":2}]',
    'model.name': 'mlp',
    'model.size.units': '16',
    object: '{"a":1}',
    'a/b': 'slashes',
    '__/up': 'climbs',
    _: 'emoji',
    long: `${'𝔘'.repeat(5_999)}…`,
    lr: '0.1',
  });
  expect(run?.tags).toMatchObject({
    'runspan.key.loss_val': 'loss@val',
    'runspan.key.a/b': 'a//b/',
    'runspan.key.__/up': '../up',
    'runspan.key._': '📈',
    'param.lr': '0.2',
    long: `${'𝔘'.repeat(7_999)}…`,
    'emoji value': '🚀',
    empty: '',
  });
  const original = Object.entries(run?.tags ?? {}).find(([key]) => key.startsWith('runspan.key.kkk'));
  expect(original?.[1]).toBe(longKey);
  expect(run?.tags['api_key']).not.toContain('hunter2');
  const whole = createHash('sha256').update(longText).digest('hex');
  const kept = ['runspan/trace.otlp.jsonl'];
  const artifacts = run?.artifacts ?? [];
  expect(artifacts.filter(({ path }) => kept.includes(path)).map(({ path }) => path)).toEqual(kept);
  const others = artifacts.filter(({ path }) => !kept.includes(path));
  expect(others.map(({ path, sha256 }) => [path, sha256])).toEqual([
    ['runspan/values/long.tag.txt', whole],
    ['runspan/values/long.txt', whole],
  ]);
});

const oddNames = [
  'plain.txt',
  'with space.txt',
  'ünïcode ✓ 日本.txt',
  'a+b;c&d=e.txt',
  '100%.txt',
  'colon:1.txt',
  "quote'.txt",
  'star*pipe|.txt',
  '-dash',
  '.hidden',
] as const;

test('artifacts under odd names, through the proxy of the server', async () => {
  const folder = makeFolder();
  const service = await startService({
    trackingUri: mlflow.env.MLFLOW_TRACKING_URI,
    experimentName: 'artifacts',
    keepTelemetry: false,
  });
  const expected: Record<string, string> = {};
  const keep = (path: string, text: string | Uint8Array): void => {
    expected[path] = createHash('sha256').update(text).digest('hex');
  };
  const bytes = new Uint8Array(3_000_000).map((_, index) => index % 251);
  await service.runContext('artifacts', async (run) => {
    for (const name of oddNames) {
      run.logText(`text of ${name}`, `texts/${name}`);
      keep(`texts/${name}`, `text of ${name}`);
      writeFileSync(join(folder, name), `file of ${name}`);
      await run.logArtifact(join(folder, name), `files/${name}.d`);
      keep(`files/${name}.d/${name}`, `file of ${name}`);
    }
    // MLflow's Python client cannot download it (it takes '?' for a query), nor log it under this name.
    run.logText('asked', 'what?.txt');
    keep('what?.txt', 'asked');
    run.logText('', 'empty.txt');
    keep('empty.txt', '');
    run.logDict({ a: [1, 'é'] }, 'dicts/a.json');
    keep('dicts/a.json', '{\n  "a": [\n    1,\n    "é"\n  ]\n}');
    run.logDict({ a: [1, 'é'] }, 'dicts/a.yaml');
    keep('dicts/a.yaml', 'a:\n- 1\n- é\n');
    run.logText('first', 'twice.txt');
    run.logText('second', 'twice.txt');
    keep('twice.txt', 'second');
    writeFileSync(join(folder, 'big.bin'), bytes);
    await run.logArtifact(join(folder, 'big.bin'));
    keep('big.bin', bytes);
    // What cannot be kept is refused and counted, and takes nothing else with it.
    run.logText('x', '../out.txt');
    run.logText('x', '/etc/out.txt');
    mkdirSync(join(folder, 'directory'));
    await run.logArtifact(join(folder, 'nothing-there'));
  });
  await service.flush();
  expect(service.stats()).toMatchObject({ pending: 0, deadLettered: 0, refused: { artifact: 3 } });
  const { runs } = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, 'artifacts');
  const [run] = runs;
  const found = Object.fromEntries((run?.artifacts ?? []).map(({ path, sha256, error }) => [path, sha256 ?? error]));
  const folderUrl = `${mlflow.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow-artifacts/artifacts/${run?.info.artifact_uri.replace('mlflow-artifacts:/', '')}`;
  const asked = await (await fetch(`${folderUrl}/what%3F.txt`)).text();
  expect(found['what?.txt']).toContain('Failed to download');
  expect({ ...found, 'what?.txt': createHash('sha256').update(asked).digest('hex') }).toEqual(expected);
});
