// Artifacts through a whole outbox: a proxy that answers 500 for ever, and what that may cost.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Outbox, OutboxOptions } from '../../../src/outbox/contract.ts';
import { nodeSystem } from '../../../src/outbox/machine/node-system.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { TrackingServer } from '../../end-to-end/tracking-server.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);

interface Bench {
  readonly outbox: Outbox;
  readonly said: string[];
  readonly warnings: string[];
}

async function serve(): Promise<TrackingServer> {
  const server = await new TrackingServer().start();
  server.keepsArtifacts = true;
  onTestFinished(() => server.stop());
  return server;
}

function open(server: TrackingServer, directory: string, more: Partial<OutboxOptions> = {}): Bench {
  const said: string[] = [];
  const warnings: string[] = [];
  const outbox = openOutbox(
    {
      directory,
      trackingUri: server.url,
      experimentName: 'churn',
      connection: {},
      artifactRoot: '/none',
      env: {},
      onEvent: (event) => {
        if (event.kind === 'warning') warnings.push(event.message);
      },
      ...more,
    },
    { system: { ...nodeSystem(), say: (line) => said.push(line) } },
  );
  onTestFinished(async () => void (await outbox.stop({ timeoutMs: 0 })));
  return { outbox, said, warnings };
}

function log(outbox: Outbox): void {
  outbox.append(create(key));
  const source = outbox.spoolBytes(Buffer.from('poison'));
  outbox.append({ kind: 'artifact', runKey: key, path: 'bad.txt', source });
  outbox.append({ kind: 'artifact', runKey: key, path: 'good.txt', source: outbox.spoolBytes(Buffer.from('good')) });
  outbox.append(metric(key, 1));
  outbox.append(end(key));
}

describe.each(['worker', 'inline'] as const)('a proxy that answers 500 to one artifact for ever, drain %s', (drain) => {
  it('costs that artifact its place, nothing else; the next start delivers it', async () => {
    const server = await serve();
    const directory = join(tempFolder(), 'rs');
    server.mood = (endpoint) => (endpoint.endsWith('/bad.txt') ? '500-before' : 'serve');
    const { outbox, warnings } = open(server, directory, { drain });
    log(outbox);
    // The barrier of a call does not wait for it either: the run is ended by then.
    const run = await outbox.call('getRun', [key], { timeoutMs: 20_000 });
    expect(run.info.status).toBe('FINISHED');
    const stored = server.store.activeRuns();
    expect(stored.map((each) => [each.info.status, each.metrics.length])).toEqual([['FINISHED', 1]]);
    expect(await outbox.flush({ timeoutMs: 20 })).toEqual({
      isComplete: false,
      delivered: 4,
      pending: 1,
      deadLettered: 0,
      durability: 'os',
    });
    expect(outbox.stats()).toMatchObject({ accepted: 5, delivered: 4, pending: 1, deadLettered: 0 });
    expect(warnings).toEqual([expect.stringMatching(/^Artifact 'bad.txt' does not get through for now/)]);
    const beforeMs = performance.now();
    expect(await outbox.stop({ timeoutMs: 60_000 })).toEqual({
      isComplete: false,
      delivered: 4,
      pending: 1,
      deadLettered: 0,
      durability: 'os',
    });
    expect(performance.now() - beforeMs).toBeLessThan(20_000);

    server.mood = () => 'serve';
    const next = open(server, directory, { drain }).outbox;
    expect(await next.stop({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
    expect([...server.artifacts.values()]).toEqual(['good', 'poison']);
    expect(server.store.activeRuns().map((each) => each.info.status)).toEqual(['FINISHED']);
    expect(readdirSync(directory)).toEqual(['.gitignore']);
  });
});

describe('an artifact that does not get through', () => {
  it('is counted and named in the one line at exit', async () => {
    const server = await serve();
    const directory = join(tempFolder(), 'rs');
    server.mood = (endpoint) => (endpoint.endsWith('/bad.txt') ? '500-before' : 'serve');
    const { outbox, said } = open(server, directory, { drain: 'inline' });
    log(outbox);
    await outbox.call('getRun', [key], { timeoutMs: 20_000 });
    outbox.drainInExit(50);
    expect(said).toEqual([
      expect.stringMatching(/^runspan: 1 of 5 records .* the exit.*; artifact 'bad.txt' did not get through\.$/),
    ]);
  });

  it('holds up no other folder that was adopted with its own', async () => {
    const server = await serve();
    const directory = join(tempFolder(), 'rs');
    server.mood = (endpoint) => (endpoint.endsWith('/bad.txt') ? '500-before' : 'serve');
    const first = open(server, directory, { drain: 'inline' }).outbox;
    log(first);
    await first.call('getRun', [key], { timeoutMs: 20_000 });
    const second = open(server, directory, { drain: 'inline' }).outbox;
    second.append(create(runKey(2)));
    second.append(metric(runKey(2), 1));
    await second.stop({ timeoutMs: 0 });
    await first.stop({ timeoutMs: 0 });
    const next = open(server, directory, { drain: 'inline' }).outbox;
    await next.stop({ timeoutMs: 30_000 });
    const statuses = server.store.activeRuns().map((each) => each.info.status);
    expect(statuses.toSorted()).toEqual(['FINISHED', 'KILLED']);
    // The poisoned artifact's folder alone is left.
    expect(readdirSync(directory).filter((name) => !name.startsWith('.'))).toHaveLength(1);
  });
});
