// A job that deletes its working folder before its drain's thread is up: Node starts no thread there, and the job's own delivers.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { tempFolder } from '../temp-folder.ts';

it('a job without a working folder is told so once, and delivers at once', async () => {
  const folder = tempFolder();
  const job = join(folder, 'job.ts');
  const options = {
    directory: join(folder, 'rs'),
    trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
    experimentName: 'churn',
    connection: {},
    artifactRoot: folder,
    env: {},
  };
  const outbox = JSON.stringify(new URL('../../../src/outbox/job/outbox.ts', import.meta.url).href);
  const writes = JSON.stringify(new URL('../writes.ts', import.meta.url).href);
  writeFileSync(
    job,
    `import fs from 'node:fs';
     import { openOutbox } from ${outbox};
     import { create, end, runKey } from ${writes};
     const here = ${JSON.stringify(join(folder, 'here'))};
     fs.mkdirSync(here);
     process.chdir(here);
     const warnings = [];
     const onEvent = (event) => event.kind === 'warning' && warnings.push(event.message);
     const outbox = openOutbox({ ...${JSON.stringify(options)}, onEvent });
     fs.rmdirSync(here);
     outbox.append(create(runKey(1)));
     outbox.append(end(runKey(1)));
     const flushed = await outbox.flush({ timeoutMs: 20_000 });
     const { drainDeaths } = outbox.stats();
     await outbox.stop({ timeoutMs: 5000 });
     console.log(JSON.stringify({ flushed, drainDeaths, warnings }));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [job]);
  expect(JSON.parse(stdout)).toEqual({
    flushed: { isComplete: true, delivered: 2, pending: 0, deadLettered: 0, durability: 'os' },
    drainDeaths: 1,
    warnings: [expect.stringContaining('cannot run: the working folder of this process was deleted')],
  });
});
