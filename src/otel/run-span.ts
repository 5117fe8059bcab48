// The span of a run: ours, wrapped around the SDK's, so that it can be read under any SDK, under none, and when a sampler drops it.
import { context, INVALID_SPAN_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import type {
  Attributes,
  Context,
  Exception,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import {
  ATTR_MLFLOW_EXPERIMENT_NAME,
  ATTR_MLFLOW_RUN_NAME,
  ATTR_RUN_KEY,
  ATTR_RUNSPAN_KIND,
  EVENT_EXCEPTION,
  INSTRUMENTATION_SCOPE,
  RUNSPAN_KIND_RUN,
} from './attribute-names.ts';
import { describeError } from './error-type.ts';
import type { DescribedError } from './error-type.ts';
import { quietly, sayFailure } from './quietly.ts';
import { withRun } from './run-context.ts';
import type { RunIdentity } from './run-context.ts';
import { redactAttributes, toExceptionAttributes } from './span-attributes.ts';
import type { SpanRedactor } from './span-attributes.ts';
import { isTimeInput, toHrTime } from './span-time.ts';
import type { EndedSpan, SpanEvent, SpanProcessorLike } from './sdk-types.ts';

/** What a {@link RunSpan} stands on. */
export interface RunSpanOptions {
  /** The SDK's span; everything is handed on to it. */
  readonly inner: Span;
  readonly name: string;
  /** What the SDK's span was started with, already redacted. */
  readonly attributes: Attributes;
  /** Hears of attributes that are set after the start, in the same turn, already redacted. */
  readonly onAttributes?: (attributes: Attributes) => void;
  /** Sees the ended span, whether or not an SDK's processors did. */
  readonly alertProcessor?: Pick<SpanProcessorLike, 'onEnd'> | undefined;
  readonly redactor?: SpanRedactor | undefined;
}

/** What {@link startRunSpan} takes. */
export interface StartRunSpanOptions extends Omit<RunSpanOptions, 'inner' | 'attributes'> {
  readonly runKey: string;
  /** The run's name. @default the span's name */
  readonly runName?: string;
  readonly experimentName?: string;
  readonly attributes?: Attributes;
  /** What the run is started in. @default the active context */
  readonly parent?: Context;
  readonly links?: Link[];
  /** A span inside a run that another process has: it is no run's own, so nothing is alerted or ended by it. @default false */
  readonly isJoined?: boolean;
}

/** A run's span, the context that carries span and run, and the run's identity, whose id is set when it becomes known. */
export interface StartedRunSpan {
  readonly span: RunSpan;
  readonly context: Context;
  readonly identity: RunIdentity;
}

/** The most attributes and events that are remembered; beyond it they are handed to the SDK only. */
const MAX_ATTRIBUTES = 10_000;
const MAX_EVENTS = 128;

/**
 * The span of a run. It remembers name, attributes, status, events and end, hands everything on to the SDK's span, never
 * throws, and ignores what comes after its end.
 */
export class RunSpan implements Span, EndedSpan {
  readonly startTime: HrTime = toHrTime(undefined);
  readonly links: Link[] = [];
  readonly #options: RunSpanOptions;
  readonly #attributes: Attributes = {};
  readonly #events: SpanEvent[] = [];
  #attributeCount = 0;
  #name: string;
  #status: SpanStatus = { code: SpanStatusCode.UNSET };
  #error: DescribedError | undefined;
  #endTime: HrTime = [0, 0];
  #isEnded = false;

  constructor(options: RunSpanOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#remember(options.attributes);
  }

  /** The span's name, as last updated. */
  get name(): string {
    return this.#name;
  }

  /** Every attribute with its last value, the ones of the start included. */
  get attributes(): Attributes {
    return this.#attributes;
  }

  /** The span's status; ERROR means that the run failed. */
  get status(): SpanStatus {
    return this.#status;
  }

  /** The events added, exceptions among them; the newest {@link MAX_EVENTS}. */
  get events(): readonly SpanEvent[] {
    return this.#events;
  }

  /** The last exception that was recorded. */
  get error(): DescribedError | undefined {
    return this.#error;
  }

  /** When the span ended; [0, 0] while it is open. */
  get endTime(): HrTime {
    return this.#endTime;
  }

  /** Whether {@link end} was called. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The ids of the SDK's span; all zeros where there is no SDK. */
  spanContext(): SpanContext {
    return this.#options.inner.spanContext();
  }

  /** True until the span has ended, also where a sampler drops it. */
  isRecording(): boolean {
    return !this.#isEnded;
  }

  setAttribute(key: string, value: Attributes[string]): this {
    return typeof key === 'string' ? this.setAttributes({ [key]: value }) : this;
  }

  setAttributes(attributes: Attributes): this {
    return this.#change('setAttributes', (inner) => {
      const accepted = redactAttributes(attributes, this.#options.redactor);
      if (Object.keys(accepted).length === 0) return;
      this.#remember(accepted);
      // First the journal, then the SDK: neither may keep the other from it.
      quietly('keeping attributes', () => this.#options.onAttributes?.(accepted));
      inner.setAttributes(accepted);
    });
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    return this.#change('addEvent', (inner) => {
      const given = isTimeInput(attributesOrTime) ? undefined : attributesOrTime;
      const at = time ?? (isTimeInput(attributesOrTime) ? attributesOrTime : undefined);
      const attributes = redactAttributes(given ?? {}, this.#options.redactor);
      this.#rememberEvent({ name, time: toHrTime(at), attributes });
      inner.addEvent(name, attributes, isTimeInput(at) ? at : undefined);
    });
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    return this.#change('addLinks', (inner) => {
      for (const link of links) {
        if (typeof link?.context?.traceId !== 'string') continue;
        if (this.links.length < MAX_EVENTS) this.links.push(link);
        inner.addLink(link);
      }
    });
  }

  setStatus(status: SpanStatus): this {
    return this.#change('setStatus', (inner) => {
      const message = typeof status.message === 'string' ? this.#redactText(status.message) : undefined;
      const sent = message === undefined ? { code: status.code } : { code: status.code, message };
      // As the specification has it: UNSET changes nothing, and OK is final.
      if (sent.code !== SpanStatusCode.UNSET && this.#status.code !== SpanStatusCode.OK) this.#status = sent;
      inner.setStatus(sent);
    });
  }

  updateName(name: string): this {
    return this.#change('updateName', (inner) => {
      this.#name = String(name);
      inner.updateName(this.#name);
    });
  }

  /** Records whatever was thrown as an exception event; a value that is no error is recorded as its text. */
  recordException(exception: unknown, time?: TimeInput): void {
    this.#change('recordException', (inner) => {
      const error = this.#redactError(describeError(exception));
      this.#error = error;
      const at = isTimeInput(time) ? time : undefined;
      this.#rememberEvent({ name: EVENT_EXCEPTION, time: toHrTime(at), attributes: toExceptionAttributes(error) });
      const sent: Exception = {
        name: error.type,
        message: error.message,
        ...(error.stack ? { stack: error.stack } : {}),
      };
      inner.recordException(sent, at);
    });
  }

  /** Ends the span, once: first the SDK's, then the alert processor sees this one (it drops what the SDK showed it already). */
  end(endTime?: TimeInput): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const at = isTimeInput(endTime) ? endTime : undefined;
    this.#endTime = toHrTime(at);
    quietly('ending a run span', () => this.#options.inner.end(at));
    const { alertProcessor } = this.#options;
    if (alertProcessor) quietly('an alert', () => alertProcessor.onEnd(this));
  }

  #change(what: string, work: (inner: Span) => void): this {
    if (!this.#isEnded) quietly(`RunSpan.${what}`, () => work(this.#options.inner));
    return this;
  }

  #remember(attributes: Attributes): void {
    for (const [key, value] of Object.entries(attributes)) {
      if (!Object.hasOwn(this.#attributes, key)) {
        if (this.#attributeCount >= MAX_ATTRIBUTES) continue;
        this.#attributeCount++;
      }
      // defineProperty, since assigning `__proto__` would change the object instead.
      Object.defineProperty(this.#attributes, key, { value, enumerable: true, configurable: true, writable: true });
    }
  }

  #rememberEvent(event: SpanEvent): void {
    if (this.#events.length >= MAX_EVENTS) this.#events.shift();
    this.#events.push(event);
  }

  #redactText(text: string): string {
    return this.#options.redactor?.redactText(text) ?? text;
  }

  #redactError(error: DescribedError): DescribedError {
    const message = this.#redactText(error.message);
    return error.stack === undefined
      ? { type: error.type, message }
      : { type: error.type, message, stack: this.#redactText(error.stack) };
  }
}

/**
 * Starts the span of a run. The run is in the context before the SDK's span starts, so that processors stamp it too.
 * Never throws: where no span can be had, the run's span stands alone.
 *
 * @example
 * const { span, context: runContext } = startRunSpan({ name: 'train', runKey });
 * context.with(runContext, () => work());
 */
export function startRunSpan(options: StartRunSpanOptions): StartedRunSpan {
  const { name, runKey, runName = name, experimentName, redactor, links } = options;
  const identity: RunIdentity =
    experimentName === undefined ? { runKey, runName } : { runKey, runName, experimentName };
  const attributes: Attributes = {
    ...redactAttributes(options.attributes ?? {}, redactor),
    ...(options.isJoined === true ? {} : { [ATTR_RUNSPAN_KIND]: RUNSPAN_KIND_RUN }),
    [ATTR_RUN_KEY]: runKey,
    [ATTR_MLFLOW_RUN_NAME]: runName,
    ...(experimentName === undefined ? {} : { [ATTR_MLFLOW_EXPERIMENT_NAME]: experimentName }),
  };
  const parent = withRun(options.parent ?? context.active(), identity);
  const inner = startInnerSpan(name, { attributes, ...(links ? { links } : {}) }, parent);
  const span = new RunSpan({ ...options, inner, attributes });
  span.links.push(...(links ?? []));
  return { span, context: trace.setSpan(parent, span), identity };
}

function startInnerSpan(name: string, options: { attributes: Attributes; links?: Link[] }, parent: Context): Span {
  try {
    return trace.getTracer(INSTRUMENTATION_SCOPE).startSpan(name, options, parent);
  } catch (error) {
    sayFailure('starting a run span', error);
    return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  }
}
