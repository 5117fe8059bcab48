// A job that knows no service: functions alone; argv says what it does.
import * as runspan from 'runspan';

const [what, other] = process.argv.slice(2);
const { activeRun, flush, lastRun, log, logMetric, logParams, runContext, setTag, startRun, stats } = runspan;
const tell = (message) => process.send?.(message);

const ways = {
  run: async () => {
    const result = await runContext('plain', async (run) => {
      logMetric('loss', 0.5, { step: 1 });
      logParams({ model: { kind: 'mlp' } });
      await new Promise((resolve) => setImmediate(resolve));
      setTag('same', activeRun() === run);
      log.info('inside');
      return 'result';
    });
    tell({ result, active: activeRun() === undefined, last: lastRun().status, flushed: (await flush()).isComplete });
  },
  known: () =>
    runContext('plain', async (run) => {
      await new Promise((resolve) => setImmediate(resolve));
      logMetric('loss', 1);
      tell({ same: activeRun() === run, outside: stats().outsideRunCount });
    }),
  outside: async () => {
    logMetric('loss', 1);
    logMetric('loss', 2);
    setTag('a', 'b');
    tell({ outside: stats().outsideRunCount });
  },
  many: async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => runContext(name, () => setTag('name', name))));
    tell({ services: stats().services.length });
  },
  joined: () => {
    logMetric('late', 7);
    setTag('who', 'the other');
  },
  early: async () => {
    log.info('early');
    setTag('who', 'the other');
    while (activeRun() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    log.info('late');
  },
  open: async () => {
    await startRun('left-open');
    logMetric('loss', 1);
  },
  'other-copy': async () => {
    const second = await import(other);
    const mlflow = new second.MlflowService({ experimentName: 'second' });
    await mlflow.start();
    await mlflow.runContext('of-the-second', (run) => {
      logMetric('loss', 3);
      tell({ same: activeRun() === run, there: second.activeRun() === run });
    });
    await runContext('of-the-first', () => second.logMetric('loss', 4));
    await mlflow.stop();
  },
};
await ways[what]();
