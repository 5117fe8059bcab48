// The error that ends an unchanged job is one log record of its run.
import { expect, test } from 'vitest';
import { leave } from './leaves.ts';

test.each([
  ['throw', { 'exception.type': 'TypeError', 'exception.message': 'boom' }, 'boom'],
  ['reject', { 'exception.type': 'RangeError', 'exception.message': 'nobody waits' }, 'nobody waits'],
  // Node's own error about it.
  ['reject-text', { 'exception.type': 'UnhandledPromiseRejection' }, 'only a text'],
])('%s: the error that nobody catches is one log record of the run', async (way, exception, body) => {
  const { endpoint, run } = await leave(way, 1);
  const fatal = endpoint.logs.filter(({ severityNumber }) => severityNumber === 21);
  expect(fatal).toHaveLength(1);
  expect(fatal[0]).toMatchObject({
    severityText: 'CRITICAL',
    body: expect.stringContaining(body),
    traceId: run?.tags['otel.trace_id'],
    attributes: { 'runspan.run_key': run?.runId, ...exception },
  });
  if (way !== 'reject-text') expect(fatal[0]?.attributes['exception.stacktrace']).toMatch(/leaves\.mjs/);
  // One for a person who reads logs, and none of anything else: neither console nor our own logger says it again.
  expect(endpoint.logs.filter(({ attributes }) => 'exception.type' in attributes)).toHaveLength(1);
});
