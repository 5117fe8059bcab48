// How full the requests of a job are, how many are under way at a time, and in what order each run's values come.
import { expect, it, onTestFinished } from 'vitest';
import { TrackingServer, type Fields } from '../../end-to-end/tracking-server.ts';
import { startService } from './mlflow-fixture.ts';

const listOf = (batch: Fields, name: string): readonly Fields[] => (batch[name] ?? []) as readonly Fields[]; // a log-batch's lists

it('fills requests to the limits, two at a time at most, and keeps the order of each run', async () => {
  const server = await new TrackingServer().start();
  server.keepsArtifacts = true;
  onTestFinished(() => server.stop());
  const { mlflow } = await startService({ trackingUri: server.url, keepTelemetry: false });
  const names = ['a', 'b', 'c'];
  const runs = await Promise.all(names.map((name) => mlflow.startRun({ name, nested: true })));
  await Promise.all(runs.map((run) => run.created()));
  server.batches.length = 0;
  server.maxUnderWay = 0;
  for (const run of runs) {
    // one turn each, so that the drain finds them all
    run.logParams(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, i])));
    run.setTags(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`t${i}`, i])));
    for (let step = 0; step < 3000; step++) run.logMetric('loss', step, { step });
    run.logText('kept', 'a.txt');
  }
  expect(await mlflow.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });

  const sizes = server.batches.map((batch) => ['metrics', 'params', 'tags'].map((name) => listOf(batch, name).length));
  for (const [metrics = 0, params = 0, tags = 0] of sizes) {
    expect(metrics + params + tags).toBeLessThanOrEqual(1000);
    expect(Math.max(params, tags)).toBeLessThanOrEqual(100);
  }
  // 12 would be full; the drain takes what is there each time, and begins before all is
  expect(sizes.length).toBeLessThan(40);
  expect(Math.max(...sizes.map((each) => each.reduce((sum, count) => sum + count, 0)))).toBe(1000);
  expect(server.maxUnderWay).toBeLessThanOrEqual(2);
  for (const run of runs) {
    const steps = server.batches
      .filter((batch) => batch['run_id'] === run.runId)
      .flatMap((batch) => listOf(batch, 'metrics').map(({ step }) => step));
    expect(steps).toEqual(Array.from({ length: 3000 }, (_, step) => step));
  }
  for (const run of runs) await run.end();
});
