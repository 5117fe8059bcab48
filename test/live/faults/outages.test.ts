// Outages before a real MLflow: nobody listens for ten minutes, its name is gone, the database behind it is killed and comes back.
import { spawnSync } from 'node:child_process';
import dns from 'node:dns';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { requireBackend } from '../require-backend.ts';
import { expectExactlyOnce } from './exactly-once.ts';
import { behindProxy } from './faulty-proxy.ts';
import { runJobAt } from './job.ts';

let nextJob = 1;

/** Kills a server of many processes as the kernel does when memory is out: the first one, so that it mends nothing, then all of its backends. */
async function killPostgres(folder: string): Promise<void> {
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  expect(children.length).toBeGreaterThan(3);
  for (const each of [pid, ...children]) process.kill(each, 'SIGKILL');
  for (const each of [pid, ...children]) while (isRunning(each)) await turn();
  // Where nobody buries the dead of a container, its lock names a process that is still listed.
  rmSync(join(folder, 'data/postmaster.pid'), { force: true });
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a server on SQLite', () => {
  const mlflow = requireBackend('mlflow');

  test('that is away for ten minutes, in a drain whose clock goes a hundred times as fast', async () => {
    await behindProxy(mlflow.env.MLFLOW_TRACKING_URI, async (proxy) => {
      const end = await runJobAt({
        trackingUri: proxy.url,
        experimentName: 'ten minutes',
        job: nextJob++,
        // A server that is there but slow is not what is meant here.
        requestTimeoutMs: 20_000,
        internals: { workerUrl: new URL('./fast-drain.ts', import.meta.url) },
        // By the drain's clock.
        stopTimeoutMs: 6_000_000,
        onGroup: async (index) => {
          if (index === 12) await proxy.down();
          if (index !== 28) return;
          // What the outage lasts: 600 s of the drain's clock.
          await sleep(6000);
          await proxy.up();
        },
      });
      expect(
        end.warnings.filter((each) => each.includes('cannot be reached')),
        'said once',
      ).toHaveLength(1);
      await expectExactlyOnce(proxy, end);
    });
  });

  test('whose name is gone for a while', async () => {
    await behindProxy(mlflow.env.MLFLOW_TRACKING_URI, async (proxy) => {
      const lookup = dns.lookup;
      let isGone = false;
      let failures = 0;
      const resolver = vi.spyOn(dns, 'lookup').mockImplementation(((name: string, ...rest: unknown[]) => {
        if (name !== 'tracking.example') return Reflect.apply(lookup, dns, [name, ...rest]);
        if (!isGone) return Reflect.apply(lookup, dns, ['127.0.0.1', ...rest]);
        const failure = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
        failures += 1;
        // The cast: a lookup's last argument is its callback.
        setImmediate(rest.at(-1) as (error: Error) => void, failure);
      }) as typeof dns.lookup);
      onTestFinished(() => resolver.mockRestore());
      const end = await runJobAt({
        trackingUri: proxy.url.replace('127.0.0.1', 'tracking.example'),
        experimentName: 'no name',
        job: nextJob++,
        // In this thread, where the resolver can be replaced.
        drain: 'inline',
        onGroup: async (index) => {
          // Longer than what the store tries by itself.
          while (index === 28 && failures < 8) await turn();
          isGone = index >= 12 && index < 28;
          // Connections that are open need no name.
          if (index !== 12) return;
          await proxy.down();
          await proxy.up();
        },
      });
      expect(end.warnings.join('\n')).toContain('ENOTFOUND');
      await expectExactlyOnce(proxy, end);
    });
  });
});

describe('a server on PostgreSQL', () => {
  const mlflow = requireBackend('mlflow-postgres');

  test('whose database is killed with kill -9 in the middle, every process of it, and comes back', async () => {
    await behindProxy(mlflow.env.MLFLOW_TRACKING_URI, async (proxy) => {
      const end = await runJobAt({
        trackingUri: proxy.url,
        experimentName: 'no database',
        job: nextJob++,
        requestTimeoutMs: 5000,
        onGroup: async (index) => {
          if (index === 12) await killPostgres(join(mlflow.runFolder, 'postgres'));
          if (index !== 28) return;
          const answer = await fetch(`${proxy.url}/api/2.0/mlflow/experiments/get?experiment_id=0`);
          expect(answer.status).toBeGreaterThanOrEqual(500);
          const script = join(import.meta.dirname, '../backends/postgres.sh');
          const env = { ...process.env, BACKENDS_RUN: mlflow.runFolder };
          expect(spawnSync(script, ['start'], { env }).status).toBe(0);
          const log = readFileSync(join(mlflow.runFolder, 'postgres/log'), 'utf8');
          expect(log).toContain('automatic recovery in progress');
        },
      });
      await expectExactlyOnce(proxy, end);
    });
  });
});
