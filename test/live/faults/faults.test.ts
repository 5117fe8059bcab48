// A hostile network before a real MLflow: whatever it does, everything accepted arrives, once, in order, and is counted.
import { describe, expect, test } from 'vitest';
import { Choices } from '../../outbox/simulation/random.ts';
import { requireBackend } from '../require-backend.ts';
import { expectExactlyOnce } from './exactly-once.ts';
import { FAULTS } from './faults.ts';
import { behindProxy } from './faulty-proxy.ts';
import { runJobAt } from './job.ts';

const mlflow = requireBackend('mlflow');
let nextJob = 1;

describe('one fault alone, at every third request', () => {
  test.concurrent.each(FAULTS)('%s', async (fault) => {
    await behindProxy(mlflow.env.MLFLOW_TRACKING_URI, async (proxy) => {
      proxy.script = (index) => (fault === 'too-large' || index % 3 === 1 ? fault : undefined);
      const end = await runJobAt({
        trackingUri: proxy.url,
        experimentName: `fault ${fault}`,
        job: nextJob++,
        onGroup: async (index) => {
          if (fault !== 'refused') return;
          if (index % 12 === 4) await proxy.down();
          if (index % 12 === 8) await proxy.up();
        },
      });
      expect(Object.keys(proxy.committed)).toEqual([fault]);
      await expectExactlyOnce(proxy, end);
    });
  });
});

describe('all faults, mixed by a seed', () => {
  test.concurrent.each([1, 2, 3, 4])('seed %i', async (seed) => {
    await behindProxy(mlflow.env.MLFLOW_TRACKING_URI, async (proxy) => {
      const choices = new Choices(seed);
      proxy.script = () => (choices.isChance(0.4) ? choices.pick(FAULTS) : undefined);
      const end = await runJobAt({ trackingUri: proxy.url, experimentName: `mixture ${seed}`, job: nextJob++ });
      expect(Object.keys(proxy.committed).length).toBeGreaterThan(3);
      await expectExactlyOnce(proxy, end);
    });
  });
});
