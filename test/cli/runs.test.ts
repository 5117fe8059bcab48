// What `runspan runs` and `runspan show` read out of a store.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRun } from '../../src/cli/store/find-run.ts';
import { listRuns } from '../../src/cli/runs-command.ts';
import { showRun } from '../../src/cli/show-command.ts';
import { makeFolder, START_MS, type FilledFolder } from './store.ts';

const KEY = 'c0ffee00c0ffee00c0ffee00c0ffee00';
const TRACE_ID = '0123456789abcdef0123456789abcdef';
const NOW_MS = START_MS + 3 * 3_600_000 + 90_000;

let filled: FilledFolder;
let ids: string[];
beforeAll(async () => {
  filled = await makeFolder();
  ids = [
    await filled.addRun({
      name: 'train',
      status: 'FINISHED',
      params: { lr: '0.1' },
      tags: { stage: 'dev', 'otel.trace_id': TRACE_ID, 'otel.trace_url': 'https://traces.test/1' },
      metrics: [
        { key: 'loss', value: 0.5, step: 1 },
        { key: 'loss', value: Number.NaN, step: 0 },
        { key: 'loss', value: 0.25, step: 3 },
        { key: 'loss', value: 0.75, step: 2 },
      ],
      files: { 'model/weights.bin': 'x'.repeat(2500), 'summary.txt': 'hi' },
    }),
    await filled.addRun({ name: 'train', status: 'FAILED', durationMs: 90_000 }),
    await filled.addRun({ name: "ada's run", experiment: 'other', status: 'KILLED', tags: { 'runspan.run_key': KEY } }),
    await filled.addRun({ name: 'last' }),
  ];
});
afterAll(() => filled.remove());

describe('runspan runs', () => {
  const namesOf = (text: string): unknown[] =>
    (JSON.parse(text) as { runName: unknown }[]).map(({ runName }) => runName);

  it('lists all experiments, newest first, with a line a run', async () => {
    const lines = (await listRuns(filled.store, { limit: 20 }, { nowMs: NOW_MS })).split('\n');
    expect(lines[0]).toMatch(/^NAME +STATUS +STARTED +DURATION +ID +EXPERIMENT$/);
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatch(/^last +RUNNING .* 1 m 30 s +[0-9a-f]{32}  churn$/);
    expect(lines[2]).toMatch(/^ada's run +KILLED .* 1\.5 s +[0-9a-f]{32}  other$/);
    expect(lines[4]).toContain(ids[0]);
  });

  it('keeps to the experiment, the filter and the limit', async () => {
    const list = async (request: object): Promise<unknown[]> =>
      namesOf(await listRuns(filled.store, { limit: 20, json: true, ...request }, { nowMs: NOW_MS }));
    expect(await list({ experiment: 'other' })).toEqual(["ada's run"]);
    expect(await list({ filter: "attributes.status = 'FAILED'" })).toEqual(['train']);
    expect(await list({ filter: 'metrics.loss < 0.3' })).toEqual(['train']);
    expect(await list({ limit: 2 })).toEqual(['last', "ada's run"]);
  });

  it('writes everything as JSON', async () => {
    const text = await listRuns(filled.store, { limit: 1, filter: "params.lr = '0.1'", json: true }, { nowMs: NOW_MS });
    expect(JSON.parse(text)).toEqual([
      expect.objectContaining({
        runId: ids[0],
        experimentName: 'churn',
        status: 'FINISHED',
        startTimeMs: START_MS,
        endTimeMs: START_MS + 1500,
        params: { lr: '0.1' },
        metrics: { loss: 0.25 },
      }),
    ]);
  });

  it('says so where there is nothing', async () => {
    const request = { limit: 1, filter: "tags.stage = 'prod'" };
    expect(await listRuns(filled.store, request, { nowMs: NOW_MS })).toBe(`No runs that match in ${filled.store.uri}.`);
    expect(await listRuns(filled.store, { ...request, json: true }, { nowMs: NOW_MS })).toBe('[]');
  });

  it('names the experiments there are for one there is not', async () => {
    await expect(listRuns(filled.store, { limit: 1, experiment: 'chrun' }, { nowMs: NOW_MS })).rejects.toThrow(
      /no experiment 'chrun'.*'churn'/,
    );
  });
});

describe('runspan show', () => {
  it('finds a run by id, by key, by name, and the last one', async () => {
    const idOf = async (reference?: string): Promise<string> => (await findRun(filled.store, reference)).run.info.runId;
    expect(await idOf(ids[0])).toBe(ids[0]);
    expect(await idOf(KEY)).toBe(ids[2]);
    expect(await idOf("ada's run")).toBe(ids[2]);
    expect(await idOf()).toBe(ids[3]);
  });

  it('takes the newest of one name, and says so', async () => {
    const { run, note } = await findRun(filled.store, 'train');
    expect(run.info.runId).toBe(ids[1]);
    expect(note).toMatch(/More than one run is named 'train'/);
  });

  it('refuses what no run is', async () => {
    await expect(findRun(filled.store, 'absent')).rejects.toThrow(/no run 'absent'/);
    await expect(findRun(filled.store, `'"`)).rejects.toThrow(/both kinds of quotes/);
  });

  it('shows params, metrics over all points, tags, trace and files', async () => {
    const { text } = await showRun(filled.connection, { run: ids[0] ?? '' }, { nowMs: NOW_MS });
    const lines = text.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));
    expect(lines).toEqual(
      expect.arrayContaining([
        'run | train',
        'experiment | churn (1)',
        'status | FINISHED',
        expect.stringMatching(/^ended \| .*, after 1\.5 s$/),
        `trace | ${TRACE_ID}`,
        'trace link | https://traces.test/1',
        'lr | 0.1',
        'loss | 0.25 | 0.25 | 0.75 | 4 | 3 | ▅█▁',
        'stage | dev',
        'model/weights.bin | 2.5 kB',
        'summary.txt | 2 B',
      ]),
    );
    expect(text).not.toContain('Inputs');
  });

  it('shows a run that has not ended', async () => {
    const { text } = await showRun(filled.connection, {}, { nowMs: NOW_MS });
    expect(text).toMatch(/ended +not yet, 1 m 30 s so far/);
    expect(text).toMatch(/Artifacts .*\n {2}none/);
  });

  it('writes everything as JSON', async () => {
    const { text } = await showRun(filled.connection, { run: ids[0] ?? '', json: true }, { nowMs: NOW_MS });
    expect(JSON.parse(text)).toEqual(
      expect.objectContaining({
        runId: ids[0],
        metrics: [{ key: 'loss', last: 0.25, min: 0.25, max: 0.75, pointCount: 4, lastStep: 3 }],
        artifacts: [
          { path: 'model/weights.bin', isDir: false, fileSize: 2500 },
          { path: 'summary.txt', isDir: false, fileSize: 2 },
        ],
        trace: { traceId: TRACE_ID, spanId: null, url: 'https://traces.test/1' },
      }),
    );
  });

  it('shows the data sets that a run read', async () => {
    const dataset = { name: 'diabetes', digest: 'f5060bc3', sourceType: 'local', source: '{}' };
    await filled.store.logInputs(ids[1] ?? '', [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'train' }] }]);
    const { text } = await showRun(filled.connection, { run: ids[1] ?? '' }, { nowMs: NOW_MS });
    expect(text).toMatch(/Inputs\n {2}diabetes {2}f5060bc3 {2}local {2}train\n/);
  });

  it('says that a store is empty', async () => {
    const empty = await makeFolder();
    await expect(showRun(empty.connection, {}, { nowMs: NOW_MS })).rejects.toThrow(/no run in .* yet/);
    await empty.remove();
  });
});
