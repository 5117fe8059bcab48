// `runspan sync --from`: stores that Python filled, copied to the real server by the command line, and both read by Python value by value.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findPython, readTraces, type RunReading } from './backends.ts';
import { requireBackend } from './require-backend.ts';

const BIN = join(import.meta.dirname, '../../bin/runspan.cjs');
const READERS = join(import.meta.dirname, 'readers');
const FROM = 'runspan.copied_from';
const STATE = 'runspan.copied_state';

const root = mkdtempSync(join(tmpdir(), 'runspan-live-copy-'));
afterAll(() => rmSync(root, { recursive: true }));

interface Tagged {
  readonly tags: Readonly<Record<string, string>>;
}

interface ModelOf extends Tagged {
  readonly model_id: string;
}

interface TraceReading {
  readonly info: Tagged & { readonly trace_metadata: Tagged['tags']; readonly assessments?: readonly object[] };
  readonly data: unknown;
}

interface ExperimentReading extends Tagged {
  readonly runs: readonly RunReading[];
  readonly models: readonly ModelOf[];
  readonly traces: readonly TraceReading[];
  /** Ids of traces by the run that leads to them. */
  readonly linked: unknown;
}

interface StoreReading {
  readonly experiments: Readonly<Record<string, ExperimentReading>>;
  readonly prompts: Readonly<Record<string, Tagged & { readonly versions: readonly Tagged[] }>>;
  readonly registry: Readonly<Record<string, Tagged & { readonly versions: readonly Tagged[] }>>;
}

function clean(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(MLFLOW|RUNSPAN|OTEL|AWS)_/.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
}

async function python(script: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout, status, stderr } = spawnSync(await findPython(), [join(READERS, script), ...args], {
    encoding: 'utf8',
    cwd: root,
    env: clean(),
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function runspan(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', cwd: root, env: clean() });
}

/** What a store holds with the ids of another one: those of the copies become those that they were made of. */
function withOrigins(reading: StoreReading): StoreReading {
  let text = JSON.stringify(reading);
  const experiments = Object.values(reading.experiments);
  const runs = experiments.flatMap(({ runs }) => runs.map(({ info, tags }) => [info.run_id, tags[FROM]] as const));
  const models = experiments.flatMap((each) =>
    each.models.map(({ model_id, tags }) => [model_id, tags[FROM]] as const),
  );
  for (const [copy, origin] of [...runs, ...models]) if (origin !== undefined) text = text.replaceAll(copy, origin);
  return JSON.parse(text) as StoreReading; // as it was but for ids
}

/** As a server has it: infinities as its database keeps them, data sets in any order, sizes as they are downloaded. */
function ofRun(run: RunReading): unknown {
  const bounded = (value: unknown): unknown => (typeof value === 'string' ? (BOUNDS[value] ?? value) : value);
  const boundedIn = (point: object): object =>
    Object.fromEntries(Object.entries(point).map(([key, value]) => [key, bounded(value)]));
  const history = Object.entries(run.history).map(([key, points]) => [key, points.map(boundedIn)]);
  return {
    ...run,
    history,
    metrics: boundedIn(run.metrics),
    tags: withoutMarks(run.tags),
    info: { ...run.info, experiment_id: '', artifact_uri: '' },
    inputs: { ...run.inputs, dataset_inputs: run.inputs.dataset_inputs.toSorted(order) },
    artifacts: run.artifacts?.map(({ size: _unused, ...file }) => file),
  };
}

const BOUNDS: Readonly<Record<string, number>> = { Infinity: Number.MAX_VALUE, '-Infinity': -Number.MAX_VALUE };
const order = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** Nor with what a server notes by itself: which versions a model has. */
const withoutMarks = (tags: Tagged['tags']): Tagged['tags'] =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => ![FROM, STATE, 'mlflow.modelVersions'].includes(key)));

function withoutTraces(reading: StoreReading): StoreReading {
  const experiments = Object.entries(reading.experiments).map(([name, each]) => [
    name,
    { ...each, traces: [], linked: {} },
  ]);
  return { ...reading, experiments: Object.fromEntries(experiments) as StoreReading['experiments'] }; // as they were, but for traces
}

/** Without where it is kept, and what a server notes when it has one whole. */
function ofTrace({ info, data }: TraceReading): unknown {
  const own = ['mlflow.artifactLocation', 'mlflow.trace.spansLocation'];
  const tags = Object.entries(withoutMarks(info.tags)).filter(([key]) => !own.includes(key));
  const metadata = Object.entries(info.trace_metadata).filter(([key]) => key !== 'mlflow.trace.infoFinalized');
  const assessments = info.assessments?.toSorted(order);
  return { data, info: { ...info, tags, trace_metadata: metadata, trace_location: '', assessments } };
}

function ofRegistry(registry: StoreReading['registry']): unknown {
  return Object.entries(registry).map(([name, model]) => ({
    name,
    ...model,
    tags: withoutMarks(model.tags),
    versions: model.versions.map((version) => ({ ...version, tags: withoutMarks(version.tags) })),
  }));
}

/** Without what each store has of its own: marks, ids of experiments, places of files. */
function comparable({ experiments, registry, prompts }: StoreReading, names: readonly string[]): unknown {
  return {
    experiments: names.map((name) => {
      const empty = { tags: {}, runs: [], models: [], traces: [], linked: {} };
      const { tags, runs, models, traces, linked } = experiments[name] ?? empty;
      return {
        name,
        tags: withoutMarks(tags),
        runs: runs.map(ofRun).toSorted(order),
        models: models.map((model) => ({ ...model, tags: withoutMarks(model.tags) })).toSorted(order),
        traces: traces.map(ofTrace).toSorted(order),
        linked,
      };
    }),
    prompts: ofRegistry(prompts),
    registry: ofRegistry(registry),
  };
}

const mlflow = requireBackend('mlflow');
const NOTHING = { copied: 0, updated: 0 };

describe.each(['a database', 'a folder of runs'])('%s that Python filled', (kind) => {
  const folder = join(root, kind);
  mkdirSync(folder);
  const from = kind === 'a database' ? `sqlite:///${join(folder, 'mlflow.db')}` : join(folder, 'mlruns');

  test('is on the server as Python reads it here, once however often it is copied', async () => {
    const uri = mlflow.env.MLFLOW_TRACKING_URI;
    await python('write_store.py', from, kind);
    const dry = runspan('sync', '--from', from, '--to', uri, '--dry-run');
    expect(dry.stdout).toMatch(/ first +2 +0 +0 +5013 +6 .*\n.* second +2 +0 +0 /);

    const first = runspan('sync', '--from', from, '--to', uri, '--json');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toMatchObject({
      runs: { copied: 4 },
      models: { copied: 1 },
      traces: 3,
      problems: [],
    });

    const names = [`${kind} first`, `${kind} second`];
    const here = (await python('read_store.py', from, kind)) as StoreReading;
    const there = (await python('read_store.py', uri, kind)) as StoreReading;
    expect(comparable(withOrigins(there), names)).toEqual(comparable(here, names));

    const again = JSON.parse(runspan('sync', '--from', from, '--to', uri, '--json').stdout) as unknown;
    expect(again).toMatchObject({
      runs: { ...NOTHING, unchanged: 4 },
      models: { ...NOTHING, unchanged: 1 },
      versions: { ...NOTHING, unchanged: 4 },
      experiments: 0,
      points: 0,
      files: 0,
      traces: 0,
    });
    expect(await python('read_store.py', uri, kind)).toEqual(there);
  });
});

/** Copies, and is killed as soon as the server has a run of that name. */
async function interruptCopy({
  store,
  uri,
  killedBy,
  whenThere,
}: {
  readonly store: string;
  readonly uri: string;
  readonly killedBy: NodeJS.Signals;
  readonly whenThere: string;
}): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  const child = spawn(process.execPath, [BIN, 'sync', '--from', store, '--to', uri], { cwd: root, env: clean() });
  const ended = once(child, 'exit');
  let runs: readonly unknown[] = [];
  while (runs.length === 0 && child.exitCode === null) {
    const answer = await fetch(`${uri}/api/2.0/mlflow/runs/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        experiment_ids: Array.from({ length: 10 }, (_, id) => String(id)),
        filter: `run_name = '${whenThere}'`,
      }),
    });
    runs = ((await answer.json()) as { runs?: readonly unknown[] }).runs ?? [];
  }
  child.kill(killedBy);
  const [code, signal] = (await ended) as [number | null, string | null];
  return { code, signal };
}

describe('a job that had no server', () => {
  test('has its run and its trace there after a copy that was killed, and one that was interrupted by Ctrl-C', async () => {
    const uri = mlflow.env.MLFLOW_TRACKING_URI;
    const folder = join(root, 'job');
    mkdirSync(folder);
    const store = `sqlite:///${join(folder, 'mlflow.db')}`;
    // So many that neither copy is over before its end has come.
    for (let count = 0; count < 4; count++) runspan('demo', '--tracking-uri', store);
    for (const [killedBy, whenThere] of [
      ['SIGKILL', 'fit-a-line'],
      ['SIGINT', 'fails-on-purpose'],
    ] as const)
      expect(await interruptCopy({ store, uri, killedBy, whenThere })).toEqual({ code: null, signal: killedBy });

    const { status, stdout } = runspan('sync', '--from', store, '--to', uri, '--json');
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/"problems": \[\]/) as string,
    });
    const here = (await python('read_store.py', store, '')) as StoreReading;
    const there = (await python('read_store.py', uri, '')) as StoreReading;
    // The trace is a file of the run here, and one of the server there.
    const names = ['runspan-demo'];
    expect(comparable(withoutTraces(withOrigins(there)), names)).toEqual(comparable(here, names));
    const run = there.experiments['runspan-demo']?.runs.find(({ info }) => info.run_name === 'fit-a-line');
    expect(await readTraces(uri, run?.info.run_id ?? '')).toHaveLength(1);
  });
});
