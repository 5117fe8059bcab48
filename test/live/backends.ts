// The real servers, brought up by the scripts in backends/, and runs read back with MLflow's own Python client.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Variables = Readonly<Record<string, string>>;

interface Server {
  readonly script: string;
  readonly env?: Variables;
}

/** What each backend exports: its addresses, and whatever a client of it needs. */
interface Exports {
  readonly mlflow: 'MLFLOW_TRACKING_URI' | 'MLFLOW_PYTHON';
  readonly 'mlflow-postgres': 'MLFLOW_TRACKING_URI' | 'MLFLOW_PYTHON' | 'MLFLOW_BACKEND_STORE';
  readonly 'mlflow-s3': 'MLFLOW_TRACKING_URI' | 'MLFLOW_PYTHON' | 'MLFLOW_S3_ENDPOINT_URL';
  readonly collector: 'OTEL_COLLECTOR_HTTP' | 'OTEL_COLLECTOR_GRPC' | 'OTEL_COLLECTOR_OUT';
  readonly s3: 'AWS_ENDPOINT_URL_S3' | 'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY' | 'AWS_REGION' | 'S3_BUCKET';
  readonly jaeger: 'JAEGER_URL' | 'JAEGER_OTLP_HTTP' | 'JAEGER_OTLP_GRPC';
  readonly chromium: 'CHROMIUM_PATH';
}

export type BackendName = keyof Exports;
export type BackendEnv<Name extends BackendName> = Readonly<Record<Exports[Name], string>>;

/** The servers of each backend, in the order they start: what one exports, the next is given. */
const backends: Readonly<Record<BackendName, readonly Server[]>> = {
  mlflow: [{ script: 'mlflow.sh' }],
  'mlflow-postgres': [{ script: 'postgres.sh' }, { script: 'mlflow.sh' }],
  'mlflow-s3': [{ script: 's3.sh' }, { script: 'mlflow.sh', env: { MLFLOW_ARTIFACTS: 's3://runspan' } }],
  collector: [{ script: 'collector.sh' }],
  s3: [{ script: 's3.sh' }],
  jaeger: [{ script: 'jaeger.sh' }],
  chromium: [{ script: 'chromium.sh' }],
};

export interface BackendOptions {
  /** Variables of the scripts and of the servers, such as COLLECTOR_TRACES or MLFLOW_SERVER_ARGS. */
  readonly env?: Variables;
  /** Where pid files, logs and data are. @default a folder of its own, removed by stop() */
  readonly runFolder?: string;
}

export interface Backend<Name extends BackendName = BackendName> {
  readonly env: BackendEnv<Name>;
  /** `NAME/log` in here is what the server called NAME said. */
  readonly runFolder: string;
  /** Takes the server away as an outage would; the databases behind it stay. */
  down(): Promise<void>;
  /** Brings it back at the same address, with the same data. */
  up(): Promise<void>;
  /** Stops everything and removes its folder. */
  stop(): Promise<void>;
}

const scripts = join(import.meta.dirname, 'backends');
const readers = join(import.meta.dirname, 'readers');
const running = new Set<() => void>();
process.once('exit', () => running.forEach((stopNow) => stopNow()));

/** Without what the developer's shell says about servers of their own. */
function cleanEnv(): Record<string, string> {
  const foreign = /^(AWS|BACKENDS_RUN|COLLECTOR|JAEGER|MLFLOW|OTEL|POSTGRES|RUNSPAN|S3)(_|$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
}

/** Runs a command to its end and returns its stdout; stderr is shown as it comes, and is the error's text. */
function run(command: string, args: readonly string[], env: Variables, isShown: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      if (isShown) process.stderr.write(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${code}: ${stderr.trim().slice(-2000)}`));
    });
  });
}

function runScript(server: Server, verb: string, env: Variables): Promise<string> {
  return run(join(scripts, server.script), [verb], { ...env, ...server.env }, true);
}

function parseExports(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/^export (\w+)=(.*)$/gm)) found[name ?? ''] = value ?? '';
  return found;
}

/**
 * Installs a backend if it is not there yet, starts it on free loopback ports and waits until it answers.
 *
 * @throws with the end of the server's log where it cannot be brought up; what was started is stopped again
 * @example
 * const mlflow = await startBackend('mlflow');
 * const answer = await fetch(`${mlflow.env.MLFLOW_TRACKING_URI}/version`);
 * await mlflow.stop();
 */
export async function startBackend<Name extends BackendName>(
  name: Name,
  options: BackendOptions = {},
): Promise<Backend<Name>> {
  const servers = backends[name];
  const runFolder = options.runFolder ?? mkdtempSync(join(tmpdir(), `runspan-${name}-`));
  const env: Record<string, string> = { ...cleanEnv(), ...options.env, BACKENDS_RUN: runFolder };
  const front = servers.at(-1);
  if (front === undefined) throw new Error(`Backend '${name}' has no server.`);

  const removeFolder = (): void => {
    if (options.runFolder === undefined) rmSync(runFolder, { recursive: true, force: true });
  };
  const stopNow = (): void => {
    for (const server of servers.toReversed())
      spawnSync(join(scripts, server.script), ['stop'], { env: { ...env, ...server.env } });
    removeFolder();
  };
  const stop = async (): Promise<void> => {
    for (const server of servers.toReversed()) await runScript(server, 'stop', env);
    removeFolder();
    running.delete(stopNow);
  };

  running.add(stopNow);
  const found: Record<string, string> = {};
  try {
    for (const server of servers)
      Object.assign(found, parseExports(await runScript(server, 'start', { ...env, ...found })));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env: found as BackendEnv<Name>, // the scripts' `start` prints them all, or fails
    runFolder,
    stop,
    down: async () => void (await runScript(front, 'stop', env)),
    up: async () => void (await runScript(front, 'start', { ...env, ...found })),
  };
}

export type MetricValue = number | 'NaN' | 'Infinity' | '-Infinity';

/** One run as MLflow's Python client sees it; see readers/read_run.py. */
export interface RunReading {
  readonly info: {
    readonly run_id: string;
    readonly run_name: string;
    readonly status: 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';
    readonly start_time: number;
    readonly end_time: number | null;
    readonly experiment_id: string;
    readonly experiment_name: string;
    readonly artifact_uri: string;
    readonly user_id: string;
    readonly lifecycle_stage: 'active' | 'deleted';
  };
  readonly params: Variables;
  readonly tags: Variables;
  readonly metrics: Readonly<Record<string, MetricValue>>;
  readonly history: Readonly<
    Record<string, readonly { readonly value: MetricValue; readonly timestamp: number; readonly step: number }[]>
  >;
  readonly inputs: {
    readonly dataset_inputs: readonly {
      readonly dataset: Readonly<
        Record<'name' | 'digest' | 'source_type' | 'source' | 'schema' | 'profile', string | null>
      >;
      readonly tags: Variables;
    }[];
    readonly model_inputs: readonly string[];
  };
  readonly outputs: { readonly model_outputs: readonly { readonly model_id: string; readonly step: number }[] };
  /** Null where they were not asked for. */
  readonly artifacts:
    | readonly {
        readonly path: string;
        readonly size: number;
        readonly downloaded_size?: number;
        readonly sha256?: string;
        /** Why MLflow's client cannot download a file that it lists. */
        readonly error?: string;
      }[]
    | null;
}

export type RunListing = Pick<
  RunReading['info'],
  'run_id' | 'run_name' | 'status' | 'start_time' | 'end_time' | 'lifecycle_stage'
>;

let python: Promise<string> | undefined;

/** The path of a Python that has MLflow; installs it if it is not there yet. */
export function findPython(): Promise<string> {
  python ??= run(join(scripts, 'mlflow.sh'), ['python'], cleanEnv(), true).then((path) => path.trim());
  return python;
}

let kerasPython: Promise<string> | undefined;

/** The path of a Python that has Keras and MLflow; installs it if it is not there yet. */
export function findKerasPython(): Promise<string> {
  kerasPython ??= run(join(scripts, 'keras.sh'), ['python'], cleanEnv(), true).then((path) => path.trim());
  return kerasPython;
}

async function read(script: string, ...args: readonly string[]): Promise<unknown> {
  return readWith({}, script, ...args);
}

async function readWith(env: Variables, script: string, ...args: readonly string[]): Promise<unknown> {
  return JSON.parse(await run(await findPython(), [join(readers, script), ...args], { ...cleanEnv(), ...env }, false));
}

/** Everything that MLflow's Python client sees of one run; its artifacts are downloaded, unless `artifacts` is false, with `env` for S3. */
export async function readRun(
  trackingUri: string,
  runId: string,
  options: { readonly artifacts?: boolean; readonly env?: Variables } = {},
): Promise<RunReading> {
  const flags = options.artifacts === false ? ['--no-artifacts'] : [];
  const { env = {} } = options;
  return (await readWith(env, 'read_run.py', trackingUri, runId, ...flags)) as RunReading; // the script's one output
}

/** An experiment as MLflow's Python client sees it. */
export interface ExperimentReading {
  /** Deleted ones too, oldest first. */
  readonly runs: readonly RunReading[];
  /** The ids of the runs that each filter finds, oldest first. */
  readonly found: Readonly<Record<string, readonly string[]>>;
}

/** Every run of an experiment whole, and what filters find, in one start of Python (3 s on two busy cores). */
export async function readExperiment(
  trackingUri: string,
  experimentName: string,
  options: { readonly artifacts?: boolean; readonly filters?: readonly string[] } = {},
): Promise<ExperimentReading> {
  const flags = [
    ...(options.artifacts === false ? ['--no-artifacts'] : []),
    ...(options.filters ?? []).map((filter) => `--filter=${filter}`),
  ];
  return (await read('read_experiment.py', trackingUri, experimentName, ...flags)) as ExperimentReading; // the script's one output
}

/** The ids of the runs that MLflow's Python client finds by a filter, oldest first. */
export async function searchRuns(trackingUri: string, experimentName: string, filter: string): Promise<string[]> {
  return (await read('search_runs.py', trackingUri, experimentName, filter)) as string[]; // the script's one output
}

/** Every run of an experiment, deleted ones too, oldest first. */
export async function listRuns(trackingUri: string, experimentName: string): Promise<RunListing[]> {
  return (await read('list_runs.py', trackingUri, experimentName)) as RunListing[]; // the script's one output
}

/** A trace that MLflow shows with a run. */
export interface TraceReading {
  readonly traceId: string;
  readonly name: string | null;
  readonly state: string;
  /** Name, parent's name and status of each span, sorted. */
  readonly spans: readonly (readonly [string, string | null, string])[];
}

/** Reads the traces of a run through the Python client. */
export async function readTraces(trackingUri: string, runId: string): Promise<TraceReading[]> {
  return (await read('read_traces.py', trackingUri, runId)) as TraceReading[]; // the script's one output
}

/** A logged model as MLflow's Python client sees it. */
export interface ModelReading {
  readonly status: string;
  readonly name: string;
  readonly source_run_id: string;
  readonly params: Variables;
  /** Key, step, value and run of each point, sorted. */
  readonly metrics: readonly (readonly [string, number, number, string])[];
  readonly info: {
    readonly model_id: string;
    readonly run_id: string;
    readonly flavors: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly signature: Readonly<Record<string, string | null>>;
    readonly mlflow_version: string;
  };
  readonly example: { readonly dtype: string; readonly values: readonly (readonly number[])[] } | null;
}

/** Reads a logged model, and its example, through the Python client. */
export async function readModel(trackingUri: string, modelId: string): Promise<ModelReading> {
  return (await read('read_model.py', trackingUri, modelId)) as ModelReading; // the script's one output
}

/** One call of MLflow's Python client: the method, its arguments, its keywords. */
export type PythonCall = readonly [
  method: string,
  args?: readonly unknown[],
  keywords?: Readonly<Record<string, unknown>>,
];

/** What a call answered, an entity as its properties; or its error. */
export type PythonAnswer = { readonly value: unknown } | { readonly error_code: string; readonly status: number };

/** Calls MLflow's Python client, in one start of Python. */
export async function callPython(
  trackingUri: string,
  calls: readonly PythonCall[],
  options: { readonly registryUri?: string } = {},
): Promise<readonly PythonAnswer[]> {
  const given = calls.map(([method, args = [], keywords = {}]) => [method, args, keywords]);
  const flags = options.registryUri === undefined ? [] : ['--registry-uri', options.registryUri];
  return (await read('call_client.py', trackingUri, JSON.stringify(given), ...flags)) as PythonAnswer[]; // its one output
}

/** Images and a table of a run as MLflow's Python client sees them; it adds a row to the table. */
export interface MediaReading {
  /** Format, width, height, mode and the first pixel of each. */
  readonly images: Readonly<Record<string, readonly [string, number, number, string, readonly number[]]>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly tags: Readonly<Record<string, string | null>>;
  readonly figure: string;
  readonly svg: string;
  /** Width and height. */
  readonly picture: readonly number[];
  readonly vega: unknown;
  readonly dict: unknown;
}

/** Reads a run's images and one of its tables through the Python client. */
export async function readMedia(trackingUri: string, runId: string, table: string): Promise<MediaReading> {
  return (await read('read_media.py', trackingUri, runId, table)) as MediaReading; // the script's one output
}

/** What MLflow's Python client predicts for rows by a model, loaded by each of its URIs, in one start of Python. */
export async function predictByPython(
  trackingUri: string,
  rows: unknown,
  uris: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const found = await read('predict.py', trackingUri, JSON.stringify(rows), uris.join(' '));
  return found as Readonly<Record<string, unknown>>; // the script's one output
}

/** A model that MLflow's Python client logged, and registered with alias `champion`. */
export async function writeModelByPython(
  trackingUri: string,
  name: string,
): Promise<{ readonly run_id: string; readonly model_id: string; readonly version: string }> {
  const made = await read('write_model.py', trackingUri, name);
  return made as Awaited<ReturnType<typeof writeModelByPython>>; // the script's one output
}
