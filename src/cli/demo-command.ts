// `runspan demo`: a small job that needs nothing but this package, so that there is something to look at.
import { setTimeout as sleep } from 'node:timers/promises';
import { AlertsService } from '../services/alerts/alerts-service.ts';
import { isRemote } from '../services/mlflow/destination.ts';
import { LoggerService } from '../services/logger/logger-service.ts';
import { MlflowService } from '../services/mlflow/mlflow-service.ts';
import { startServices } from '../services/stack.ts';
import type { Run } from '../runs/run.ts';

const EXPERIMENT = 'runspan-demo';
const EPOCHS = 40;
const ROWS = 200;
/** One step is slow enough to be seen in the waterfall. */
const STEP_MS = 8;
/** How long a server may take that has not answered yet. */
const WAIT_MS = 10_000;

/** How the demo is told where to go, and how to tell of it. */
export interface DemoRequest {
  readonly trackingUri?: string;
  readonly json?: boolean;
}

/** What there is to say in the end. */
export interface DemoResult {
  readonly text: string;
  /** Whether the runs are where they belong; else they wait on disk. */
  readonly isDelivered: boolean;
}

/** Runs the demo and returns what to say at its end. */
export async function runDemo({ trackingUri, json = false }: DemoRequest): Promise<DemoResult> {
  const logger = new LoggerService({ level: 'INFO' });
  // With --json stdout is for the one who reads it.
  const write = { write: (line: string) => process.stderr.write(line) };
  const alerts = new AlertsService({ appName: EXPERIMENT, enable: false }, json ? write : {});
  const place = trackingUri === undefined ? {} : { trackingUri };
  const mlflow = new MlflowService({ experimentName: EXPERIMENT, stopTimeoutMs: 1_000, ...place });
  const services = await startServices(logger, alerts, mlflow);
  const runs: Run[] = [];
  let isDelivered = false;
  try {
    await mlflow.runContext(
      { name: 'fit-a-line', tags: { stage: 'demo' }, description: 'Fits y = 3x + 2.' },
      async (run) => {
        runs.push(run);
        await fit(run, { logger, mlflow, runs });
      },
    );
    await failOnPurpose(mlflow, runs);
    ({ isComplete: isDelivered } = await mlflow.flush({ timeoutMs: WAIT_MS }));
  } finally {
    await services.stop();
  }
  const made = { runs, isDelivered, trackingUri: mlflow.trackingUri, isUriGiven: trackingUri !== undefined };
  return { isDelivered, text: json ? toJson(made) : howToLook(made) };
}

interface Parts {
  readonly logger: LoggerService;
  readonly mlflow: MlflowService;
  /** Takes each run. */
  readonly runs: Run[];
}

async function fit(run: Run, { logger, mlflow, runs }: Parts): Promise<void> {
  run.logParams({ epochs: EPOCHS, optimizer: { name: 'sgd', lr: 0.1 } });
  const rows = await logger.span('load', async () => {
    await sleep(STEP_MS * 4);
    run.logInput(
      { name: 'line', source: 'https://example.com/line.csv', profile: { num_rows: ROWS } },
      { context: 'training' },
    );
    run.log.info({ rows: ROWS }, 'loaded');
    return Array.from(
      { length: ROWS },
      (_, at) => [at / ROWS, 3 * (at / ROWS) + 2 + Math.sin(at * 12.9898) / 4] as const,
    );
  });
  const line = { slope: 0, offset: 0 };
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    if (epoch % 10 > 0) await step(run, line, { rows, epoch });
    else await logger.span('epoch', { epoch }, () => step(run, line, { rows, epoch }));
  }
  await mlflow.runContext({ name: 'evaluate', nested: true }, async (inner) => {
    runs.push(inner);
    await sleep(STEP_MS * 2);
    inner.logMetrics({ slope_error: Math.abs(line.slope - 3), offset_error: Math.abs(line.offset - 2) });
    inner.log.success('evaluated');
  });
  run.logDict(line, 'model/line.json');
  run.log.success(line, 'fitted');
}

async function step(
  run: Run,
  line: { slope: number; offset: number },
  { rows, epoch }: { readonly rows: readonly (readonly [number, number])[]; readonly epoch: number },
): Promise<void> {
  await sleep(STEP_MS);
  let [loss, slope, offset] = [0, 0, 0];
  for (const [x, y] of rows) {
    const error = line.slope * x + line.offset - y;
    loss += error ** 2 / rows.length;
    slope += (2 * error * x) / rows.length;
    offset += (2 * error) / rows.length;
  }
  line.slope -= 0.5 * slope;
  line.offset -= 0.5 * offset;
  run.logMetrics({ loss, slope: line.slope, offset: line.offset }, { step: epoch });
  if (loss > 5) run.log.warn({ loss }, 'far off yet');
}

async function failOnPurpose(mlflow: MlflowService, runs: Run[]): Promise<void> {
  try {
    await mlflow.runContext({ name: 'fails-on-purpose', tags: { stage: 'demo' } }, (run) => {
      runs.push(run);
      run.log.info('the next line is an error, on purpose');
      throw new RangeError('this run fails on purpose: it shows what a failed run leaves behind');
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

interface Made extends Pick<DemoResult, 'isDelivered'> {
  readonly runs: readonly Run[];
  readonly trackingUri: string;
  readonly isUriGiven: boolean;
}

function toJson({ runs, isDelivered, trackingUri }: Made): string {
  const told = runs.map(({ key, runId = null, name, status }) => ({ key, runId, name, status }));
  return JSON.stringify({ trackingUri, experimentName: EXPERIMENT, isDelivered, runs: told }, null, 2);
}

function howToLook({ runs, isDelivered, trackingUri, isUriGiven }: Made): string {
  const what =
    'That was a run with spans, logs, metrics, an input, a file and a nested run, and then one that failed on purpose.';
  if (!isDelivered)
    return `\n${what} ${trackingUri} did not take them in time: they are kept, and 'npx runspan sync' delivers them.`;
  const key = runs[0]?.key.slice(0, 8) ?? '';
  const place = isUriGiven ? ` --tracking-uri ${trackingUri}` : '';
  // MLflow opens a folder of runs only where it is told that this is meant.
  const allowance = /^sqlite:/i.test(trackingUri) ? '' : 'MLFLOW_ALLOW_FILE_STORE=true ';
  const pages = isRemote(trackingUri)
    ? `open ${trackingUri} in a browser: MLflow's own pages`
    : `${allowance}mlflow ui --backend-store-uri ${trackingUri}    MLflow's own pages`;
  return [
    '',
    `${what} Look at it:`,
    '',
    `  npx runspan runs --experiment runspan-demo${place}`,
    `  npx runspan show ${key}${place}`,
    `  npx runspan show ${key} --html${place}    one page for a browser`,
    `  ${pages}`,
  ].join('\n');
}
