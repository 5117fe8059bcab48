// `runspan demo`: a small job that needs nothing but this package, so that there is something to look at.
import { setTimeout as sleep } from 'node:timers/promises';
import { AlertsService } from '../services/alerts-service.ts';
import { isRemote } from '../services/destination.ts';
import { LoggerService } from '../services/logger-service.ts';
import { MlflowService } from '../services/mlflow-service.ts';
import { startServices } from '../services/stack.ts';
import type { Run } from '../runs/run.ts';

const EXPERIMENT = 'runspan-demo';
const EPOCHS = 40;
const ROWS = 200;
/** One step is slow enough to be seen in the waterfall. */
const STEP_MS = 8;

/** How the demo is told where to go. */
export interface DemoRequest {
  readonly trackingUri?: string;
}

/** Runs the demo and returns what to say at its end. */
export async function runDemo({ trackingUri }: DemoRequest): Promise<string> {
  const logger = new LoggerService({ level: 'INFO' });
  const alerts = new AlertsService({ appName: EXPERIMENT, enable: false });
  const mlflow = new MlflowService({
    experimentName: EXPERIMENT,
    ...(trackingUri === undefined ? {} : { trackingUri }),
  });
  const services = await startServices(logger, alerts, mlflow);
  let key = '';
  try {
    await mlflow.runContext(
      { name: 'fit-a-line', tags: { stage: 'demo' }, description: 'Fits y = 3x + 2.' },
      async (run) => {
        key = run.key;
        await fit(run, { logger, mlflow });
      },
    );
    await failOnPurpose(mlflow);
    await mlflow.flush();
  } finally {
    await services.stop();
  }
  return howToLook(key, mlflow.trackingUri);
}

interface Parts {
  readonly logger: LoggerService;
  readonly mlflow: MlflowService;
}

async function fit(run: Run, { logger, mlflow }: Parts): Promise<void> {
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

async function failOnPurpose(mlflow: MlflowService): Promise<void> {
  try {
    await mlflow.runContext({ name: 'fails-on-purpose', tags: { stage: 'demo' } }, (run) => {
      run.log.info('the next line is an error, on purpose');
      throw new RangeError('this run fails on purpose: it shows what a failed run leaves behind');
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function howToLook(key: string, trackingUri: string): string {
  // MLflow opens a folder of runs only where it is told that this is meant.
  const allowance = /^sqlite:/i.test(trackingUri) ? '' : 'MLFLOW_ALLOW_FILE_STORE=true ';
  const pages = isRemote(trackingUri)
    ? `open ${trackingUri} in a browser: MLflow's own pages`
    : `${allowance}mlflow ui --backend-store-uri ${trackingUri}    MLflow's own pages`;
  return [
    '',
    'That was a run with spans, logs, metrics, an input, a file and a nested run, and then one that failed on purpose. Look at it:',
    '',
    '  npx runspan runs --experiment runspan-demo',
    `  npx runspan show ${key.slice(0, 8)}`,
    `  npx runspan show ${key.slice(0, 8)} --html    one page for a browser`,
    `  ${pages}`,
  ].join('\n');
}
