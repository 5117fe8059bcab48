// What the benches of delivery share: a real MLflow, a service that delivers to it with runs that are open, and the bare loop beside it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoggerService, MlflowService } from 'runspan';
import type { Run } from 'runspan';
import { startBackend } from '../test/live/backends.ts';
import { openBareLoop, type BareLoop } from './bare-loop.ts';

const FLUSH_TIMEOUT_MS = 400_000;
/** The ends of a thousand runs are not asked about. */
const STOP_TIMEOUT_MS = 1_000;

/** All of it. */
export interface Delivery {
  readonly trackingUri: string;
  /** The path of a Python that has MLflow. */
  readonly python: string;
  readonly bare: BareLoop;
  /** So many open runs, made and delivered where they are not there yet. */
  runs(count: number): Promise<readonly Run[]>;
  /** Waits until all is delivered. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Opens it; where there is no MLflow, says so and ends the process. */
export async function openDelivery(experimentName: string): Promise<Delivery> {
  const backend = await startBackend('mlflow').catch((error: unknown) => {
    console.log(`Skipped: there is no MLflow here. ${error instanceof Error ? error.message : String(error)}`);
    process.exit();
  });
  const { MLFLOW_TRACKING_URI: trackingUri, MLFLOW_PYTHON: python } = backend.env;
  const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
  const bare = await openBareLoop(trackingUri);
  const mlflow = new MlflowService({
    trackingUri,
    directory: join(folder, 'journal'),
    experimentName,
    logSystemMetrics: false,
    suppressRunLines: true,
    logger: new LoggerService({ level: 'ERROR' }),
  });
  await mlflow.start();
  const open: Run[] = [];
  const flush = async (): Promise<void> => {
    const { isComplete } = await mlflow.flush({ timeoutMs: FLUSH_TIMEOUT_MS });
    if (!isComplete) throw new Error('Not everything was delivered.');
  };
  const runs = async (count: number): Promise<readonly Run[]> => {
    while (open.length < count) open.push(await mlflow.startRun({ name: experimentName, nested: true }));
    await flush();
    return open.slice(0, count);
  };
  const stop = async (): Promise<void> => {
    await mlflow.stop({ timeoutMs: STOP_TIMEOUT_MS });
    await bare.stop();
    await backend.stop();
    rmSync(folder, { recursive: true });
  };
  return { trackingUri, python, bare, runs, flush, stop };
}
