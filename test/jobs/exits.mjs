// A job whose own handlers, or whose way of leaving, meet ours; the way is named in argv.
import { fileURLToPath } from 'node:url';
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const [way, settings = '{}'] = process.argv.slice(2);

let isTold = false;
const tell = () => {
  isTold = true;
};
/** Waits for what a handler of the job's own sets, as a job does that shuts down by itself. */
const told = async () => {
  while (!isTold) await new Promise((resolve) => setTimeout(resolve, 5));
};

if (way === 'once-before') process.once('SIGTERM', tell);

const mlflow = new MlflowService({ experimentName: 'exits', ...JSON.parse(settings) });
await startServices(
  new LoggerService({ level: 'WARN', colorize: false }),
  new AlertsService({ enable: false, appName: 'job' }),
  mlflow,
);

/** A run that goes on after what the job's own handler has heard. */
const goOn = (begin) =>
  mlflow.runContext('exits', async (run) => {
    begin();
    await told();
    run.logMetric('after', 1);
  });

const ways = {
  'once-before': () => goOn(() => process.send('ready')),
  'on-inside': () =>
    goOn(() => {
      process.on('SIGTERM', tell);
      process.send('ready');
    }),
  'uncaught-handled': () =>
    goOn(() => {
      process.on('uncaughtException', tell);
      setTimeout(() => {
        throw new Error('handled');
      });
    }),
  'rejection-handled': () =>
    goOn(() => {
      process.on('unhandledRejection', tell);
      void Promise.reject(new Error('handled'));
    }),
  'left-open': async () => {
    const run = await mlflow.startRun('exits');
    run.logMetric('after', 1);
  },
  'left-open-code': async () => {
    const run = await mlflow.startRun('exits');
    run.logMetric('after', 1);
    process.exitCode = 4;
  },
  'left-open-stuck': async () => {
    const run = await mlflow.startRun('exits');
    run.logMetric('after', 1);
    await new Promise(() => {});
  },
  'left-open-late': () => void setTimeout(() => void ways['left-open'](), 20),
  'left-open-renamed': async () => {
    // As a wrapper does that runs another script.
    process.argv[1] = fileURLToPath(new URL('one-run.mjs', import.meta.url));
    await ways['left-open']();
  },
  'stop-overtaken': async () => {
    const run = await mlflow.startRun('exits');
    run.logMetric('after', 1);
    void mlflow.stop();
    process.exit(0);
  },
  'open-forever': async () => {
    const run = await mlflow.startRun('exits');
    run.logMetric('after', 1);
    setInterval(() => {}, 1000);
    process.send('ready');
  },
  polite: async () => {
    // What the package signal-exit does: it acts where all handlers are of its kind, and counts itself for others to see.
    const emitter = { count: 1 };
    globalThis[Symbol.for('signal-exit emitter')] = emitter;
    const act = () => {
      if (process.listeners('SIGTERM').length !== emitter.count) return;
      process.off('SIGTERM', act);
      process.stdout.write('restored the cursor\n');
      process.kill(process.pid, 'SIGTERM');
    };
    process.on('SIGTERM', act);
    await ways['open-forever']();
  },
  'ended-before': async () => {
    await mlflow.runContext('exits', (run) => run.logMetric('after', 1));
    setInterval(() => {}, 1000);
    process.send('ready');
  },
};
await ways[way]();
