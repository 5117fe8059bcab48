// Whatever the calls, an embedded store equals a plain model of MLflow's rules.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MlflowError } from '../../src/errors.ts';
import type { Metric, Param, RunStatus, Tag } from '../../src/model/entities.ts';
import type { LogBatchRequest, Store } from '../../src/stores/contract.ts';
import { openFileStore } from '../../src/stores/file/file-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { freshFolder, freshPath } from './mlflow-file.ts';

type Call =
  | { readonly kind: 'batch'; readonly run: number; readonly batch: Omit<LogBatchRequest, 'runId'> }
  | { readonly kind: 'deleteTag'; readonly run: number; readonly key: string }
  | { readonly kind: 'update'; readonly run: number; readonly change: Change }
  | { readonly kind: 'delete'; readonly run: number }
  | { readonly kind: 'restore'; readonly run: number };

interface Change {
  readonly status?: RunStatus;
  readonly endTimeMs?: number;
  readonly runName?: string;
}

/** MLflow's rules in maps: what a store must come to. */
class ModelRun {
  name = 'start';
  status: RunStatus = 'RUNNING';
  endTimeMs: number | undefined;
  isDeleted = false;
  readonly params = new Map<string, string>();
  readonly tags = new Map<string, string>([['mlflow.runName', 'start']]);
  readonly points = new Map<string, Metric>();
  readonly latest = new Map<string, Metric>();

  /** Returns true where MLflow refuses. */
  apply(call: Call): boolean {
    if (call.kind === 'delete' || call.kind === 'restore') {
      this.isDeleted = call.kind === 'delete';
      return false;
    }
    if (this.isDeleted) return true;
    if (call.kind === 'deleteTag') return !this.tags.delete(call.key);
    if (call.kind === 'batch') return this.#log(call.batch);
    this.#update(call.change);
    return false;
  }

  #update({ status, endTimeMs, runName }: Change): void {
    this.status = status ?? this.status;
    this.endTimeMs = endTimeMs ?? this.endTimeMs;
    if (runName) this.#rename(runName);
  }

  #rename(name: string): void {
    this.name = name;
    this.tags.set('mlflow.runName', name);
  }

  #log({ metrics = [], params = [], tags = [] }: Omit<LogBatchRequest, 'runId'>): boolean {
    const merged = new Map(this.params);
    for (const { key, value } of params) {
      if ((merged.get(key) ?? value) !== value) return true;
      merged.set(key, value);
    }
    merged.forEach((value, key) => this.params.set(key, value));
    for (const metric of metrics) this.#logMetric(metric);
    for (const { key, value } of tags) {
      if (key !== 'mlflow.runName') this.tags.set(key, value);
      else if (value !== '') this.#rename(value);
    }
    return false;
  }

  #logMetric(metric: Metric): void {
    const { key, step, timestampMs } = metric;
    const value = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, metric.value)) + 0; // no store has a -0
    const point = { key, value, timestampMs, step };
    this.points.set([key, step, timestampMs, value].join(), point);
    const known = this.latest.get(key);
    if (known === undefined || compare(order(point), order(known)) > 0) this.latest.set(key, point);
  }

  history(key: string): readonly Metric[] {
    return [...this.points.values()]
      .filter((point) => point.key === key)
      .toSorted((a, b) => compare([a.timestampMs, a.step, sortable(a)], [b.timestampMs, b.step, sortable(b)]));
  }
}

function sortable({ value }: Metric): number {
  return Number.isNaN(value) ? 0 : value;
}

function order(metric: Metric): readonly number[] {
  return [metric.step, metric.timestampMs, sortable(metric)];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

const key = fc.constantFrom('a', 'b', 'loss/é', '__proto__');
const text = fc.constantFrom('', '1', '2', '🦊');
const value = fc.oneof(fc.constantFrom(0, -0, 1, -1, NaN, Infinity, -Infinity), fc.double());
const metric: fc.Arbitrary<Metric> = fc.record({
  key,
  value,
  timestampMs: fc.nat(3),
  step: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.maxSafeInteger()),
});
const pair: fc.Arbitrary<Param> = fc.record({ key, value: text });
const tag: fc.Arbitrary<Tag> = fc.record({ key: fc.oneof(key, fc.constant('mlflow.runName')), value: text });
const run = fc.nat(1);
const status = fc.constantFrom<RunStatus>('RUNNING', 'FINISHED', 'FAILED', 'KILLED');
const batch = fc.record(
  { metrics: fc.array(metric), params: fc.array(pair, { maxLength: 3 }), tags: fc.array(tag) },
  { requiredKeys: [] },
);
const change = fc.record({ status, endTimeMs: fc.nat(), runName: text }, { requiredKeys: [] });
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('batch'), run, batch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteTag'), run, key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('update'), run, change }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), run }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore'), run }) },
);

function perform(store: Store, runId: string, each: Call): Promise<unknown> {
  if (each.kind === 'batch') return store.logBatch({ ...each.batch, runId });
  if (each.kind === 'deleteTag') return store.deleteTag(runId, each.key);
  if (each.kind === 'update') return store.updateRun({ ...each.change, runId });
  return each.kind === 'delete' ? store.deleteRun(runId) : store.restoreRun(runId);
}

async function expectEqual(store: Store, runId: string, model: ModelRun): Promise<void> {
  const { info, data } = await store.getRun(runId);
  expect(info).toMatchObject({
    runName: model.name,
    status: model.status,
    endTimeMs: model.endTimeMs,
    lifecycleStage: model.isDeleted ? 'deleted' : 'active',
  });
  expect(new Map(Object.entries(data.params))).toEqual(model.params);
  expect(new Map(Object.entries(data.tags))).toEqual(model.tags);
  expect(new Map(Object.entries(data.metrics))).toEqual(
    new Map([...model.latest].map(([name, point]) => [name, point.value])),
  );
  for (const name of model.latest.keys()) {
    const { items } = await store.getMetricHistory({ runId, key: name });
    // of points that are equal in all that orders them (0 and NaN) either may come first
    const told = (points: readonly Metric[]): readonly string[] => points.map((point) => JSON.stringify(order(point)));
    expect(told(items)).toEqual(told(model.history(name)));
    expect(new Set(items)).toEqual(new Set(model.history(name)));
  }
}

const stores = [
  ['sqlite', () => openSqliteStore({ path: freshPath(), artifactRoot: '/artifacts' }), 200],
  ['file', () => openFileStore({ path: freshFolder() }), 40],
] as const;

test.each(stores)(
  'after any calls, refused and resent ones among them, %s equals the model',
  async (_, open, numRuns) => {
    const store = open();
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 20 }), fc.boolean(), async (calls, isResent) => {
        const models = [new ModelRun(), new ModelRun()];
        const runIds: string[] = [];
        for (const { name } of models) {
          const made = await store.createRun({ experimentId: '0', runName: name, startTimeMs: 0, tags: [] });
          runIds.push(made.info.runId);
        }
        for (const each of calls) {
          const [model, runId] = [models[each.run] as ModelRun, runIds[each.run] as string]; // run is 0 or 1
          const isRefused = model.apply(each);
          const outcome = await perform(store, runId, each).then(
            () => false,
            (error: unknown) => error instanceof MlflowError && error.status < 500,
          );
          expect(outcome).toBe(isRefused);
          if (isResent && each.kind === 'batch' && !isRefused) await perform(store, runId, each);
        }
        for (const [index, model] of models.entries()) await expectEqual(store, runIds[index] as string, model);
      }),
      { numRuns },
    );
    await store.close();
  },
);
