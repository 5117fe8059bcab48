// A span that is being made by hand: what is set on it is kept until its trace is sent.
import { randomBytes } from 'node:crypto';
import { mlflowError } from '../../errors.ts';
import type { SpanEvent, SpanLink, SpanStatus, SpanStatusCode, TraceSpan } from '../../model/traces.ts';

/** How a new span begins. */
export interface SpanOptions {
  /** Such as `LLM`, `TOOL` or one's own. @default 'UNKNOWN' */
  readonly spanType?: string;
  /** What it is asked: anything that JSON holds, integers of any size as bigints. */
  readonly inputs?: unknown;
  /** What else is known about it. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Nanoseconds since the epoch; by default now. */
  readonly startTimeNs?: bigint;
  /** Spans elsewhere that it has to do with. */
  readonly links?: readonly (Omit<SpanLink, 'attributes'> & Partial<SpanLink>)[];
}

/** How a span ends. */
export interface SpanEndOptions {
  /** What it answers. */
  readonly outputs?: unknown;
  /** Those that it has already are replaced. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** By default OK, or what was set on the span if that is ERROR. */
  readonly status?: SpanStatusCode | SpanStatus;
  /** Nanoseconds since the epoch; by default now. */
  readonly endTimeNs?: bigint;
}

/** Where a span belongs, and its clock. */
interface SpanPlace {
  readonly traceId: string;
  readonly parentId: string | undefined;
  readonly nowNs: () => bigint;
  /** When it begins, where nothing was said. */
  readonly startNs?: bigint;
}

const STATUS_CODES: ReadonlySet<unknown> = new Set<SpanStatusCode>(['OK', 'ERROR', 'UNSET']);
/** Python's levels: what a person waits for is INFO, the rest DEBUG, what failed with an exception ERROR. */
const LEVELS = { debug: 10, info: 20, error: 40 } as const;
const INFO_TYPES: ReadonlySet<unknown> = new Set(['LLM', 'CHAT_MODEL', 'TOOL', 'RETRIEVER', 'AGENT', 'EMBEDDING']);

/**
 * A span that `client.startTrace` or `client.startSpan` began. What is set on one that has ended is left alone.
 *
 * @example
 * const span = await client.startSpan('call', root.traceId, root.spanId, { spanType: 'LLM' });
 * span.setOutputs({ answer: 42 });
 * await client.endSpan(span.traceId, span.spanId);
 */
export class LiveSpan {
  /** `tr-` and OpenTelemetry's 32 hex characters. */
  readonly traceId: string;
  /** 16 hex characters. */
  readonly spanId: string;
  /** Undefined for the root. */
  readonly parentId: string | undefined;
  /** What it is called. */
  readonly name: string;
  /** Nanoseconds since the epoch. */
  readonly startTimeNs: bigint;
  readonly #nowNs: () => bigint;
  readonly #attributes = new Map<string, unknown>();
  readonly #events: SpanEvent[] = [];
  readonly #links: readonly SpanLink[];
  #status: SpanStatus = { code: 'UNSET', message: '' };
  #endTimeNs: bigint | undefined;

  /** Made by the client alone. @internal */
  constructor(name: string, place: SpanPlace, options: SpanOptions) {
    const { spanType = 'UNKNOWN', inputs, attributes = {}, links = [] } = options;
    this.traceId = place.traceId;
    this.parentId = place.parentId;
    this.spanId = randomBytes(8).toString('hex');
    this.name = name;
    this.#nowNs = place.nowNs;
    this.startTimeNs = options.startTimeNs ?? place.startNs ?? place.nowNs();
    this.#links = links.map((link) => ({ attributes: {}, ...link }));
    if (options.startTimeNs !== undefined) this.setAttribute('mlflow.spanStartTimeNs', options.startTimeNs);
    this.setAttribute('mlflow.traceRequestId', place.traceId);
    this.setAttribute('mlflow.spanType', spanType);
    if (inputs !== undefined) this.setInputs(inputs);
    this.setAttributes(attributes);
  }

  /** Nanoseconds since the epoch; undefined while it is open. */
  get endTimeNs(): bigint | undefined {
    return this.#endTimeNs;
  }

  /** What it is asked. */
  setInputs(inputs: unknown): void {
    this.setAttribute('mlflow.spanInputs', inputs);
  }

  /** What it answers. */
  setOutputs(outputs: unknown): void {
    this.setAttribute('mlflow.spanOutputs', outputs);
  }

  /** Such as `LLM`. */
  setSpanType(spanType: string): void {
    this.setAttribute('mlflow.spanType', spanType);
  }

  /** The last value wins. */
  setAttribute(key: string, value: unknown): void {
    if (this.#endTimeNs === undefined) this.#attributes.set(key, value);
  }

  /** The last values win. */
  setAttributes(attributes: Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value);
  }

  /** How it goes. @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a code that MLflow does not have */
  setStatus(status: SpanStatusCode | SpanStatus): void {
    const whole = typeof status === 'string' ? { code: status, message: '' } : status;
    if (!STATUS_CODES.has(whole.code))
      throw mlflowError(
        'INVALID_PARAMETER_VALUE',
        `A span's status is OK, ERROR or UNSET, not '${String(whole.code)}'.`,
      );
    if (this.#endTimeNs === undefined) this.#status = whole;
  }

  /** Something that happens within it. */
  addEvent(name: string, attributes: Readonly<Record<string, unknown>> = {}, timeNs: bigint = this.#nowNs()): void {
    if (this.#endTimeNs === undefined) this.#events.push({ name, timeNs, attributes });
  }

  /** An error that happens within it: an event, and how it goes. */
  recordException(error: Error): void {
    const { name, message, stack = `${name}: ${message}` } = error;
    this.addEvent('exception', {
      'exception.message': message,
      'exception.type': name,
      'exception.stacktrace': stack,
    });
    this.setAttribute('mlflow.spanLogLevel', LEVELS.error);
    this.setStatus({ code: 'ERROR', message: `${name}: ${message}` });
  }

  /** Ends it, once; by `client.endSpan` and `client.endTrace` alone. @internal */
  end({ outputs, attributes = {}, status, endTimeNs }: SpanEndOptions): void {
    if (this.#endTimeNs !== undefined) return;
    if (status !== undefined) this.setStatus(status);
    if (this.#status.code !== 'ERROR') this.setStatus({ ...this.#status, code: 'OK' });
    this.setAttributes(attributes);
    if (outputs !== undefined) this.setOutputs(outputs);
    const type = this.#attributes.get('mlflow.spanType');
    if (!this.#attributes.has('mlflow.spanLogLevel'))
      this.setAttribute('mlflow.spanLogLevel', INFO_TYPES.has(type) ? LEVELS.info : LEVELS.debug);
    this.#endTimeNs = endTimeNs ?? this.#nowNs();
  }

  /** It as it is now. */
  toTraceSpan(): TraceSpan {
    const { traceId, spanId, parentId, name, startTimeNs } = this;
    const type = this.#attributes.get('mlflow.spanType');
    return {
      traceId,
      spanId,
      parentId,
      name,
      startTimeNs,
      endTimeNs: this.#endTimeNs,
      spanType: typeof type === 'string' ? type : 'UNKNOWN',
      status: this.#status,
      inputs: this.#attributes.get('mlflow.spanInputs'),
      outputs: this.#attributes.get('mlflow.spanOutputs'),
      attributes: Object.fromEntries(this.#attributes),
      events: [...this.#events],
      links: this.#links,
    };
  }
}
