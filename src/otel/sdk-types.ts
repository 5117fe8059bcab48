// The SDK's shapes as far as we use them, so that no SDK type stands in our declarations and any SDK's objects fit.
import type { Attributes, Context, HrTime, Link, SpanContext, SpanStatus } from '@opentelemetry/api';

/** A span event as processors and exporters read it. */
export interface SpanEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: Attributes;
}

/** What telemetry is of: `service.name` and the like. */
export interface TelemetryResource {
  readonly attributes: Attributes;
}

/** Which library made a span or log record. */
export interface Scope {
  readonly name: string;
  readonly version?: string | undefined;
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
  readonly kind?: number;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly resource?: TelemetryResource;
  readonly instrumentationScope?: Scope;
  readonly droppedAttributesCount?: number;
  readonly droppedEventsCount?: number;
  readonly droppedLinksCount?: number;
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

/** A log record as exporters read it. */
export interface KeptLogRecord extends Partial<EmittedLogRecord> {
  readonly hrTime?: HrTime;
  readonly hrTimeObserved?: HrTime;
  readonly severityNumber?: number | undefined;
  readonly severityText?: string | undefined;
  readonly body?: unknown;
  readonly attributes?: Attributes | undefined;
  readonly spanContext?: SpanContext | undefined;
  readonly resource?: TelemetryResource;
  readonly instrumentationScope?: Scope;
}

/** What an SDK calls for each log record. */
export interface LogRecordProcessorLike {
  onEmit(record: EmittedLogRecord, context?: Context): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
