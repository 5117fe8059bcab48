// The SDK's shapes as far as we use them, so that no SDK type stands in our declarations and any SDK's objects fit.
import type { Attributes, Context, HrTime, Link, SpanContext, SpanStatus } from '@opentelemetry/api';

/** A span event as processors and exporters read it. */
export interface SpanEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: Attributes;
}

/** A span that has ended, as far as this package reads it. */
export interface EndedSpan {
  readonly name: string;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  readonly events: readonly SpanEvent[];
  readonly links?: readonly Pick<Link, 'context' | 'attributes'>[];
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  spanContext(): SpanContext;
}

/** A span that is being recorded, as far as this package writes it. */
export interface StartedSpan {
  setAttribute(key: string, value: string): unknown;
}

/** What an SDK calls for each span; an SDK's own processors fit, and ours fit an SDK. */
export interface SpanProcessorLike {
  onStart(span: StartedSpan, parentContext: Context): void;
  onEnding?(span: StartedSpan): void;
  onEnd(span: EndedSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** A log record on its way to the exporters, as far as this package writes it. */
export interface EmittedLogRecord {
  setAttribute(key: string, value: string): unknown;
}

/** What an SDK calls for each log record. */
export interface LogRecordProcessorLike {
  onEmit(record: EmittedLogRecord, context?: Context): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
