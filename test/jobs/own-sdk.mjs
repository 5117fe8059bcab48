// A job with a NodeSDK of its own, started before or after our services, or none; what its processors see goes to files.
import { appendFileSync } from 'node:fs';
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  AlertSpanProcessor,
  AlertsService,
  LoggerService,
  MlflowService,
  RunLogProcessor,
  RunSpanProcessor,
  startServices,
} from 'runspan';

const [when] = process.argv.slice(2);

const toFile = (file, pick) => {
  const write = (record) => appendFileSync(file, `${JSON.stringify(pick(record))}\n`);
  const done = () => Promise.resolve();
  return { onStart() {}, onEnd: write, onEmit: write, forceFlush: done, shutdown: done };
};

const alerts = new AlertsService({ enable: false, appName: 'job' });
const sdk = new NodeSDK({
  spanProcessors: [
    new RunSpanProcessor(),
    new AlertSpanProcessor(alerts),
    toFile('spans.jsonl', ({ name, attributes, status }) => ({ name, attributes, status })),
  ],
  logRecordProcessors: [
    new RunLogProcessor(),
    toFile('logs.jsonl', ({ body, attributes, spanContext }) => ({ body, attributes, traceId: spanContext?.traceId })),
  ],
  metricReaders: [],
  instrumentations: [],
});

if (when === 'before') sdk.start();
const mlflow = new MlflowService({ experimentName: 'own' });
const services = await startServices(new LoggerService({ level: 'INFO', sink: 'job.log' }), alerts, mlflow);
if (when === 'after') sdk.start();

await mlflow.runContext({ name: 'own', tags: { stage: 'dev' } }, async (run) => {
  run.span.setAttributes({ optimizer: 'adam', 'tag.team': 'a', 'metric.score': 2, 'host.name': 'h' });
  run.logMetric('loss', 0.5);
  await trace.getTracer('job').startActiveSpan('child', async (span) => {
    await new Promise((resolve) => setImmediate(resolve));
    run.log.info('in the child');
    span.end();
  });
  run.fail('too low');
});
await services.stop();
if (when !== 'none') await sdk.shutdown();
