// A MlflowService on a SQLite file in a folder of its own, stopped when the test ends, with what it said and alerted in lists.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { MlflowOptions } from '../../../src/config/settings/mlflow-options.ts';
import type { MlflowLinks } from '../../../src/services/mlflow/mlflow-links.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import { MlflowService } from '../../../src/services/mlflow/mlflow-service.ts';

export interface TestService {
  readonly mlflow: MlflowService;
  readonly folder: string;
  readonly alerts: string[];
}

/** Says what to do in the end: when the test ends, or all of them. */
export type Finally = (work: () => void | Promise<void>) => void;

/** A folder that goes in the end. */
export function makeFolder(finallyDo: Finally = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-service-'));
  finallyDo(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Where everything of a service goes that is to live in this folder alone. */
export function optionsIn(folder: string): MlflowOptions {
  return {
    trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
    artifactRoot: join(folder, 'mlruns'),
    directory: join(folder, '.runspan'),
    experimentName: 'exp',
    logSystemMetrics: false, // what the machine says is in no expectation but those of its own tests
  };
}

/** Makes a service that is not started yet. */
export function makeService(
  options: MlflowOptions & MlflowLinks = {},
  finallyDo: Finally = onTestFinished,
): TestService {
  // What is registered last is done first: the service stops, then its folder goes.
  const folder = makeFolder(finallyDo);
  const alerts: string[] = [];
  const mlflow = new MlflowService({
    ...optionsIn(folder),
    logger: new LoggerService({ level: 'CRITICAL' }),
    alerts: { notify: (title, message) => alerts.push(`${title}: ${message}`) },
    ...options,
  });
  finallyDo(() => mlflow.stop());
  return { mlflow, folder, alerts };
}

/** Makes and starts a service. */
export async function startService(
  options: MlflowOptions & MlflowLinks = {},
  finallyDo: Finally = onTestFinished,
): Promise<TestService> {
  const service = makeService(options, finallyDo);
  await service.mlflow.start();
  return service;
}

/** One started service for all tests of a file, to be called at its top; stopped when they are done. */
export function shareService(): TestService {
  const undo: (() => void | Promise<void>)[] = [];
  let service: TestService | undefined;
  beforeAll(async () => {
    service = await startService({}, (work) => undo.unshift(work));
  });
  afterAll(async () => {
    for (const work of undo) await work();
  });
  const started = (): TestService => {
    if (service === undefined)
      throw new Error('The shared service is there for tests, not for what stands around them.');
    return service;
  };
  return {
    get mlflow() {
      return started().mlflow;
    },
    get folder() {
      return started().folder;
    },
    get alerts() {
      return started().alerts;
    },
  };
}
