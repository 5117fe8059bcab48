// A drain's own thread that dies in the middle of its work, however it dies: the next one goes on, and nothing is there twice.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { expect, it, onTestFinished } from 'vitest';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const POINTS = 20_000;
const key = runKey(1);

/** An entry that runs the real drain and dies so often, each time once the journal's state has moved. */
function dyingEntry(folder: string, death: string, marksOf: readonly number[]): URL {
  const entry = join(folder, 'dies.ts');
  const real = new URL('../../../src/outbox/worker/drain-worker.ts', import.meta.url).href;
  const marks = JSON.stringify(marksOf.map((index) => join(folder, `died-${index}`)));
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

const MEMORY = 'Worker terminated due to reaching memory limit: JS heap out of memory';

it.each([
  ['an error that nobody catches', `throw new Error('a defect');`, 'a defect', [1, 2]],
  ['a rejection that nobody handles', `void Promise.reject(new Error('a defect'));`, 'a defect', [1, 2]],
  ['process.exit', 'process.exit(5);', 'it ended with code 5', [1, 2]],
  ['no memory left', 'for (const all = []; ; ) all.push(new Array(1e5).fill(0));', MEMORY, [1, 2, 3]],
])(
  '%s: again and again, and all is delivered once, by the job itself after the third',
  async (_, death, reason, deaths) => {
    // Of threads that start from now on: what a machine's default is takes long to fill.
    setFlagsFromString('--max-old-space-size=96');
    onTestFinished(() => setFlagsFromString('--max-old-space-size=0'));
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
      { workerUrl: dyingEntry(folder, death, deaths) },
    );
    outbox.append(create(key));
    for (let step = 0; step < POINTS; step += 1) outbox.append(metric(key, step));
    const result = await outbox.flush({ timeoutMs: 30_000 });
    expect(result).toMatchObject({ isComplete: true, delivered: POINTS + 1, pending: 0, deadLettered: 0 });
    expect(deaths.filter((index) => existsSync(join(folder, `died-${index}`)))).toEqual(deaths);
    const died = expect.stringContaining(`The drain's worker thread died (${reason}). A new one goes on`) as string;
    const isInline = expect.stringContaining(`cannot run: it died 3 times, at last of: ${reason}`) as string;
    expect(warnings).toEqual(deaths.length > 2 ? [died, died, isInline] : [died, died]);
    expect(outbox.stats().drainDeaths).toBe(deaths.length);
    const { items } = await outbox.call('getMetricHistory', [{ runId: key, key: 'loss' }], { timeoutMs: 10_000 });
    expect(items.map(({ step }) => step)).toEqual(Array.from({ length: POINTS }, (_unused, step) => step));
    outbox.append(end(key));
    expect(await outbox.stop({ timeoutMs: 10_000 })).toMatchObject({ isComplete: true, deadLettered: 0 });
  },
);
