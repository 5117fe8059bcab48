// The span of a run: ours, wrapped around the SDK's, so that it can be read under any SDK, under none, and when a sampler drops it.
import { SpanStatusCode } from '@opentelemetry/api';
import type { Attributes, Exception, HrTime, Link, Span, SpanContext, SpanStatus, TimeInput } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE, EVENT_EXCEPTION } from '../attribute-names.ts';
import { describeError } from '../error-type.ts';
import type { DescribedError } from '../error-type.ts';
import { quietly } from '../quietly.ts';
import { readAttributes, redactAttributes, toExceptionAttributes } from '../span-attributes.ts';
import type { SpanRedactor } from '../span-attributes.ts';
import { isTimeInput, toHrTime } from '../span-time.ts';
import type { EndedSpan, SpanEvent, SpanProcessorLike } from '../sdk-types.ts';

/** What a {@link RunSpan} stands on. */
export interface RunSpanOptions {
  /** The SDK's span; everything is handed on to it. */
  readonly inner: Span;
  readonly name: string;
  /** What the SDK's span was started with, already redacted. */
  readonly attributes: Attributes;
  /** Hears of attributes that are set after the start, in the same turn, already redacted. */
  readonly onAttributes?: (attributes: Attributes) => void;
  /** Hears of attributes that cannot be taken, and why. */
  readonly onRefused?: (message: string) => void;
  /**
   * The run ends the SDK's span, by {@link RunSpan.conclude}: a status OK and an end that the user calls are kept until then, so
   * that a run that fails afterwards can still say so. @default false
   */
  readonly isEndedByRun?: boolean;
  /** Sees the ended span, whether or not an SDK's processors did. */
  readonly alertProcessor?: Pick<SpanProcessorLike, 'onEnd'> | undefined;
  readonly redactor?: SpanRedactor | undefined;
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
  #endAt: TimeInput | undefined;
  #isEnded = false;
  #isConcluded = false;
  /** The run has said that it failed, which no status takes back. */
  #hasFailed = false;

  constructor(options: RunSpanOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#remember(options.attributes, Infinity);
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
    return this.#setEntries('setAttribute', () => [[key, value]]);
  }

  setAttributes(attributes: Attributes): this {
    return this.#setEntries('setAttributes', () => readAttributes(attributes, this.#options.onRefused));
  }

  /** Sets what the run says of itself: also after an end that the user called, and without telling `onAttributes`. */
  setOwnAttributes(attributes: Attributes): void {
    if (this.#isConcluded) return;
    quietly('RunSpan.setOwnAttributes', () => {
      const accepted = redactAttributes(Object.entries(attributes), this.#options.redactor);
      this.#remember(accepted, Infinity);
      this.#options.inner.setAttributes(accepted);
    });
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    return this.#change('addEvent', (inner) => {
      const given = isTimeInput(attributesOrTime) ? undefined : attributesOrTime;
      const at = time ?? (isTimeInput(attributesOrTime) ? attributesOrTime : undefined);
      const attributes = redactAttributes(readAttributes(given ?? {}), this.#options.redactor);
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
      const isNews = sent.code === SpanStatusCode.OK || sent.code === SpanStatusCode.ERROR;
      const isTaken = isNews && this.#status.code !== SpanStatusCode.OK && !this.#hasFailed;
      if (isTaken) this.#status = sent;
      if (!this.#options.isEndedByRun) inner.setStatus(sent);
      else if (isTaken && sent.code === SpanStatusCode.ERROR) inner.setStatus(sent);
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
    this.#change('recordException', () => this.#record(this.#redactError(describeError(exception)), time));
  }

  /** The run's own word that it failed: stronger than a status OK, and than an end that the user called. A thrown error says the most. */
  fail(failure: { readonly error: unknown } | { readonly reason: string }): void {
    if (this.#isConcluded) return;
    quietly('RunSpan.fail', () => {
      const isReason = 'reason' in failure;
      const error = isReason ? undefined : this.#redactError(describeError(failure.error));
      if (error !== undefined) {
        this.#record(error);
        this.setOwnAttributes({ [ATTR_ERROR_TYPE]: error.type });
      }
      const isFirst = this.#status.code !== SpanStatusCode.ERROR;
      this.#hasFailed = true;
      if (!isFirst && error === undefined) return;
      const message = error?.message ?? this.#redactText(isReason ? failure.reason : '');
      this.#status = { code: SpanStatusCode.ERROR, message };
      this.#options.inner.setStatus(this.#status);
    });
  }

  /** Ends the span, once: first the SDK's, then the alert processor of its own service sees this one (which drops what one in the SDK has raised). */
  end(endTime?: TimeInput): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endAt = isTimeInput(endTime) ? endTime : undefined;
    this.#endTime = toHrTime(this.#endAt);
    if (!this.#options.isEndedByRun) this.#finish();
  }

  /** Ends the span of a run that ends its own, once, at the time of an earlier end where there was one. */
  conclude(attributes: Attributes): void {
    if (this.#isConcluded) return;
    this.setOwnAttributes(attributes);
    // Ended without a time the SDK takes its own clock, which would be too late for an earlier end.
    if (this.#isEnded) this.#endAt ??= this.#endTime;
    else this.end();
    const { inner } = this.#options;
    if (this.#status.code === SpanStatusCode.OK) quietly('RunSpan.setStatus', () => inner.setStatus(this.#status));
    this.#finish();
  }

  #finish(): void {
    this.#isConcluded = true;
    const { alertProcessor, inner } = this.#options;
    quietly('ending a run span', () => inner.end(this.#endAt));
    if (alertProcessor) quietly('an alert', () => alertProcessor.onEnd(this));
  }

  #setEntries(what: string, read: () => readonly (readonly [unknown, unknown])[]): this {
    if (this.#isEnded) this.#options.onRefused?.('An attribute was set on the span of a run after its end.');
    return this.#change(what, (inner) => {
      const { onAttributes, onRefused, redactor } = this.#options;
      const accepted = redactAttributes(read(), redactor, onRefused);
      const kept = this.#remember(accepted, MAX_ATTRIBUTES);
      // First the journal, then the SDK: neither may keep the other from it.
      if (Object.keys(kept).length > 0) quietly('keeping attributes', () => onAttributes?.(kept));
      if (Object.keys(accepted).length > 0) inner.setAttributes(accepted);
    });
  }

  #change(what: string, work: (inner: Span) => void): this {
    if (!this.#isEnded) quietly(`RunSpan.${what}`, () => work(this.#options.inner));
    return this;
  }

  /** Keeps attributes as far as there is room, and gives those. */
  #remember(attributes: Attributes, maxCount: number): Attributes {
    const kept: Attributes = {};
    for (const [key, value] of Object.entries(attributes)) {
      if (!Object.hasOwn(this.#attributes, key)) {
        if (this.#attributeCount >= maxCount) {
          this.#options.onRefused?.(`The span of a run keeps ${maxCount} attributes; further ones are not mirrored.`);
          continue;
        }
        this.#attributeCount++;
      }
      this.#attributes[key] = value;
      kept[key] = value;
    }
    return kept;
  }

  #record(error: DescribedError, time?: TimeInput): void {
    this.#error = error;
    const at = isTimeInput(time) ? time : undefined;
    this.#rememberEvent({ name: EVENT_EXCEPTION, time: toHrTime(at), attributes: toExceptionAttributes(error) });
    const sent: Exception = {
      name: error.type,
      message: error.message,
      ...(error.stack ? { stack: error.stack } : {}),
    };
    this.#options.inner.recordException(sent, at);
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
