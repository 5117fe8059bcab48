// Traces that are made by hand with MlflowClient: kept in memory, and sent when their last span has ended.
import { MlflowError, mlflowError } from '../../errors.ts';
import { AssessmentMethods } from './assessment-methods.ts';
import { toTexts } from './checks.ts';
import type { LiveSpan, SpanEndOptions, SpanOptions } from './live-span.ts';
import { keepTrace, LiveTrace, openTraces } from './live-trace.ts';
import { IMMUTABLE_TRACE_TAGS } from './trace-methods.ts';

/** How a new trace begins. */
export interface TraceOptions extends SpanOptions {
  /** Tags of the trace; values are stored as text. */
  readonly tags?: Readonly<Record<string, unknown>>;
  /** By default that of the service. */
  readonly experimentId?: string;
  /** The run that it belongs to. */
  readonly runId?: string;
}

/** The experiment of a server that nobody named one of. */
const DEFAULT_EXPERIMENT_ID = '0';

/** The methods of the client for traces that are made by hand. */
export abstract class LiveTraceMethods extends AssessmentMethods {
  /** Begins a trace with its root span; `endTrace` sends it. */
  async startTrace(name: string, options: TraceOptions = {}): Promise<LiveSpan> {
    const { experimentId = (await this.findExperimentId()) ?? DEFAULT_EXPERIMENT_ID, runId, tags = {} } = options;
    const texts = toTexts(tags).filter(({ key }) => !IMMUTABLE_TRACE_TAGS.has(key));
    const trace = new LiveTrace(name, {
      ...options,
      experimentId,
      sourceRunId: runId,
      modelId: this.activeModelId(),
      tags: Object.fromEntries(texts.map(({ key, value }) => [key, value])),
      sourceTags: this.sourceTags(),
      nowMs: this.now(),
    });
    keepTrace(trace);
    return trace.root;
  }

  /** Begins a span below another one. `RESOURCE_DOES_NOT_EXIST` where this process has no such span open. */
  async startSpan(name: string, traceId: string, parentId: string, options: SpanOptions = {}): Promise<LiveSpan> {
    if (parentId === '') throw invalid('A span needs a parent: begin a trace by startTrace().');
    if (traceId === '') throw invalid('A span needs a trace.');
    const trace = openTraces().get(traceId);
    if (trace?.span(parentId) === undefined)
      throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Parent span with ID '${parentId}' not found.`);
    return trace.start(name, parentId, options);
  }

  /** Ends a span; one that this process does not have is left alone, as in Python. */
  async endSpan(traceId: string, spanId: string, options: SpanEndOptions = {}): Promise<void> {
    const trace = openTraces().get(traceId);
    const span = trace?.span(spanId);
    if (trace === undefined || span === undefined) return;
    span.end(options);
    await this.#sendEnded(trace);
  }

  /** Ends the root span and sends the trace, if no other span is open; else when the last of them ends. */
  async endTrace(traceId: string, options: SpanEndOptions = {}): Promise<void> {
    const trace = openTraces().get(traceId);
    if (trace !== undefined) return this.endSpan(traceId, trace.root.spanId, options);
    const { info } = await this.getTrace(traceId);
    if (info.state !== 'IN_PROGRESS') throw invalid(`Trace with ID ${traceId} already finished.`);
  }

  /** Sets a tag of a trace, open or not; those that are MLflow's own stay as they are. */
  override async setTraceTag(traceId: string, key: string, value: unknown): Promise<void> {
    const trace = openTraces().get(traceId);
    if (trace === undefined || IMMUTABLE_TRACE_TAGS.has(key)) return super.setTraceTag(traceId, key, value);
    trace.tags.set(key, String(value));
  }

  /** Takes a tag off a trace, open or not; `RESOURCE_DOES_NOT_EXIST` where there is none. */
  override async deleteTraceTag(traceId: string, key: string): Promise<void> {
    const trace = openTraces().get(traceId);
    if (trace === undefined || IMMUTABLE_TRACE_TAGS.has(key)) return super.deleteTraceTag(traceId, key);
    if (!trace.tags.delete(key))
      throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Tag with key ${key} not found in trace with ID ${traceId}.`);
  }

  /** The spans first, as Python: the server then keeps them itself. A trace that could not be sent is sent by the next end. */
  async #sendEnded(trace: LiveTrace): Promise<void> {
    if (!trace.hasEnded) return;
    const { experimentId, sourceRunId } = trace;
    await this.#sendSpans(experimentId, trace);
    await this.ask('createTrace', { info: trace.info(), ...(sourceRunId === undefined ? {} : { sourceRunId }) });
    openTraces().delete(trace.root.traceId);
  }

  /** Links as the server reads them today, and where it refuses that, as OTLP has them. */
  async #sendSpans(experimentId: string, trace: LiveTrace): Promise<void> {
    const spans = trace.spans().map((span) => span.toTraceSpan());
    const hasLinks = spans.some(({ links }) => links.length > 0);
    try {
      await this.ask('exportSpans', { experimentId, spans, linkIds: 'base64' });
    } catch (error) {
      if (!hasLinks || !(error instanceof MlflowError) || error.status !== 400) throw error;
      await this.ask('exportSpans', { experimentId, spans, linkIds: 'hex' });
    }
  }
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
