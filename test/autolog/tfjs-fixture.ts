// Small models of TensorFlow.js, and a started service with automatic logging on.
import '@tensorflow/tfjs-backend-cpu';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as core from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { onTestFinished } from 'vitest';
import { autolog, LoggerService } from '../../src/index.ts';
import type { AutologFlags } from '../../src/index.ts';
import type { LoggedModel, RunEntity } from '../../src/model/entities.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { makeFolder, startService } from '../services/mlflow/mlflow-fixture.ts';
import type { TestService } from '../services/mlflow/mlflow-fixture.ts';

core.enableProdMode();

export { core, tfl };

/** Rows of two numbers, and their sums. */
export function makeData(rows = 12): { readonly x: core.Tensor2D; readonly y: core.Tensor2D } {
  const inputs = Array.from({ length: rows }, (_, row) => [row / rows, 1 - row / 7]);
  return { x: core.tensor2d(inputs), y: core.tensor2d(inputs.map(([a = 0, b = 0]) => [a + b])) };
}

/** A compiled model of one layer. */
export function makeModel(metrics: string[] = []): tfl.Sequential {
  const model = tfl.sequential({ name: 'small' });
  model.add(tfl.layers.dense({ units: 1, inputShape: [2], name: 'out' }));
  model.compile({ optimizer: core.train.adam(0.01), loss: 'meanSquaredError', metrics });
  return model;
}

/** What came of the runs, as the store has them. */
export interface AutologService extends TestService {
  /** Everything delivered, oldest first. */
  runs(): Promise<readonly RunEntity[]>;
  models(): Promise<readonly LoggedModel[]>;
  /** What was said at level warning and above. */
  warnings(): string;
}

/** Starts a service with automatic logging on; both end with the test. */
export async function startAutolog(
  options: Partial<AutologFlags> = {},
  settings: Parameters<typeof startService>[0] = {},
): Promise<AutologService> {
  const log = join(makeFolder(), 'log.txt');
  const logger = new LoggerService({ sink: log, level: 'WARNING', otel: 'off' });
  await logger.start();
  const started = await startService({ logger, ...settings });
  autolog(tfl, options);
  onTestFinished(() => autolog(tfl, { disable: true }));
  const path = join(started.folder, 'mlflow.db');
  const read = async <T>(
    sql: string,
    get: (id: string, store: ReturnType<typeof openSqliteStore>) => Promise<T>,
  ): Promise<T[]> => {
    await started.mlflow.flush();
    const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    const ids = database.prepare(sql).all();
    database.close();
    const store = openSqliteStore({ path, artifactRoot: join(started.folder, 'mlruns') });
    const found = await Promise.all(ids.map(({ id }) => get(String(id), store)));
    await store.close();
    return found;
  };
  return {
    ...started,
    runs: () => read('SELECT run_uuid AS id FROM runs ORDER BY start_time, rowid', (id, store) => store.getRun(id)),
    models: () =>
      read('SELECT model_id AS id FROM logged_models ORDER BY rowid', (id, store) => store.getLoggedModel(id)),
    warnings: () => readFileSync(log, 'utf8'),
  };
}
