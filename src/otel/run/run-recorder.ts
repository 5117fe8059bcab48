// What one run said while it was open: its ended spans and its log lines, by reference and bounded, for its artifacts.
import type { LogRecord } from '@opentelemetry/api';
import type { EndedSpan, KeptLogRecord } from '../sdk-types.ts';

/** A line of this package's logger; it is made a log record when the run ends. */
export interface KeptLine {
  readonly kind: 'line';
  readonly sizeChars: number;
  toLogRecord(): LogRecord;
}

/** A log record: a line of our logger, or what another logger emitted. */
export type KeptLog = KeptLine | { readonly kind: 'record'; readonly record: KeptLogRecord };

/** How much a run keeps. */
export interface RecorderLimits {
  readonly maxSpans: number;
  readonly maxLogs: number;
  /** Characters of all spans, and again of all log records; what they hold in memory is about three times that. */
  readonly maxChars: number;
}

/** Written in one go at the end, 10,000 lines take about a fifth of a second on a busy machine; see bench/telemetry.ts. */
const DEFAULT_LIMITS: RecorderLimits = { maxSpans: 10_000, maxLogs: 10_000, maxChars: 8_000_000 };
/** What a span or a record weighs beside its texts. */
const OVERHEAD_CHARS = 200;

// Every copy of this package in the process finds the same; the symbol is ours, so what lies under it is.
const RECORDERS = Symbol.for('runspan.recorders');
const holder = globalThis as { [RECORDERS]?: Map<string, RunRecorder> };
const recorders = (holder[RECORDERS] ??= new Map());

/** Gives the recorder of an open run; undefined where the run keeps nothing. */
export function recorderOf(runKey: unknown): RunRecorder | undefined {
  return recorders.get(runKey as string);
}

/**
 * Opens the recorder of a run; it takes what is said until it is closed. What an earlier one of the same run holds goes over to it.
 *
 * @example
 * const recorder = openRecorder(runKey);
 * recorder.close();
 */
export function openRecorder(runKey: string, limits: Partial<RecorderLimits> = {}): RunRecorder {
  const earlier = recorders.get(runKey);
  const recorder: RunRecorder = new RunRecorder({ ...DEFAULT_LIMITS, ...limits }, () => {
    if (recorders.get(runKey) === recorder) recorders.delete(runKey);
  });
  for (const span of earlier?.spans ?? []) recorder.addSpan(span);
  for (const log of earlier?.logs ?? []) {
    if (log.kind === 'line') recorder.addLine(log);
    else recorder.addRecord(log.record);
  }
  earlier?.close();
  recorders.set(runKey, recorder);
  return recorder;
}

/** Keeps the newest spans and log records of one run, within its limits; made by {@link openRecorder}. */
export class RunRecorder {
  readonly #spans: Newest<EndedSpan>;
  readonly #logs: Newest<KeptLog>;
  readonly #onClose: () => void;

  constructor(limits: RecorderLimits, onClose: () => void) {
    this.#spans = new Newest(limits.maxSpans, limits.maxChars);
    this.#logs = new Newest(limits.maxLogs, limits.maxChars);
    this.#onClose = onClose;
  }

  /** The spans kept, in the order they ended. */
  get spans(): readonly EndedSpan[] {
    return this.#spans.items;
  }

  /** The log records kept, oldest first. */
  get logs(): readonly KeptLog[] {
    return this.#logs.items;
  }

  /** How many older spans gave way. */
  get droppedSpanCount(): number {
    return this.#spans.droppedCount;
  }

  /** How many older log records gave way. */
  get droppedLogCount(): number {
    return this.#logs.droppedCount;
  }

  /** Keeps an ended span; one that two processors hand over is kept once. */
  addSpan(span: EndedSpan): void {
    if (this.#spans.last !== span) this.#spans.add(span, sizeOfSpan(span));
  }

  /** Keeps a line of our logger. */
  addLine(line: KeptLine): void {
    this.#logs.add(line, OVERHEAD_CHARS + line.sizeChars);
  }

  /** Keeps a record that another logger emitted. */
  addRecord(record: KeptLogRecord): void {
    const body = typeof record.body === 'string' ? record.body.length : OVERHEAD_CHARS;
    this.#logs.add({ kind: 'record', record }, OVERHEAD_CHARS + body + sizeOf(record.attributes));
  }

  /** Takes nothing any more, and lets go of what was kept. */
  close(): void {
    this.#onClose();
    this.#spans.clear();
    this.#logs.clear();
  }
}

/** A queue that drops its oldest: by count, and by weight. */
class Newest<T> {
  readonly #maxCount: number;
  readonly #maxWeight: number;
  #items: (T | undefined)[] = [];
  #weights: number[] = [];
  #first = 0;
  #weight = 0;
  #droppedCount = 0;

  constructor(maxCount: number, maxWeight: number) {
    this.#maxCount = maxCount;
    this.#maxWeight = maxWeight;
  }

  get items(): readonly T[] {
    return this.#items.slice(this.#first) as T[]; // only those before #first are let go
  }

  get last(): T | undefined {
    return this.#items.at(-1);
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  add(item: T, weight: number): void {
    this.#items.push(item);
    this.#weights.push(weight);
    this.#weight += weight;
    while (this.#items.length - this.#first > this.#maxCount || this.#weight > this.#maxWeight) this.#dropFirst();
    // Half of the list is holes: moved together, which costs each item one move.
    if (this.#first > this.#maxCount) this.#compact();
  }

  clear(): void {
    this.#items = [];
    this.#weights = [];
    this.#first = 0;
    this.#weight = 0;
  }

  #dropFirst(): void {
    this.#weight -= this.#weights[this.#first] ?? 0;
    this.#items[this.#first] = undefined;
    this.#first++;
    this.#droppedCount++;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#first);
    this.#weights = this.#weights.slice(this.#first);
    this.#first = 0;
  }
}

function sizeOfSpan(span: EndedSpan): number {
  let size = OVERHEAD_CHARS + sizeOf(span.attributes);
  for (const event of span.events) size += OVERHEAD_CHARS + sizeOf(event.attributes);
  return size;
}

/** Texts only: they alone can be large. */
function sizeOf(attributes: object | undefined): number {
  let size = 0;
  for (const key in attributes) {
    const value = (attributes as Readonly<Record<string, unknown>>)[key];
    if (typeof value === 'string') size += value.length;
    else if (Array.isArray(value)) for (const item of value) size += typeof item === 'string' ? item.length : 8;
    else size += 8;
  }
  return size;
}
