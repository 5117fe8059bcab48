// The functions without an instance: each acts on the run that is active where it is called, whoever opened it.
import type { ModelVersion } from '../../model/registry.ts';
import type { FlushResult } from '../../outbox/contract.ts';
import type { MlflowStats } from '../mlflow/run-book.ts';
import type { RegisterModelOptions } from '../../runs/client/model-file-methods.ts';
import type { RunConfig } from '../../runs/open/run-config.ts';
import type { MetricOptions, Run, RunLog } from '../../runs/run.ts';
import { at, onRun, strays } from './act-on-run.ts';
import { defaultService } from './default-client.ts';
import { defaultLogger, startDefaultServices } from './default-services.ts';
import { findActiveRun, findLastRun, startedServices } from '../mlflow/run-registry.ts';

/**
 * Opens a run, calls `body` inside it and ends it, as `MlflowService.runContext` does; by services from env, which the first
 * use starts and the end of the process ends.
 *
 * @throws {RunspanError} what the constructors and start() of the services throw, and `MlflowService.runContext`
 * @example
 * await runContext('train', () => logMetric('loss', 0.25, { step: 1 }));
 */
export async function runContext<T>(config: string | RunConfig, body: (run: Run) => T | PromiseLike<T>): Promise<T> {
  return (await startDefaultServices()).runContext(config, body);
}

/**
 * Opens a run that the caller ends, as `MlflowService.startRun` does; by services from env.
 *
 * @example
 * await using run = await startRun('serve');
 */
export async function startRun(config: string | RunConfig): Promise<Run> {
  return (await startDefaultServices()).startRun(config);
}

/**
 * Gives the open run of the current asynchronous context, opened by whichever service or copy of this package; undefined outside any.
 *
 * @example
 * activeRun()?.setTag('stage', 'eval');
 */
export function activeRun(): Run | undefined {
  return findActiveRun();
}

/**
 * Gives the active run, else the one that this process opened last, ended or not.
 *
 * @example
 * console.log(lastRun()?.metrics['loss']);
 */
export function lastRun(): Run | undefined {
  return findLastRun();
}

/**
 * Logs one point of a metric of the active run. Outside any run it is counted (`stats().refused`) and said once.
 *
 * @example
 * logMetric('loss', 0.25, { step: 1 });
 */
export function logMetric(key: string, value: number, options?: MetricOptions): void {
  onRun('logMetric', (run, atMs) => run.logMetric(key, value, at(options, atMs)));
}

/**
 * Logs one point of each metric, all at the same time and step.
 *
 * @example
 * logMetrics({ accuracy: 0.9, recall: 0.8 }, { step: 0 });
 */
export function logMetrics(metrics: Readonly<Record<string, number>>, options?: MetricOptions): void {
  onRun('logMetrics', (run, atMs) => run.logMetrics(metrics, at(options, atMs)));
}

/**
 * Logs a param of the active run.
 *
 * @example
 * logParam('optimizer', 'adam');
 */
export function logParam(key: string, value: unknown): void {
  onRun('logParam', (run) => run.logParam(key, value));
}

/**
 * Logs params; nested objects become dotted keys.
 *
 * @example
 * logParams({ epochs: 10, optimizer: { name: 'adam' } });
 */
export function logParams(params: Readonly<Record<string, unknown>>): void {
  onRun('logParams', (run) => run.logParams(params));
}

/**
 * Sets a tag of the active run; the last value wins.
 *
 * @example
 * setTag('stage', 'eval');
 */
export function setTag(key: string, value: unknown): void {
  onRun('setTag', (run) => run.setTag(key, value));
}

/**
 * Sets tags of the active run; the last value wins.
 *
 * @example
 * setTags({ stage: 'eval', team: 'churn' });
 */
export function setTags(tags: Readonly<Record<string, unknown>>): void {
  onRun('setTags', (run) => run.setTags(tags));
}

/**
 * Registers a model under a name, as `MlflowClient.registerModel` does: by the service that was started last, else by services from env.
 *
 * @param modelUri such as `runs:/<id>/model` or `models:/m-…`
 * @param name of the registered model, which is made where it is not there; where it is undefined, the service's `registryName`
 * @returns the version that was made
 * @throws {MlflowError} what the store says
 * @example
 * const { version } = await registerModel(`runs:/${runId}/model`, 'churn', { tags: { stage: 'eval' } });
 */
export async function registerModel(
  modelUri: string,
  name?: string,
  options: RegisterModelOptions = {},
): Promise<ModelVersion> {
  const service = await defaultService();
  return service.client().registerModel(modelUri, name ?? service.settings.registryName, options);
}

/**
 * Waits until everything accepted so far is delivered, by every started service of the process; never rejects.
 *
 * @example
 * const { isComplete } = await flush({ timeoutMs: 5_000 });
 */
export async function flush(options: { readonly timeoutMs?: number } = {}): Promise<FlushResult> {
  const results = await Promise.all(
    startedServices().map((service) => service.flush(options).catch(() => BEING_STOPPED)),
  );
  return {
    isComplete: results.every((result) => result.isComplete),
    delivered: sum(results.map((result) => result.delivered)),
    pending: sum(results.map((result) => result.pending)),
    deadLettered: sum(results.map((result) => result.deadLettered)),
    durability: DURABILITIES.find((each) => results.some((result) => result.durability === each)) ?? 'memory',
  };
}

/**
 * Counts what became of every write, service by service, and how many calls came outside any run.
 *
 * @example
 * stats().outsideRunCount; // 0
 */
export function stats(): { readonly services: readonly MlflowStats[]; readonly outsideRunCount: number } {
  return { services: startedServices().map((service) => service.stats()), outsideRunCount: strays().count };
}

/** A service that is being stopped delivers by itself. */
const BEING_STOPPED: FlushResult = { isComplete: true, delivered: 0, pending: 0, deadLettered: 0, durability: 'os' };

/** The weakest first: of several services it is the one that counts. */
const DURABILITIES = ['memory', 'os', 'fsync'] as const;

const LEVELS = ['trace', 'debug', 'info', 'success', 'warn', 'error', 'critical', 'fatal'] as const;

/**
 * Logs in the active run, outside any by the logger from env.
 *
 * @example
 * log.info({ rows: 442 }, 'loaded');
 */
// The cast: every level is there, with the arguments of RunLog.
export const log: RunLog = Object.freeze(
  Object.fromEntries(
    LEVELS.map((level) => [
      level,
      (...line: [object, string?]): void => (findActiveRun()?.log ?? defaultLogger())[level](...line),
    ]),
  ),
) as unknown as RunLog;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
