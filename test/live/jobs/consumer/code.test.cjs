// A test that opens a run.
const { flush, log, logMetric, runContext, stats } = require('runspan');

test('trains', async () => {
  await runContext('job', async (run) => {
    await run.created();
    logMetric('loss', 0.25, { step: 1 });
    log.info('from the job');
  });
  expect(await flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  expect(stats().services.map(({ durability }) => durability)).not.toContain('memory');
}, 50_000);
