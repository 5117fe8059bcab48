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
  /** What it is called. */
  readonly name: string;
  /** As they were when it ended. */
  readonly attributes: Attributes;
  /** UNSET, OK or ERROR, with a message. */
  readonly status: SpanStatus;
  /** What happened in it, exceptions among it. */
  readonly events: readonly SpanEvent[];
  /** The spans of other traces that it names. */
  readonly links?: readonly Pick<Link, 'context' | 'attributes'>[];
  /** Seconds and nanoseconds since the epoch. */
  readonly startTime: HrTime;
  /** Seconds and nanoseconds since the epoch. */
  readonly endTime: HrTime;
  /** OpenTelemetry's `SpanKind`. */
  readonly kind?: number;
  /** The span that it was started in. */
  readonly parentSpanContext?: SpanContext | undefined;
  /** What it is of. */
  readonly resource?: TelemetryResource;
  /** Which library made it. */
  readonly instrumentationScope?: Scope;
  /** How many attributes were over the SDK's limit. */
  readonly droppedAttributesCount?: number;
  /** How many events were over the SDK's limit. */
  readonly droppedEventsCount?: number;
  /** How many links were over the SDK's limit. */
  readonly droppedLinksCount?: number;
  /** Gives its trace id and span id. */
  spanContext(): SpanContext;
}

/** A span that is being recorded, as far as this package writes it. */
export interface StartedSpan {
  /** Those so far, where the SDK shows them. */
  readonly attributes?: Attributes;
  /** Puts an attribute on the span. */
  setAttribute(key: string, value: string): unknown;
}

/** What an SDK calls for each span; an SDK's own processors fit, and ours fit an SDK. */
export interface SpanProcessorLike {
  /** Sees a span as it starts. */
  onStart(span: StartedSpan, parentContext: Context): void;
  /** Sees a span that ends while it can still be written. */
  onEnding?(span: StartedSpan): void;
  /** Sees a span that has ended. */
  onEnd(span: EndedSpan): void;
  /** Hands on what it holds. */
  forceFlush(): Promise<void>;
  /** Ends it. */
  shutdown(): Promise<void>;
}

/** A log record on its way to the exporters, as far as this package writes it. */
export interface EmittedLogRecord {
  /** Puts an attribute on the record. */
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
  /** Sees a record before it is exported. */
  onEmit(record: EmittedLogRecord, context?: Context): void;
  /** Hands on what it holds. */
  forceFlush(): Promise<void>;
  /** Ends it. */
  shutdown(): Promise<void>;
}
