// A test under a runner that runs under register: the functions join the runner's run.
const { activeRun, flush, log, logMetric, stats } = require('runspan');

test('trains', async () => {
  logMetric('loss', 0.25, { step: 1 });
  // In a sandbox of its own the package has to join first.
  while (activeRun() === undefined) await new Promise((go) => setTimeout(go, 10));
  log.info('from the job');
  expect(await flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  expect(stats().services.map(({ durability }) => durability)).not.toContain('memory');
}, 50_000);
