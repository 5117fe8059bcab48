// Traps that other clients fell into, one test each: found by the word "trap".
import { appendFileSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { resolveMlflowSettings } from '../../src/config/settings/mlflow-settings.ts';
import type { Outbox } from '../../src/outbox/contract.ts';
import { openOutbox } from '../../src/outbox/job/outbox.ts';
import { openTestDrain } from './deliveries.ts';
import { memoryOpeners } from './memory-openers.ts';
import { MemoryStore, unavailable } from './memory-store.ts';
import { tempFolder } from './temp-folder.ts';
import { create, end, metric, runKey } from './writes.ts';

const key = runKey(1);

function open(directory: string, store: MemoryStore, isOffline = false): Outbox {
  const options = { trackingUri: 'memory:', experimentName: 'churn', connection: {}, artifactRoot: directory, env: {} };
  return openOutbox(
    { ...options, directory, drain: 'inline', isOffline, onEvent: () => undefined },
    { openers: memoryOpeners(store, new Map()) },
  );
}

/** Leaves a run of three records in a folder, as a job does that is offline. */
async function leave(directory: string): Promise<string> {
  const offline = open(directory, new MemoryStore(), true);
  for (const write of [create(key), metric(key, 1), metric(key, 2)]) offline.append(write);
  await offline.stop({ timeoutMs: 1000 });
  return offline.stats().directory;
}

describe('the trap', () => {
  it('of a torn last line that is glued to the next record: neither the records before it nor those after it are lost', async () => {
    const directory = tempFolder();
    const left = await leave(directory);
    const [segment = ''] = readdirSync(left).filter((name) => /\d/.test(name) && name.includes('.'));
    const whole = readFileSync(join(left, segment));
    appendFileSync(join(left, segment), whole.subarray(0, Math.floor(whole.length / 3)));
    const store = new MemoryStore();
    const next = open(directory, store);
    for (const write of [create(runKey(2)), metric(runKey(2), 1), end(runKey(2))]) next.append(write);
    await next.stop({ timeoutMs: 10_000 });
    expect(store.runs.get(key)?.metrics.map(({ step }) => step)).toEqual([1, 2]);
    expect(store.runs.get(runKey(2))?.metrics).toHaveLength(1);
  });

  it('of an offline mode that throws records away: all of them are delivered later', async () => {
    const directory = tempFolder();
    await leave(directory);
    const store = new MemoryStore();
    await open(directory, store).stop({ timeoutMs: 10_000 });
    expect(store.runs.get(key)?.metrics.map(({ step }) => step)).toEqual([1, 2]);
  });

  it('of a retry that awaits the same settled promise: each try sends anew', async () => {
    const store = new MemoryStore();
    let failures = 0;
    store.onCall = (method) => {
      if (method !== 'logBatch' || failures >= 3) return undefined;
      failures += 1;
      return { when: 'before', error: unavailable(false) };
    };
    const drain = openTestDrain(store);
    drain.add(create(key), metric(key, 1));
    await drain.deliver();
    expect(store.calls.filter((call) => call === 'logBatch')).toHaveLength(4);
    expect(store.runs.get(key)?.metrics).toHaveLength(1);
  });

  it('of a success that is reported before the send has settled: flush() waits for it, and stats() does not count it', async () => {
    const store = new MemoryStore();
    const gate = Promise.withResolvers<void>();
    const isSending = Promise.withResolvers<void>();
    const logBatch = store.logBatch.bind(store);
    store.logBatch = async (request) => {
      isSending.resolve();
      await gate.promise;
      return logBatch(request);
    };
    const outbox = open(tempFolder(), store);
    onTestFinished(() => void outbox.stop({ timeoutMs: 1000 }));
    outbox.append(create(key));
    outbox.append(metric(key, 1));
    let isFlushed = false;
    const flushed = outbox.flush({ timeoutMs: 10_000 }).finally(() => (isFlushed = true));
    await isSending.promise;
    expect(await outbox.flush({ timeoutMs: 50 })).toMatchObject({ isComplete: false, pending: 1, delivered: 1 });
    expect([isFlushed, outbox.stats().pending]).toEqual([false, 1]);
    gate.resolve();
    expect(await flushed).toEqual({ isComplete: true, delivered: 2, pending: 0, deadLettered: 0, durability: 'os' });
  });

  it('of process.exit in an exporter: only the command line and the file that owns the exits call it', () => {
    const root = join(import.meta.dirname, '../../src');
    const calls = globSync('**/*.ts', { cwd: root }).filter((file) =>
      /\bprocess\.(?:exit|abort|reallyExit)\(/.test(
        readFileSync(join(root, file), 'utf8').replaceAll(/\/\/.*|^ *\*.*/gm, ''),
      ),
    );
    expect(calls.toSorted()).toEqual(['cli.ts', 'services/lifecycle/exits.ts']);
  });

  it('of 120 that is read as milliseconds where Python means seconds', () => {
    vi.stubEnv('MLFLOW_HTTP_REQUEST_TIMEOUT', '120');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(resolveMlflowSettings().connection.timeoutMs).toBe(120_000);
  });
});
