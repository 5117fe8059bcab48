// MLflow's traces: what is known of one, and its spans.
import type { Assessment } from './assessments.ts';
import type { JsonObject } from './datasets.ts';

/** How far a trace is, and how it went. */
export type TraceState = 'OK' | 'ERROR' | 'IN_PROGRESS' | 'STATE_UNSPECIFIED';

/** What is known of a trace without its spans. */
export interface TraceInfo {
  /** `tr-` and OpenTelemetry's 32 hex characters. */
  readonly traceId: string;
  /** Undefined for a trace that is kept elsewhere. */
  readonly experimentId: string | undefined;
  /** When it began, in milliseconds since the epoch. */
  readonly requestTimeMs: number;
  /** How long it took, in milliseconds; undefined while it is open. */
  readonly executionDurationMs: number | undefined;
  /** How it went. */
  readonly state: TraceState;
  /** The beginning of the root span's inputs. */
  readonly requestPreview: string | undefined;
  /** The beginning of its outputs. */
  readonly responsePreview: string | undefined;
  /** The request's id in the application, where it told one. */
  readonly clientRequestId: string | undefined;
  /** What is fixed: `mlflow.sourceRun` and the like. */
  readonly traceMetadata: Readonly<Record<string, string>>;
  /** What may change; `mlflow.traceName` among them. */
  readonly tags: Readonly<Record<string, string>>;
  /** What is thought of it. */
  readonly assessments: readonly Assessment[];
}

/** How a span went. */
export type SpanStatusCode = 'OK' | 'ERROR' | 'UNSET';

/** How a span went, and why. */
export interface SpanStatus {
  /** How it went. */
  readonly code: SpanStatusCode;
  /** Empty where nothing was said. */
  readonly message: string;
}

/** Something that happened within a span. */
export interface SpanEvent {
  /** What happened. */
  readonly name: string;
  /** Nanoseconds since the epoch. */
  readonly timeNs: bigint;
  /** What is known about it. */
  readonly attributes: JsonObject;
}

/** A span of another trace, or of the same one, that a span has to do with. */
export interface SpanLink {
  /** As in {@link TraceInfo}. */
  readonly traceId: string;
  /** 16 hex characters. */
  readonly spanId: string;
  /** What is known about the link. */
  readonly attributes: JsonObject;
}

/** A span as MLflow keeps it. Integers beyond ±(2^53 − 1) in its values are bigints. */
export interface TraceSpan {
  /** As in {@link TraceInfo}. */
  readonly traceId: string;
  /** 16 hex characters. */
  readonly spanId: string;
  /** Undefined for the root. */
  readonly parentId: string | undefined;
  /** What it is called. */
  readonly name: string;
  /** Such as `LLM`, `TOOL` or one's own; `UNKNOWN` where nothing was said. */
  readonly spanType: string;
  /** Nanoseconds since the epoch. */
  readonly startTimeNs: bigint;
  /** Nanoseconds since the epoch; undefined while it is open. */
  readonly endTimeNs: bigint | undefined;
  /** How it went. */
  readonly status: SpanStatus;
  /** What it was asked; undefined where nothing was said. */
  readonly inputs: unknown;
  /** What it answered; undefined where nothing was said. */
  readonly outputs: unknown;
  /** All of them, MLflow's own `mlflow.*` too. */
  readonly attributes: JsonObject;
  /** In the order that they happened. */
  readonly events: readonly SpanEvent[];
  /** To spans elsewhere. */
  readonly links: readonly SpanLink[];
}

/** A trace with its spans. */
export interface Trace {
  /** What is known of it. */
  readonly info: TraceInfo;
  /** Its spans, none where they were not asked for. */
  readonly data: { readonly spans: readonly TraceSpan[] };
}

/** A span as a store keeps it: each of its attributes is a text of JSON, left as it was written. */
export interface KeptSpan extends Omit<TraceSpan, 'spanType' | 'inputs' | 'outputs' | 'attributes'> {
  /** All of them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A trace as a store keeps it. */
export interface KeptTrace {
  /** What is known of it. */
  readonly info: TraceInfo;
  /** Undefined where they are not in the store, but in a file of the trace: `traces.json` where its tag `mlflow.artifactLocation` says. */
  readonly spans: readonly KeptSpan[] | undefined;
  /** Runs that it was linked to besides that in its metadata. */
  readonly runIds: readonly string[];
}

/** The tag that says where the files of a trace are. */
export const SPANS_FOLDER_TAG = 'mlflow.artifactLocation';
/** The tag that says whether its spans are in the store, or in a file. */
export const SPANS_PLACE_TAG = 'mlflow.trace.spansLocation';
