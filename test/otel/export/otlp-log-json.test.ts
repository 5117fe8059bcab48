// The body of an export of log records: byte for byte what OpenTelemetry's own serializer writes.
import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import type { AnyValue, LogRecord } from '@opentelemetry/api';
import { JsonLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { logJsonSerializer } from '../../../src/otel/export/otlp-log-json.ts';

const inSpan = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  traceFlags: TraceFlags.SAMPLED,
});

const { value } = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), tie('value'), { maxKeys: 3 }),
  ),
}));
const attributes = fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), value, { maxKeys: 6 });
const time = fc.oneof(
  fc.tuple(fc.nat(), fc.nat({ max: 999_999_999 })),
  fc.constantFrom<[number, number]>([0, 0], [0, 5], [1, 999_999_999.5], [1_700_000_000, 1_000_000_000]),
);
const record: fc.Arbitrary<LogRecord> = fc.record(
  {
    timestamp: time,
    observedTimestamp: time,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: fc.string({ unit: 'binary' }),
    eventName: fc.string(),
    body: value,
    attributes,
    context: fc.constantFrom(ROOT_CONTEXT, inSpan),
  },
  { requiredKeys: [] },
);
/** The logger that emits: of two resources, with and without version, schema and attributes. */
const logger = fc.nat({ max: 4 });

function emit(records: readonly (readonly [number, LogRecord])[]): ReadableLogRecord[] {
  const exporter = new InMemoryLogRecordExporter();
  const schemaUrl = 'https://example.org/"schema"';
  const [first, second] = [{}, { schemaUrl }].map((options) => {
    const resource = resourceFromAttributes({ 'service.name': 'ch"urn', 'process.pid': 7 }, options);
    const logRecordLimits = { attributeCountLimit: 4 };
    return new LoggerProvider({ resource, logRecordLimits, processors: [new SimpleLogRecordProcessor({ exporter })] });
  });
  const loggers = [
    first?.getLogger('plain'),
    first?.getLogger('with version', '1.0.0', { schemaUrl }),
    first?.getLogger('with attributes', '1.0.0', { attributes: { layer: 'app', depth: 2 } }),
    second?.getLogger('plain'),
    second?.getLogger('', ''),
  ];
  for (const [which, one] of records) loggers[which]?.emit(one);
  return exporter.getFinishedLogRecords();
}

it("is what OpenTelemetry's own serializer writes, whatever the records hold", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(logger, record), { maxLength: 12 }), (records) => {
      const emitted = emit(records);
      const [ours, theirs] = [logJsonSerializer, JsonLogsSerializer].map((one) =>
        new TextDecoder().decode(one.serializeRequest(emitted)),
      );
      expect(ours).toBe(theirs);
    }),
  );
});

it('keeps its pace where every record brings new names', () => {
  const records = Array.from({ length: 6_000 }, (_, at): [number, LogRecord] => [
    0,
    { attributes: { [`name ${at}`]: at } },
  ]);
  const emitted = emit(records);
  const ours = new TextDecoder().decode(logJsonSerializer.serializeRequest(emitted));
  expect(ours).toBe(new TextDecoder().decode(JsonLogsSerializer.serializeRequest(emitted)));
});
