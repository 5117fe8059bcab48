// Bounded memory, by a heap that ends the process where it is not: a store that takes nothing and no disk. A drain that cannot keep up is heavy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closedPort } from '../rest/scripted-server.ts';
import { makeFolder, runJob } from './run-job.ts';

const POINTS = 200_000;

interface Told {
  readonly stats?: {
    readonly accepted: number;
    readonly pending: number;
    readonly delivered: number;
    readonly refused: Readonly<Record<string, number>>;
  };
}

test('with no server and no disk, memory stays bounded and every metric is accounted for', async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, 'in-the-way'), '');
  let told: Told = {};
  const options = {
    trackingUri: `http://127.0.0.1:${await closedPort()}`,
    directory: join(folder, 'in-the-way'),
    startTimeoutMs: 50,
    exitTimeoutMs: 200,
  };
  const result = await runJob('one-run.mjs', {
    folder,
    nodeArgs: ['--max-old-space-size=128'],
    args: [JSON.stringify({ points: POINTS, end: 'none', options })],
    onMessage: (message) => (told = message as Told),
  });
  expect(result.code, result.stderr).toBe(0);
  const { accepted = 0, delivered, pending, refused = {} } = told.stats ?? {};
  // Besides the metrics: the create, a param, a tag, the end.
  const refusedCount = Object.values(refused).reduce((sum, count) => sum + count, 0);
  expect(accepted + refusedCount).toBe(POINTS + 4);
  expect([delivered, pending]).toEqual([0, accepted]);
  expect(refused['full']).toBeGreaterThan(POINTS / 10);
  expect(result.stderr.match(/kept in memory only/g)).toHaveLength(1);
  expect(result.stderr).toMatch(/OUTBOX_FULL|is full/);
});
