// OTLP-JSON lines: the same as OpenTelemetry's own serializer makes them, masked, and short enough for the receiver.
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { JsonLogsSerializer, JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, it } from 'vitest';
import { createRedactor } from '../../../src/model/redact.ts';
import { writeLogLines, writeSpanLines } from '../../../src/otel/export/otlp-json.ts';
import type { EndedSpan } from '../../../src/otel/sdk-types.ts';

const resource = resourceFromAttributes({ 'service.name': 'churn', 'process.pid': 7 });
const attributes = {
  text: 'größe',
  flag: true,
  count: 442,
  rate: 0.5,
  list: ['a', 'b'],
  numbers: [1, 2.5],
};

/** 64-bit integers as text, which is how protobuf's JSON says them, and numbers mean the same. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner: unknown) => (key === 'intValue' ? String(inner) : inner));
}

const parse = (lines: string): unknown[] =>
  lines
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

function recordSpans(): EndedSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer('lib', '1.2.3');
  const root = tracer.startSpan('root', { kind: SpanKind.SERVER, attributes, startTime: [1_700_000_000, 5] });
  const remote = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: TraceFlags.NONE, isRemote: true };
  const links = [{ context: remote, attributes: { why: 'resumed' } }];
  const child = provider.getTracer('other').startSpan('child', { links }, trace.setSpan(ROOT_CONTEXT, root));
  child.addEvent('seen', { rows: 3 }, [1_700_000_001, 999_999_999]);
  child.recordException(new RangeError('too far'));
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'too far' });
  child.end();
  root.end();
  return exporter.getFinishedSpans() as EndedSpan[];
}

it("writes spans as OpenTelemetry's own serializer does", () => {
  const spans = recordSpans();
  const theirs: unknown = JSON.parse(new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans as never)));
  expect(parse(writeSpanLines(spans)).map(plain)).toEqual([plain(theirs)]);
});

it("writes log records as OpenTelemetry's own serializer does", () => {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  provider.getLogger('lib', '1.0.0').emit({
    timestamp: 1_700_000_000_123,
    severityNumber: 9,
    severityText: 'INFO',
    body: { nested: ['x', 1] },
    attributes,
    context: trace.setSpanContext(ROOT_CONTEXT, ids),
  });
  const records = exporter.getFinishedLogRecords();
  const theirs: unknown = JSON.parse(new TextDecoder().decode(JsonLogsSerializer.serializeRequest(records as never)));
  const ours = parse(writeLogLines(records.map((record) => ({ kind: 'record', record }))));
  expect(ours.map(plain)).toEqual([plain(theirs)]);
});

it('masks what is secret in names, attributes, events, bodies and messages', () => {
  const url = 'postgres://me:hunter2@db/x';
  const [span] = recordSpans();
  const spans = [
    {
      ...span,
      name: url,
      attributes: { api_key: 'hunter2', where: url },
      events: [{ name: 'e', time: [1, 0], attributes: { password: 'hunter2', where: url } }],
      status: { code: SpanStatusCode.ERROR, message: url },
      spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
    } as unknown as EndedSpan,
  ];
  const redactor = createRedactor();
  const record = { hrTime: [1, 0] as [number, number], body: `at ${url}`, attributes: { token: 'hunter2' } };
  const text = writeSpanLines(spans, { redactor }) + writeLogLines([{ kind: 'record', record }], { redactor });
  expect(text).not.toContain('hunter2');
  expect(text).toContain('[REDACTED]');
});

it('says what JSON cannot say', () => {
  const record = {
    body: Number.NaN,
    attributes: { big: 10n, huge: 1e300, bytes: new Uint8Array([1, 2]), none: null } as never,
  };
  expect(parse(writeLogLines([{ kind: 'record', record }]))).toMatchObject([
    {
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  body: { doubleValue: 'NaN' },
                  attributes: [
                    { key: 'big', value: { intValue: '10' } },
                    { key: 'huge', value: { doubleValue: 1e300 } },
                    { key: 'bytes', value: { bytesValue: 'AQI=' } },
                    { key: 'none', value: {} },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  ]);
});

it('keeps its lines below the 1 MiB that the receiver takes', () => {
  const records = Array.from({ length: 300 }, (_, at) => ({
    kind: 'record' as const,
    record: { body: 'x'.repeat(at % 3 === 0 ? 100_000 : 10) },
  }));
  const lines = writeLogLines(records).trimEnd().split('\n');
  expect(Math.max(...lines.map((text) => text.length))).toBeLessThan(1024 * 1024);
  expect(lines.join('').match(/"body"/g)).toHaveLength(300);
});

it('writes nothing for nothing', () => {
  expect(writeSpanLines([]) + writeLogLines([])).toBe('');
});
