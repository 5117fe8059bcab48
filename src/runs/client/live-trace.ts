// A trace that is being made by hand: its spans, until the last of them has ended.
import { randomBytes } from 'node:crypto';
import type { Tag } from '../../model/entities.ts';
import { shareInProcess } from '../../model/process-wide.ts';
import type { TraceInfo } from '../../model/traces.ts';
import { LiveSpan, type SpanOptions } from './live-span.ts';
import { metadataOf, previewOf } from './trace-preview.ts';
import { sizeMetadata } from './trace-size.ts';

/** How many traces are kept while they are open; the oldest goes for another one (MLFLOW_TRACE_BUFFER_MAX_SIZE). */
const MAX_OPEN = 1000;
const NANOS_PER_MS = 1_000_000n;

/** How a new trace begins. */
export interface LiveTraceOptions extends SpanOptions {
  readonly experimentId: string;
  readonly sourceRunId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** MLflow's own: who makes it, from which file and commit. */
  readonly sourceTags: readonly Tag[];
  /** The logged model that was active when it began. */
  readonly modelId?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** One trace that is open, or was not sent yet. */
export class LiveTrace {
  readonly root: LiveSpan;
  readonly experimentId: string;
  readonly sourceRunId: string | undefined;
  readonly tags: Map<string, string>;
  readonly #spans = new Map<string, LiveSpan>();
  readonly #sourceTags: readonly Tag[];
  readonly #modelId: string | undefined;
  readonly #nowNs: () => bigint;

  constructor(name: string, options: LiveTraceOptions) {
    const { experimentId, sourceRunId, tags, sourceTags, nowMs } = options;
    const startNs = BigInt(nowMs) * NANOS_PER_MS;
    const originNs = startNs - process.hrtime.bigint();
    this.#nowNs = () => originNs + process.hrtime.bigint();
    this.experimentId = experimentId;
    this.sourceRunId = sourceRunId;
    this.#sourceTags = sourceTags;
    this.#modelId = options.modelId;
    this.tags = new Map(Object.entries({ 'mlflow.traceName': name, ...tags }));
    const traceId = `tr-${randomBytes(16).toString('hex')}`;
    const attributes = { 'mlflow.experimentId': experimentId, ...options.attributes };
    this.root = this.#add(
      new LiveSpan(name, { traceId, parentId: undefined, nowNs: this.#nowNs, startNs }, { ...options, attributes }),
    );
  }

  /** Begins a span below another one of it. */
  start(name: string, parentId: string, options: SpanOptions): LiveSpan {
    return this.#add(new LiveSpan(name, { traceId: this.root.traceId, parentId, nowNs: this.#nowNs }, options));
  }

  /** One of its spans. */
  span(spanId: string): LiveSpan | undefined {
    return this.#spans.get(spanId);
  }

  /** All of its spans, in the order that they began. */
  spans(): readonly LiveSpan[] {
    return [...this.#spans.values()];
  }

  /** Whether none of its spans is open. */
  get hasEnded(): boolean {
    return this.spans().every(({ endTimeNs }) => endTimeNs !== undefined);
  }

  /** What is known of it, once it has ended. */
  info(): Omit<TraceInfo, 'assessments' | 'clientRequestId'> {
    const { inputs, outputs, startTimeNs, endTimeNs = startTimeNs, status } = this.root.toTraceSpan();
    const info = {
      traceId: this.root.traceId,
      experimentId: this.experimentId,
      requestTimeMs: Number(startTimeNs / NANOS_PER_MS),
      executionDurationMs: Number((endTimeNs - startTimeNs) / NANOS_PER_MS),
      state: status.code === 'ERROR' ? ('ERROR' as const) : ('OK' as const),
      requestPreview: previewOf(inputs, 'user'),
      responsePreview: previewOf(outputs, 'assistant'),
      traceMetadata: {
        ...Object.fromEntries(this.#sourceTags.map(({ key, value }) => [key, value])),
        ...(this.#modelId === undefined ? {} : { 'mlflow.modelId': this.#modelId }),
        'mlflow.trace_schema.version': '3',
        'mlflow.traceInputs': metadataOf(inputs),
        'mlflow.traceOutputs': metadataOf(outputs),
      },
      tags: Object.fromEntries(this.tags),
    };
    const size = sizeMetadata(
      info,
      this.spans().map((span) => span.toTraceSpan()),
    );
    return { ...info, traceMetadata: { ...info.traceMetadata, ...size } };
  }

  #add(span: LiveSpan): LiveSpan {
    this.#spans.set(span.spanId, span);
    return span;
  }
}

/** The traces of this process that are open, whichever client began them. */
export function openTraces(): Map<string, LiveTrace> {
  return shareInProcess('open-traces', () => new Map<string, LiveTrace>());
}

/** Keeps a trace until it is sent. */
export function keepTrace(trace: LiveTrace): void {
  const traces = openTraces();
  const [oldest] = traces.keys();
  if (traces.size >= MAX_OPEN && oldest !== undefined) traces.delete(oldest);
  traces.set(trace.root.traceId, trace);
}
