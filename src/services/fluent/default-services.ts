// The services behind the functions without an instance: from env, started by the first use, one set a process.
import { basename } from 'node:path';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { readEnv } from '../../config/env.ts';
import type { MlflowOptions } from '../../config/settings/mlflow-options.ts';
import { readRunName, readRunOfEnv } from '../../config/run-env.ts';
import { shareInProcess } from '../../model/process-wide.ts';
import type { Experiment } from '../../model/entities.ts';
import { addOpenRun, ambientRun, withRun } from '../../otel/run/run-context.ts';
import { openRecorder } from '../../otel/run/run-recorder.ts';
import { readTraceParent } from '../../otel/trace-parent.ts';
import { sayFailure } from '../../otel/quietly.ts';
import type { FluentClient } from '../mlflow/fluent-client.ts';
import type { RunConfig } from '../../runs/open/run-config.ts';
import { keyOfJoined } from '../../runs/open/joined-run.ts';
import type { JoinedRun } from '../../runs/open/joined-run.ts';
import type { Run, RunLog } from '../../runs/run.ts';
import { STDERR, writeNow } from '../alerts/alert-line.ts';
import { AlertsService } from '../alerts/alerts-service.ts';
import type { ExperimentChoice } from '../mlflow/choose-experiment.ts';
import { LoggerService } from '../logger/logger-service.ts';
import { MlflowService } from '../mlflow/mlflow-service.ts';
import { startServices } from '../stack.ts';

/** A started MlflowService as any copy of this package may use it. */
export interface DefaultMlflow {
  runContext<T>(config: string | RunConfig, body: (run: Run) => T | PromiseLike<T>): Promise<T>;
  startRun(config: string | RunConfig): Promise<Run>;
  startProcessRun(config: string | RunConfig, join?: JoinedRun): Promise<Run>;
  client(): FluentClient;
  setExperiment(choice: ExperimentChoice): Promise<Experiment>;
  readonly trackingUri: string;
  readonly settings: { readonly experimentName: string; readonly registryName: string };
}

interface Defaults {
  logger: { logger(): RunLog; start(): Promise<void> } | undefined;
  starting: Promise<DefaultMlflow> | undefined;
  /** Takes back that the run of the environment is this process's, until it has been joined. */
  stopExpecting: (() => void) | undefined;
  /** What waits for the run of another process to be joined. */
  readonly waiting: ((run: Run) => void)[];
}

/** Services that stand in for those from the environment. */
export interface Substitutes {
  readonly logger: NonNullable<Defaults['logger']>;
  readonly mlflow: DefaultMlflow;
}

/** What the first use may say beyond env. */
export type DefaultOptions = Pick<MlflowOptions, 'startTimeoutMs' | 'experimentName'>;

/** Calls that wait for a join; more are refused. */
const MAX_WAITING = 10_000;

/**
 * Gives the started services, the same to every caller; uses at the same time share one start. A start that failed rejects those who
 * waited for it, and the next use tries anew. The exit hooks end what is open.
 */
export function startDefaultServices(options: DefaultOptions = {}): Promise<DefaultMlflow> {
  const substitute = substitutes().at(-1);
  if (substitute !== undefined) return Promise.resolve(substitute.mlflow);
  const defaults = shared();
  expectRunOfEnv(defaults);
  defaults.starting ??= start(defaults, options).catch((error: unknown) => {
    defaults.starting = undefined;
    throw error;
  });
  return defaults.starting;
}

/** Gives the logger of these services; it writes before they are started, too, and hands its lines to OpenTelemetry once it is. */
export function defaultLogger(): RunLog {
  const substitute = substitutes().at(-1);
  if (substitute !== undefined) return substitute.logger.logger();
  const defaults = shared();
  expectRunOfEnv(defaults);
  const service = theLogger(defaults);
  // Idempotent; where the set-up fails the lines are in the sink all the same.
  service.start().catch((error: unknown) => sayFailure('starting the logger', error));
  return service.logger();
}

/**
 * Keeps a call until this process has joined the run that its environment names: the start of the services is not waited for.
 *
 * @returns false where the environment names none, or too many calls wait
 */
export function actOnceJoined(act: (run: Run) => void): boolean {
  const defaults = shared();
  if (substitutes().length > 0) return false; // those are a test's, which belongs to no run
  if (defaults.waiting.length >= MAX_WAITING || readRunOfEnv() === undefined) return false;
  defaults.waiting.push(act);
  startDefaultServices().catch((error: unknown) => sayFailure('joining the run of the environment', error));
  return true;
}

/**
 * Has the functions without an instance act on these started services, whatever the environment says, until the returned function is
 * called. Of several that stand in at once it is the one that came last.
 */
export function standInForDefaults(services: Substitutes): () => void {
  const all = substitutes();
  all.push(services);
  return () => {
    const at = all.indexOf(services);
    if (at >= 0) all.splice(at, 1);
  };
}

function substitutes(): Substitutes[] {
  return shareInProcess('substitute-services', () => []);
}

async function start(defaults: Defaults, options: DefaultOptions): Promise<DefaultMlflow> {
  const mlflow = new MlflowService(options);
  // The cast: what another copy put there is a service of its own class, which is started all the same.
  await startServices(theLogger(defaults) as LoggerService, alertsBesideOutput(), mlflow);
  await joinRunOfEnv(mlflow, defaults);
  return mlflow;
}

/** Stdout is the job's own here: it never asked for alerts, and what reads its output knows none. */
function alertsBesideOutput(): AlertsService {
  return new AlertsService({}, { write: (line) => writeNow(line, STDERR) });
}

/** What is said before the join is done belongs to the run all the same: its key or id and the span of its process are known at once. */
function expectRunOfEnv(defaults: Defaults): void {
  const join = readRunOfEnv();
  if (join === undefined || ambientRun() !== undefined) return;
  const identity = { runName: nameOfProcess(), ...join, runKey: keyOfJoined(join) };
  const parent = readTraceParent(readEnv()['TRACEPARENT']);
  const at = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const recorder = openRecorder(identity.runKey);
  const forget = addOpenRun({ identity, context: withRun(at, identity), isFallback: true, isAmbient: true });
  defaults.stopExpecting = () => {
    forget();
    // Where the run keeps its telemetry, another has taken over what is in it.
    recorder.close();
  };
}

/** A process that another one started belongs to that one's run, unless it has one of its own already. */
async function joinRunOfEnv(mlflow: DefaultMlflow, defaults: Defaults): Promise<void> {
  const join = readRunOfEnv();
  if (join === undefined || (ambientRun() !== undefined && defaults.stopExpecting === undefined)) return;
  const run = await mlflow.startProcessRun(nameOfProcess(), join);
  defaults.stopExpecting?.();
  defaults.stopExpecting = undefined;
  for (const act of defaults.waiting.splice(0)) act(run);
}

/** What the run of a whole process is called: as its environment says, else as its script. */
export function nameOfProcess(): string {
  // Code on stdin is a script by the name of `-`.
  const [, script = '-'] = process.argv;
  return readRunName() ?? (script === '-' ? 'node' : basename(script).replace(/\.[cm]?[jt]sx?$/, ''));
}

function theLogger(defaults: Defaults): NonNullable<Defaults['logger']> {
  return (defaults.logger ??= new LoggerService());
}

function shared(): Defaults {
  return shareInProcess('default-services', () => ({
    logger: undefined,
    starting: undefined,
    stopExpecting: undefined,
    waiting: [],
  }));
}
