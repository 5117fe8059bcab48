// A job that leaves by one way out, named in argv; its spans go to a file in the very turn they end, so that every way out shows them.
import { appendFileSync, writeFileSync } from 'node:fs';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { AlertsService, LoggerService, MlflowService, RunSpanProcessor, startServices } from 'runspan';

const [way, spansFile, tag = way] = process.argv.slice(2);

const toFile = {
  onStart() {},
  onEnd(span) {
    const { name, attributes, status, events } = span;
    appendFileSync(spansFile, `${JSON.stringify({ name, attributes, status, events })}\n`);
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new RunSpanProcessor(), toFile] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const mlflow = new MlflowService({ experimentName: 'ways' });
const services = await startServices(
  new LoggerService({ level: 'ERROR' }),
  new AlertsService({ enable: false, appName: 'job' }),
  mlflow,
);

const forever = () => new Promise((resolve) => setTimeout(resolve, 60_000));

async function leave(run) {
  run.logMetric('loss', 0.5, { step: 1 });
  run.span.setAttribute('optimizer', 'adam');
  switch (way) {
    case 'returns':
      return 'result';
    case 'fails':
      return run.fail('score too low');
    case 'span-error':
      return run.span.setStatus({ code: SpanStatusCode.ERROR, message: 'by hand' });
    case 'throws':
      throw new TypeError('boom');
    case 'throws-undefined':
      throw undefined;
    case 'uncaught':
      setTimeout(() => {
        throw new RangeError('late');
      });
      return forever();
    case 'rejects':
      void Promise.reject(new RangeError('nobody waits'));
      return forever();
    case 'exit-0':
      return process.exit(0);
    case 'exit-3':
      return process.exit(3);
    case 'hangs-idle':
      return new Promise(() => {});
    case 'ended-killed':
      return run.end('KILLED');
    case 'ended-failed':
      return run.end('FAILED');
    case 'ended-finished':
      run.end('FINISHED');
      process.exitCode = 6;
      return undefined;
    case 'signals-itself':
      process.kill(process.pid, 'SIGTERM');
      return forever();
    case 'out-of-memory': {
      const hoard = [];
      let before;
      for (let step = 0; ; step++) {
        run.logMetric('hoard', hoard.length, { step });
        before ??= mlflow.stats().accepted - 1;
        writeFileSync(`${spansFile}.accepted`, String(mlflow.stats().accepted - before));
        hoard.push(Array.from({ length: step < 30 ? 1_000 : 500_000 }, Math.random));
      }
    }
    case 'handled-signal':
      process.once('SIGTERM', () => setTimeout(() => process.exit(7), 20));
      process.send('ready');
      return forever();
    case 'busy-signal': {
      process.send('ready');
      const until = performance.now() + 1_000;
      while (performance.now() < until);
      return 'result';
    }
    default:
      // In the next turn: by the end of this one all of it is written, and who hears this may kill at once.
      setImmediate(() => process.send('ready'));
      return forever();
  }
}

await mlflow.runContext({ name: 'way', tags: { way: tag } }, leave);
await services.stop();
