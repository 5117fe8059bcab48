// A CommonJS job that opens its run by the functions without an instance, and dies of what its run throws.
const { log, logMetric, runContext } = require('runspan');

void runContext('job', async (run) => {
  await run.created();
  logMetric('loss', 0.25, { step: 1 });
  log.info('from the job');
  throw new RangeError('on purpose');
});
