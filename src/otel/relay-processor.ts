// The one span processor that is installed once: services plug theirs in and out of it, since a provider cannot be replaced.
import type { Context } from '@opentelemetry/api';
import { settlesWithin } from './deadline.ts';
import { sayFailure } from './quietly.ts';
import type { EndedSpan, SpanProcessorLike, StartedSpan } from './sdk-types.ts';

/** What a {@link RelaySpanProcessor} stands on. */
export interface RelaySpanProcessorOptions {
  /** How long one forceFlush or shutdown waits for the processors plugged in, in milliseconds. @default 2_000 */
  readonly flushTimeoutMs?: number;
}

const DEFAULT_FLUSH_TIMEOUT_MS = 2_000;

/**
 * Hands every span to the processors plugged into it, in the order they came. One that throws starves neither the
 * others nor the job; its failures are counted.
 */
export class RelaySpanProcessor implements SpanProcessorLike {
  readonly #flushTimeoutMs: number;
  // Replaced, never changed, so that a processor may plug itself out while it is being called.
  #processors: readonly SpanProcessorLike[] = [];
  #failureCount = 0;

  constructor(options: RelaySpanProcessorOptions = {}) {
    this.#flushTimeoutMs = options.flushTimeoutMs ?? DEFAULT_FLUSH_TIMEOUT_MS;
  }

  /** How often a processor plugged in has thrown or rejected. */
  get failureCount(): number {
    return this.#failureCount;
  }

  /**
   * Plugs a processor in; the same one twice counts once.
   *
   * @returns plugs it out again; may be called twice
   */
  add(processor: SpanProcessorLike): () => void {
    if (!this.#processors.includes(processor)) this.#processors = [...this.#processors, processor];
    return () => {
      this.#processors = this.#processors.filter((other) => other !== processor);
    };
  }

  // Written out three times: closures for each call cost a span about 0.1 µs (bench/span.ts).
  onStart(span: StartedSpan, parentContext: Context): void {
    for (const processor of this.#processors) {
      try {
        processor.onStart(span, parentContext);
      } catch (error) {
        this.#fail(processor, error);
      }
    }
  }

  onEnding(span: StartedSpan): void {
    for (const processor of this.#processors) {
      try {
        processor.onEnding?.(span);
      } catch (error) {
        this.#fail(processor, error);
      }
    }
  }

  onEnd(span: EndedSpan): void {
    for (const processor of this.#processors) {
      try {
        processor.onEnd(span);
      } catch (error) {
        this.#fail(processor, error);
      }
    }
  }

  async forceFlush(): Promise<void> {
    await this.#all((processor) => processor.forceFlush());
  }

  /** Shuts down what is plugged in, within the deadline, and plugs all out. */
  async shutdown(): Promise<void> {
    const done = this.#all((processor) => processor.shutdown());
    this.#processors = [];
    await done;
  }

  async #all(work: (processor: SpanProcessorLike) => Promise<void>): Promise<void> {
    const pending = this.#processors.map(async (processor) => {
      try {
        await work(processor);
      } catch (error) {
        this.#fail(processor, error);
      }
    });
    await settlesWithin(Promise.all(pending), this.#flushTimeoutMs);
  }

  #fail(processor: SpanProcessorLike, error: unknown): void {
    this.#failureCount++;
    sayFailure(`span processor ${processor?.constructor?.name ?? ''}`, error);
  }
}
