// What a run keeps of its own telemetry, given to a real Collector as it stands: each span and each line is taken.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { makeFolder, runJob } from './live-job.ts';
import { postJson } from './otlp.ts';
import { requireBackend } from './require-backend.ts';

const collector = requireBackend('collector');

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');
/** Names of spans or bodies of lines, in their order. */
const wordsIn = (text: string, key: 'name' | 'stringValue'): string[] =>
  [
    ...text.matchAll(
      new RegExp(`"${key}":"(fold|load <img[^"]*|evaluate|loaded [^"]*|far off yet|cannot evaluate)"`, 'g'),
    ),
  ].map(([, word]) => word ?? '');

test('the Collector reads the files of a run as its own', async () => {
  const folder = makeFolder();
  await runJob('page.ts', { folder });
  const [kept = ''] = globSync('mlruns/*/*/artifacts/runspan', { cwd: folder });
  for (const [name, path] of [
    ['trace', 'traces'],
    ['logs', 'logs'],
  ] as const)
    for (const line of linesOf(join(folder, kept, `${name}.otlp.jsonl`)))
      await postJson(`${collector.env.OTEL_COLLECTOR_HTTP}/v1/${path}`, JSON.parse(line));
  const written = async (file: string, key: 'name' | 'stringValue', count: number): Promise<string[]> =>
    vi.waitFor(
      () => {
        const words = wordsIn(readFileSync(join(collector.env.OTEL_COLLECTOR_OUT, file), 'utf8'), key);
        expect(words).toHaveLength(count);
        return words.toSorted();
      },
      { timeout: 60_000 },
    );
  expect(await written('traces.jsonl', 'name', 3)).toEqual(['evaluate', 'fold', 'load <img src=x onerror=alert(1)>']);
  expect(await written('logs.jsonl', 'stringValue', 3)).toEqual([
    'cannot evaluate',
    'far off yet',
    'loaded <b>rows</b>',
  ]);
});
