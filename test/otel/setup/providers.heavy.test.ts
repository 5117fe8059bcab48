// What our set-up costs the end of a job whose Collector is away, with queues that are full.
import { describe, expect, test } from 'vitest';
import { EXIT_LIMIT_MS } from '../exit-jobs.ts';
import { report, runFixture, startOtlpEndpoint } from '../otlp-endpoint.ts';

// Not beside the others: these measure time.
describe('with a Collector that is away', () => {
  test.each(['refuses', 'hangs', 'answers 503'])(
    'a Collector that %s holds the end of a job with 20,000 records no longer than its own deadline',
    async (how) => {
      await using endpoint = await startOtlpEndpoint(how === 'hangs' ? 'hang' : 503);
      const url = how === 'refuses' ? 'http://127.0.0.1:9' : endpoint.url;
      const child = await runFixture('job.ts', [JSON.stringify({ endpoint: url }), '20000', 'flush']);
      const result = report(child);
      expect(child.exitMs).toBeLessThan(EXIT_LIMIT_MS);
      expect(result['counts']).toMatchObject({ sentCount: 0 });
    },
  );
});
