// What a run keeps of its telemetry: the newest, by count and by weight, and once.
import { SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRecorder, recorderOf } from '../../../src/otel/run/run-recorder.ts';
import type { RecorderLimits, RunRecorder } from '../../../src/otel/run/run-recorder.ts';
import type { EndedSpan } from '../../../src/otel/sdk-types.ts';

let count = 0;

function open(limits: Partial<RecorderLimits> = {}): RunRecorder {
  const recorder = openRecorder(`run-${count++}`, limits);
  onTestFinished(() => recorder.close());
  return recorder;
}

function span(name: string, attributes: EndedSpan['attributes'] = {}): EndedSpan {
  return {
    name,
    attributes,
    status: { code: SpanStatusCode.UNSET },
    events: [],
    startTime: [1, 0],
    endTime: [2, 0],
    spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED }),
  };
}

const line = (text: string) => ({ kind: 'line' as const, sizeChars: text.length, toLogRecord: () => ({ body: text }) });

describe('a recorder', () => {
  it('takes over from an earlier one of its run, which then is closed', () => {
    const earlier = openRecorder('key');
    earlier.addSpan(span('a'));
    earlier.addLine(line('b'));
    earlier.addRecord({ body: 'c', attributes: {} });
    const recorder = openRecorder('key');
    onTestFinished(() => recorder.close());
    earlier.close();
    expect(recorderOf('key')).toBe(recorder);
    expect(recorder.spans.map(({ name }) => name)).toEqual(['a']);
    expect(recorder.logs.map(({ kind }) => kind)).toEqual(['line', 'record']);
    expect([earlier.spans, earlier.logs]).toEqual([[], []]);
  });

  it('is found by the key of its run until it is closed', () => {
    const recorder = openRecorder('key');
    expect(recorderOf('key')).toBe(recorder);
    recorder.addSpan(span('a'));
    recorder.close();
    expect(recorderOf('key')).toBeUndefined();
    expect(recorder.spans).toEqual([]);
    expect(recorderOf(undefined)).toBeUndefined();
  });

  it('keeps a span once that two processors hand over', () => {
    const recorder = open();
    const one = span('a');
    recorder.addSpan(one);
    recorder.addSpan(one);
    expect(recorder.spans).toEqual([one]);
  });

  it('keeps lines and records of other loggers in their order', () => {
    const recorder = open();
    recorder.addLine(line('first'));
    recorder.addRecord({ body: 'second' });
    expect(recorder.logs.map((log) => log.kind)).toEqual(['line', 'record']);
  });

  it('holds no more characters than it may, whatever the texts are', () => {
    const recorder = open({ maxChars: 10_000 });
    for (let at = 0; at < 50; at++)
      recorder.addSpan(span(`s${at}`, { prompt: 'x'.repeat(3_000), list: ['y'.repeat(500)] }));
    expect(recorder.spans.map(({ name }) => name)).toEqual(['s48', 's49']);
    expect(recorder.droppedSpanCount).toBe(48);
    recorder.addLine(line('z'.repeat(20_000)));
    expect(recorder.logs).toEqual([]);
    expect(recorder.droppedLogCount).toBe(1);
  });

  it('keeps the newest and counts the rest, for any number and limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 200 }), (maxSpans, spanCount) => {
        const recorder = open({ maxSpans });
        const names = Array.from({ length: spanCount }, (_, at) => `s${at}`);
        for (const name of names) recorder.addSpan(span(name));
        expect(recorder.spans.map(({ name }) => name)).toEqual(names.slice(-maxSpans));
        expect(recorder.droppedSpanCount).toBe(Math.max(0, spanCount - maxSpans));
      }),
    );
  });
});
