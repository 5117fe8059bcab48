// `runspan outbox` and `runspan sync` in this process, on what an offline outbox left; real jobs are in sync.heavy.test.ts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { showOutbox } from '../../src/cli/outbox-command.ts';
import { sync, type SyncRequest } from '../../src/cli/sync-command.ts';
import type { Write } from '../../src/model/write.ts';
import type { Outbox } from '../../src/outbox/contract.ts';
import { writeLease } from '../../src/outbox/folder/lease.ts';
import { FolderState } from '../../src/outbox/folder/state.ts';
import { nodeMachine, nodeSystem } from '../../src/outbox/machine/node-system.ts';
import { openOutbox } from '../../src/outbox/job/outbox.ts';
import { SpillLog } from '../../src/outbox/telemetry/spill-log.ts';
import { openStore } from '../../src/stores/open/open.ts';
import { create, end, metric, runKey } from '../outbox/writes.ts';

const key = runKey(1);

/** A folder that is the working directory until the test ends. */
function enterFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-sync-'));
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

function open(folder: string, trackingUri = `sqlite:///${folder}/mlflow.db`): Outbox {
  return openOutbox({
    directory: join(folder, '.runspan'),
    trackingUri,
    experimentName: 'churn',
    connection: {},
    artifactRoot: join(folder, 'mlruns'),
    drain: 'inline',
    isOffline: true,
    env: {},
    onEvent: () => undefined,
  });
}

async function leave(outbox: Outbox, ...writes: readonly Write[]): Promise<void> {
  for (const write of writes) outbox.append(write);
  await outbox.stop({ timeoutMs: 1000 });
}

async function runSync(
  request: Partial<SyncRequest> = {},
): Promise<{ text: string; isComplete: boolean; said: string[] }> {
  const said: string[] = [];
  const { signal } = new AbortController();
  const result = await sync({ timeout: 5, ...request }, { signal, say: (line) => said.push(line) });
  return { ...result, said };
}

async function readRuns(file: string): Promise<readonly string[]> {
  const store = await openStore(`sqlite:///${file}`, { connection: {}, artifactRoot: '/tmp' });
  try {
    const { items } = await store.searchRuns({ experimentIds: ['1'] });
    return items.map(({ info, data }) => `${info.runName} ${info.status} ${JSON.stringify(data.metrics)}`);
  } finally {
    await store.close();
  }
}

describe('what an offline outbox left', () => {
  it('is named where it cannot be read', async () => {
    const folder = enterFolder();
    await leave(open(folder), create(key), end(key));
    const name = 'host-1-0123456789abcdef';
    mkdirSync(join(folder, '.runspan', name));
    writeFileSync(join(folder, '.runspan', name, 'journal-000001.log'), 'not a journal');
    const { text } = await runSync();
    expect(text).toContain('2 records delivered, 0 refused, 0 left.');
    expect(text).toContain(`${name} was left alone: it cannot be read: it has no header.`);
  });

  it('is listed, and delivered once', async () => {
    const folder = enterFolder();
    await leave(open(folder), create(key), metric(key, 1), metric(key, 2), end(key));
    expect(showOutbox({}, Date.now())).toMatch(/\n4 +0 +\d+ on .*, gone +\d.* ago +train +sqlite:/);
    expect(JSON.parse(showOutbox({ json: true }, 0))).toMatchObject({
      folders: [{ pendingCount: 4, ownership: 'left' }],
      graves: [],
    });
    expect((await runSync({ dryRun: true })).text).toMatch(/train/);
    expect(await runSync()).toMatchObject({
      text: '4 records delivered, 0 refused, 0 left.',
      isComplete: true,
      said: expect.arrayContaining([`${'█'.repeat(24)} 4 of 4 records`]) as string[],
    });
    expect(await readRuns(join(folder, 'mlflow.db'))).toEqual(['train FINISHED {"loss":1}']);
    expect((await runSync()).text).toBe('Nothing to deliver.');
    expect((await runSync({ dryRun: true })).text).toBe('Nothing to deliver.');
    expect(showOutbox({}, 0)).toMatch(/^Nothing waits in /);
  });

  it('counts what waits for a Collector, less what has been sent', () => {
    const directory = join(enterFolder(), '.runspan', 'telemetry');
    const log = new SpillLog({ system: nodeSystem(), directory });
    const records = (...bodies: string[]): unknown => [
      { scopeLogs: [{ logRecords: bodies.map((body) => ({ body })) }] },
    ];
    log.append(JSON.stringify({ resourceLogs: records('a', 'b') }));
    log.append(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'c' }] }] }] }));
    expect(showOutbox({}, 0)).toMatch(/^3 spans and log records wait for a Collector: /);
    expect(JSON.parse(showOutbox({ json: true }, 0))).toMatchObject({ telemetry: { pendingCount: 3 } });
    const state = new FolderState(nodeSystem().disk, log.paths);
    state.settle(1);
    state.save();
    expect(showOutbox({}, 0)).toMatch(/^1 span or log record waits for a Collector: /);
  });

  it('goes elsewhere where it is told to, and its open run is ended', async () => {
    const folder = enterFolder();
    await leave(open(folder, 'http://127.0.0.1:9'), create(key), metric(key, 1));
    const { text } = await runSync({ to: 'sqlite:///other.db', json: true });
    expect(JSON.parse(text)).toMatchObject({ delivered: 2, refused: 0, left: 0, reapedRuns: ['train'], skipped: [] });
    expect(await readRuns(join(folder, 'other.db'))).toEqual(['train KILLED {"loss":0.5}']);
  });

  it('stays where no server answers, and that is said', async () => {
    const folder = enterFolder();
    await leave(open(folder, 'http://127.0.0.1:9'), create(key), end(key));
    const { text, isComplete, said } = await runSync({ timeout: 1 });
    expect({ text, isComplete }).toEqual({ text: '0 records delivered, 0 refused, 2 left.', isComplete: false });
    expect(said.join('\n')).toMatch(/127\.0\.0\.1:9 has taken nothing for 1 s/);
  });

  it('is left alone while its process is at work', async () => {
    const folder = enterFolder();
    const outbox = open(folder);
    outbox.append(create(key));
    // As if another process that lives had made it.
    const { directory } = outbox.stats();
    const system = { ...nodeSystem(), machine: { ...nodeMachine(), pid: process.ppid } };
    writeLease(system, join(directory, 'lease'), { folder: basename(directory), isInline: false });
    expect((await runSync()).text).toMatch(
      new RegExp(`^Nothing to deliver.\\n.* was left alone: process ${process.ppid} is at work on it.$`),
    );
    await outbox.stop({ timeoutMs: 1000 });
  });
});

describe('a place that no store can be at', () => {
  it.each([{}, { dryRun: true }, { watch: true }, { retryDead: true }])(
    'is refused at once with %o, whether anything waits or not',
    async (request) => {
      enterFolder();
      await expect(runSync({ to: 'ftp://x', ...request })).rejects.toMatchObject({
        code: 'UNKNOWN_SCHEME',
        message: expect.stringContaining("'ftp://x'") as string,
      });
    },
  );
});

describe('what a store refused', () => {
  it('is sent once more with --retry-dead', async () => {
    const folder = enterFolder();
    await leave(open(folder), create(key), end(key));
    await runSync();
    const store = await openStore(`sqlite:///${folder}/mlflow.db`, { connection: {}, artifactRoot: '/tmp' });
    await store.deleteRun(key);
    await leave(open(folder), { ...metric(key, 7) });
    expect(await runSync()).toMatchObject({
      text: expect.stringMatching(/^0 records delivered, 1 refused, 0 left/) as string,
    });
    expect(showOutbox({}, 0)).toMatch(/1 record was refused for good; .*:\n {2}Run 0{31}1 is deleted in the store/);
    await leave(open(folder), metric(key, 8), metric(key, 9));
    await runSync();
    expect(showOutbox({}, 0)).toMatch(
      /3 records were refused for good; .*:\n {2}3 × Run 0{31}1 is deleted in the store[^\n]*$/,
    );
    await store.restoreRun(key);
    await store.close();
    expect((await runSync({ retryDead: true })).text).toMatch(/^3 records delivered, 0 refused, 0 left/);
    expect(await readRuns(join(folder, 'mlflow.db'))).toEqual(['train FINISHED {"loss":4.5}']);
    expect(showOutbox({}, 0)).toMatch(/^Nothing waits in /);
  });
});
