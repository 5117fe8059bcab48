// A job whose run has everything that a page shows, and names that would be markup if nobody escaped them.
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const logger = new LoggerService({ level: 'DEBUG', sink: 'job.log' });
const mlflow = new MlflowService({ experimentName: 'page' });
const services = await startServices(logger, new AlertsService({ enable: false }), mlflow);
const config = {
  name: 'train <script>alert(1)</script>',
  description: 'All of it, <b>whole</b>.',
  tags: { note: '"quoted" & <i>', 'otel.trace_url': 'javascript:alert(1)' },
};
await mlflow.runContext(config, async (run) => {
  run.logParams({ lr: 0.01, '"><img src=x>': 1, long: 'x'.repeat(3000) });
  for (let step = 0; step < 100_000; step++)
    run.logMetric('loss', Math.exp(-step / 20_000) + Math.sin(step / 50) / 30, { step });
  for (let step = 0; step < 50; step++) run.logMetric('accuracy', step / 50, { step });
  run.logInput({ name: 'rows', source: 'https://example.com/rows.csv' }, { context: 'training' });
  run.logText('hello', 'notes/a.txt');
  await logger.span('fold', async () => {
    await logger.span('load <img src=x onerror=alert(1)>', { statement: 'SELECT * FROM x WHERE a < 3' }, async () => {
      logger.logger().info({ rows: 3 }, 'loaded <b>rows</b>');
      await Promise.resolve();
    });
    logger.logger().warn('far off yet');
  });
  try {
    logger.span('evaluate', () => {
      logger.logger().error('cannot evaluate');
      throw new RangeError('</script><script>alert(2)</script>');
    });
  } catch {
    run.log.success('went on without');
  }
});
await services.stop();
