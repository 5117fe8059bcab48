// A drain's own thread that dies in the middle of its work, however it dies: the next one goes on, and nothing is there twice.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const POINTS = 20_000;
const key = runKey(1);

/** An entry that runs the real drain and dies twice, each time once the journal's state has moved. */
function dyingEntry(folder: string, death: string): URL {
  const entry = join(folder, 'dies.ts');
  const real = new URL('../../../src/outbox/worker/drain-worker.ts', import.meta.url).href;
  const marks = JSON.stringify([1, 2].map((index) => join(folder, `died-${index}`)));
  writeFileSync(
    entry,
    `import fs from 'node:fs';
     import { parentPort, workerData } from 'node:worker_threads';
     const mark = ${marks}.find((each) => !fs.existsSync(each));
     await import(${JSON.stringify(real)});
     const counts = new Int32Array(workerData.settings.counters);
     const before = [...counts].join();
     if (mark !== undefined) setInterval(() => {
       if ([...counts].join() === before) return;
       fs.writeFileSync(mark, '');
       ${death}
     }, 1);`,
  );
  return pathToFileURL(entry);
}

it.each([
  ['an error that nobody catches', `throw new Error('a defect');`, 'a defect'],
  ['a rejection that nobody handles', `void Promise.reject(new Error('a defect'));`, 'a defect'],
  ['process.exit', 'process.exit(5);', 'it ended with code 5'],
])('%s: twice, and all is delivered once', async (_, death, reason) => {
  const folder = tempFolder();
  const warnings: string[] = [];
  const outbox = openOutbox(
    {
      directory: join(folder, 'rs'),
      trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
      experimentName: 'churn',
      connection: {},
      artifactRoot: folder,
      env: {},
      onEvent: (event) => event.kind === 'warning' && warnings.push(event.message),
    },
    { workerUrl: dyingEntry(folder, death) },
  );
  outbox.append(create(key));
  for (let step = 0; step < POINTS; step += 1) outbox.append(metric(key, step));
  const result = await outbox.flush({ timeoutMs: 30_000 });
  expect(result).toMatchObject({ isComplete: true, delivered: POINTS + 1, pending: 0, deadLettered: 0 });
  expect([1, 2].filter((index) => existsSync(join(folder, `died-${index}`)))).toEqual([1, 2]);
  const died = expect.stringContaining(`The drain's worker thread died (${reason}). A new one goes on`) as string;
  expect(warnings).toEqual([died, died]);
  expect(outbox.stats().drainDeaths).toBe(2);
  const { items } = await outbox.call('getMetricHistory', [{ runId: key, key: 'loss' }], { timeoutMs: 10_000 });
  expect(items.map(({ step }) => step)).toEqual(Array.from({ length: POINTS }, (_unused, step) => step));
  outbox.append(end(key));
  expect(await outbox.stop({ timeoutMs: 10_000 })).toMatchObject({ isComplete: true, deadLettered: 0 });
});
