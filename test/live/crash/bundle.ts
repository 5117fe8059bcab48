// Puts a job and its drain into a file each: hundreds of them are started, and from source each start costs half a second.
import { rolldown } from 'rolldown';
import { join } from 'node:path';

/** Bundles job.ts and drain.ts into a folder; packages included, those aside that are asked for only where they are there. */
export async function bundleJob(folder: string): Promise<string> {
  const entries = ['job', 'drain'];
  const made = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, join(import.meta.dirname, `${name}.ts`)])),
    platform: 'node',
    external: /^(node:|@aws-sdk\/)/,
    checks: { ineffectiveDynamicImport: false },
    logLevel: 'silent',
  });
  await made.write({ dir: folder, format: 'esm' });
  await made.close();
  return join(folder, 'job.js');
}
