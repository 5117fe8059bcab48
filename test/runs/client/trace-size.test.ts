// The size of a trace as Python's client measures it.
import { expect, test } from 'vitest';
import type { TraceInfo, TraceSpan } from '../../../src/model/traces.ts';
import { sizeMetadata } from '../../../src/runs/client/trace-size.ts';

const SPAN: TraceSpan = {
  traceId: `tr-${'ab'.repeat(16)}`,
  spanId: 'cd'.repeat(8),
  parentId: undefined,
  name: 'ä',
  spanType: 'LLM',
  startTimeNs: 1n,
  endTimeNs: 2n,
  status: { code: 'OK', message: '' },
  inputs: undefined,
  outputs: undefined,
  attributes: { a: 'x' },
  events: [],
  links: [],
};
const INFO: Omit<TraceInfo, 'assessments' | 'clientRequestId'> = {
  traceId: SPAN.traceId,
  experimentId: '0',
  requestTimeMs: 0,
  executionDurationMs: 0,
  state: 'OK',
  requestPreview: undefined,
  responsePreview: undefined,
  traceMetadata: {},
  tags: {},
};

/** What `json.dumps(span.to_dict())` gives for it. */
const AS_PYTHON =
  '{"trace_id": "q6urq6urq6urq6urq6urqw==", "span_id": "zc3Nzc3Nzc0=", "parent_span_id": null, "name": "\\u00e4", "start_time_unix_nano": 1, ' +
  '"end_time_unix_nano": 2, "events": [], "status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": {"a": "\\"x\\""}, "links": []}';

test('a span has as many bytes as Python writes of it, and the quarters lie between', () => {
  const size = AS_PYTHON.length;
  const metadata = sizeMetadata(INFO, [SPAN, { ...SPAN, name: 'ä123' }]);
  const stats = JSON.parse(metadata['mlflow.trace.sizeStats']) as Record<string, number>;
  expect(stats).toMatchObject({ num_spans: 2, max: size + 3, p25: size, p50: size + 1, p75: size + 2 });
  const alone = JSON.parse(sizeMetadata(INFO, [SPAN])['mlflow.trace.sizeStats']) as Record<string, number>;
  expect(stats['total_size_bytes']).toBe((alone['total_size_bytes'] ?? 0) + size + 3 + 2);
  expect(metadata['mlflow.trace.sizeBytes']).toBe(String(stats['total_size_bytes']));
});
