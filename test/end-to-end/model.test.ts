// Whatever the calls, the store equals a plain model: several runs at once, odd values and keys, every way to end one.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { shareService } from '../services/mlflow/mlflow-fixture.ts';
import { RunModel } from './run-model.ts';
import type { Call, Point } from './run-model.ts';

const SCALE = Number(process.env['RUNSPAN_TEST_SCALE'] ?? 1);

const shared = shareService();

const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('loss', 'lr', 'val/loss', 'a.b', 'é 日本', 'n-1:x') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'a//b',
      '/a',
      'a/',
      './a',
      'a/../b',
      '..',
      '../a',
      '..a',
      '.',
      '',
      'a@b',
      'a b#',
      '🙂',
      '__proto__',
      'constructor',
      `${'k'.repeat(260)}`,
      'k'.repeat(250),
      'db_password',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', '/', '.', '@', '_', ' ', '日') }),
  },
);
/** Few keys, so that calls meet: params that change, points of one metric at many steps and times. */
const fewKeys = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('lr', 'loss', 'k'.repeat(250)) },
  { weight: 1, arbitrary: key },
);
const scalar = fc.oneof(
  fc.string({ maxLength: 10, unit: fc.constantFrom('a', 'Z', '0', ' ', 'é', '日', '"') }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
);
const value = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined, 'y'.repeat(6001), 'z'.repeat(9000)) },
  { weight: 2, arbitrary: fc.array(fc.integer(), { maxLength: 3 }) },
);
const metricValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: fc.double() },
  { weight: 2, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>('1', null, undefined, true, 1n, {}) },
);
const step = fc.option(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double()), { nil: undefined });
const group = fc.dictionary(
  fc.constantFrom('a', 'b', 'c.d', 'x@y'),
  fc.oneof(scalar, fc.dictionary(fc.constantFrom('p', 'q'), scalar, { maxKeys: 2 })),
  {
    maxKeys: 3,
    noNullPrototype: true,
  },
);
const attributeKey = fc.constantFrom(
  'optimizer',
  'lr',
  'param.lr',
  'param.depth',
  'tag.team',
  'tag.lr',
  'metric.score',
  'metric.odd@key',
  'host.name',
  'service.name',
  'weird@key',
);
const attributeValue = fc.oneof(
  fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b', '1') }),
  fc.integer(),
  fc.constantFrom(Number.NaN, 0.5, Infinity),
  fc.boolean(),
  fc.array(fc.constantFrom('s', 't'), { maxLength: 2 }),
);
const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        kind: fc.constant('metric' as const),
        key: fewKeys,
        value: metricValue,
        step,
        timeMs: fc.constantFrom(1000, 2000, 3000),
      })
      .map(({ step: at, ...rest }) => (at === undefined ? rest : { ...rest, step: at })),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('param' as const), key: fewKeys, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('params' as const), values: group }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('tag' as const), key, value }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('attribute' as const), key: attributeKey, value: attributeValue }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('text' as const),
      file: fc.constantFrom('a.txt', 'dir/b.txt', '../c.txt', '/d.txt', 'e/../../f', ''),
      text: fc.string({ maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), reason: fc.string({ maxLength: 5 }) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Call>(
      { kind: 'end' },
      { kind: 'end', status: 'FINISHED' },
      { kind: 'end', status: 'FAILED' },
      { kind: 'end', status: 'KILLED' },
    ),
  },
);

async function carryOut(run: Run, made: Call): Promise<void> {
  switch (made.kind) {
    case 'metric': {
      // The cast gives what TypeScript would refuse.
      const given = made.value as number;
      return run.logMetric(made.key, given, {
        timestampMs: made.timeMs,
        ...(made.step === undefined ? {} : { step: made.step }),
      });
    }
    case 'param':
      return run.logParam(made.key, made.value);
    case 'params':
      return run.logParams(made.values);
    case 'tag':
      return run.setTag(made.key, made.value);
    case 'attribute':
      run.span.setAttribute(made.key, typeof made.value === 'object' ? [...made.value] : made.value);
      return undefined;
    case 'text':
      return run.logText(made.text, made.file);
    case 'fail':
      return run.fail(made.reason);
    case 'end':
      return run.end(made.status);
  }
}

const sorted = <T>(items: Iterable<T>): readonly T[] =>
  [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const readable = (value: number): number | string => (Number.isNaN(value) ? 'NaN' : value);
const shown = ({ key: name, value: of, step: at, timeMs }: Point): readonly unknown[] => [
  name,
  readable(of),
  at,
  timeMs ?? 'now',
];

/** The tags that MLflow and we set by ourselves. */
const isOwn = (tag: string): boolean => /^(?:mlflow\.|otel\.)|^runspan\.run_key$/.test(tag);

async function expectEqual(run: Run, model: RunModel): Promise<void> {
  const client = shared.mlflow.client();
  const { info, data } = await client.getRun(run.key);
  expect(info.status).toBe(model.status);
  expect(data.params).toEqual(Object.fromEntries(model.params));
  const tags = Object.entries(data.tags).filter(([tag]) => !isOwn(tag));
  expect(Object.fromEntries(tags)).toEqual(Object.fromEntries(model.tags));
  const keys = new Set([...model.points.values()].map((point) => point.key));
  expect(new Set(Object.keys(data.metrics))).toEqual(keys);
  const points: unknown[] = [];
  for (const name of keys) {
    const clocked = [...model.points.values()].filter((point) => point.key === name && point.timeMs === undefined);
    for (const point of await client.getMetricHistory(run.key, name).all()) {
      const isClocked = clocked.length > 0 && point.timestampMs > 3000;
      points.push(shown({ ...point, value: point.value + 0, timeMs: isClocked ? undefined : point.timestampMs }));
    }
  }
  expect(sorted(points)).toEqual(sorted([...model.points.values()].map(shown)));
  const latest = model.latest();
  for (const name of keys) if (!isTied(model, name)) expect(data.metrics[name]).toEqual(latest[name]);
  const root = info.artifactUri.startsWith('file:') ? fileURLToPath(info.artifactUri) : info.artifactUri;
  for (const [path, content] of model.artifacts) expect(readFileSync(join(root, path), 'utf8')).toBe(content);
  // Beside the spans and lines that every run keeps.
  const kept = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.otlp.jsonl'));
  expect(kept).toContain('runspan/trace.otlp.jsonl');
  if (model.artifacts.size === 0) expect(readdirSync(root, { recursive: true }).length).toBe(kept.length + 1);
}

/** NaN and 0 are the same to MLflow's order: which of them is the latest is not said. */
function isTied(model: RunModel, name: string): boolean {
  const values = [...model.points.values()].filter((point) => point.key === name).map((point) => point.value);
  return values.some(Number.isNaN) && values.includes(0);
}

test('any sequence of calls into several runs leaves the store as the model says', { timeout: 60_000 }, async () => {
  const calls = fc.array(fc.record({ of: fc.nat({ max: 2 }), made: call }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(calls, async (sequence) => {
      const { mlflow } = shared;
      const before = mlflow.stats();
      const models = [new RunModel(), new RunModel(), new RunModel()];
      const runs: Run[] = [];
      for (const [index] of models.entries()) runs.push(await mlflow.startRun({ name: `run ${index}`, nested: true }));
      for (const { of, made } of sequence) {
        models[of]?.take(made);
        const run = runs[of];
        if (run !== undefined) await carryOut(run, made);
      }
      for (const [index, run] of runs.entries()) {
        models[index]?.take({ kind: 'end' });
        await run.end();
      }
      expect(await mlflow.flush()).toMatchObject({ isComplete: true, pending: 0 });
      const after = mlflow.stats();
      expect(after.deadLettered).toBe(before.deadLettered);
      expect(after.accepted).toBe(after.delivered + after.deadLettered);
      for (const reason of ['invalid', 'artifact'] as const) {
        const counted = (after.refused[reason] ?? 0) - (before.refused[reason] ?? 0);
        expect([reason, counted]).toEqual([reason, models.reduce((sum, model) => sum + model.refused[reason], 0)]);
      }
      for (const [index, model] of models.entries()) await expectEqual(runs[index] as Run, model);
    }),
    { numRuns: 60 * SCALE },
  );
});

test(
  'a body that throws ends its run FAILED with all that was logged, whatever it logged',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          call.filter(({ kind }) => kind !== 'end'),
          { maxLength: 15 },
        ),
        async (sequence) => {
          const model = new RunModel();
          let opened: Run | undefined;
          let thrown: Error | undefined;
          const running = shared.mlflow.runContext('throws', async (run) => {
            opened = run;
            for (const made of sequence) {
              model.take(made);
              await carryOut(run, made);
            }
            thrown = new RangeError('thrown');
            throw thrown;
          });
          await expect(running).rejects.toThrow('thrown');
          model.take({ kind: 'end', status: 'FAILED' });
          await shared.mlflow.flush();
          // The error says more than a reason that was given before.
          model.tags.delete('runspan.end_reason');
          model.tags.set('error.type', 'RangeError').set('exception.message', 'thrown');
          model.tags.set('exception.stacktrace', thrown?.stack ?? '');
          model.artifacts.set('runspan/error.txt', `${thrown?.stack}\n`);
          await expectEqual(opened as Run, model);
        },
      ),
      { numRuns: 20 * SCALE },
    );
  },
);
