// A job that ends before its drain's thread is up: the thread learns of it all the same, and does not keep the job waiting.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { tempFolder } from '../temp-folder.ts';

const EXIT_MS = 12_000;

it.each([
  ['that is offline', true],
  ['whose server is away', false],
])('a job %s', async (_, isOffline) => {
  const folder = tempFolder();
  const job = join(folder, 'job.ts');
  const options = {
    directory: join(folder, 'rs'),
    trackingUri: 'http://127.0.0.1:1',
    experimentName: 'churn',
    connection: {},
    artifactRoot: folder,
    env: {},
    isOffline,
  };
  writeFileSync(
    job,
    `import { openOutbox } from ${JSON.stringify(new URL('../../../src/outbox/job/outbox.ts', import.meta.url).href)};
     const outbox = openOutbox({ ...${JSON.stringify(options)}, onEvent: () => undefined });
     outbox.append({ kind: 'metric', runKey: 'a'.repeat(32), key: 'loss', value: 1, timestampMs: 1, step: 0 });
     const startMs = performance.now();
     process.on('exit', () => {
       outbox.drainInExit(${EXIT_MS});
       console.log(performance.now() - startMs);
     });
     process.exit();`,
  );
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [job]);
  expect(stderr).toContain('1 of 1 records were not delivered before the exit, and are kept in');
  expect(Number(stdout)).toBeLessThan(EXIT_MS - 2000);
});
