// What a run accepts: values mended by the table in the README, secrets masked, each refusal counted, then appended to the outbox.
import type { Attributes } from '@opentelemetry/api';
import { RunspanError } from '../errors.ts';
import type { Dataset, DatasetInput, Param, Tag } from '../model/entities.ts';
import {
  mendKey,
  mendMetricValue,
  mendParamValue,
  mendStep,
  mendTagValue,
  mendTimestamp,
  originalKeyTag,
} from '../model/mend.ts';
import type { MendedKey, MendedText } from '../model/mend.ts';
import { flattenParams, mendText } from '../model/mend-text.ts';
import type { Redactor } from '../model/redact.ts';
import type { MetricWrite, Write } from '../model/write.ts';
import { MAX_MIRRORED_BACK } from '../otel/mirror.ts';
import type { MirroredAttributes } from '../otel/mirror.ts';
import { IntakeGate } from './intake-gate.ts';
import type { IntakeGateOptions } from './intake-gate.ts';
import type { MetricOptions } from './run.ts';

/** What an intake stands on. */
export interface RunIntakeOptions extends IntakeGateOptions {
  readonly runKey: string;
  readonly redactor: Redactor;
  /** The mirror rule: what becomes of the span's attributes. */
  readonly mirror: (attributes: Attributes) => MirroredAttributes;
  readonly now: () => number;
}

/** How many distinct keys an intake remembers as mended already; beyond it the work is only done again. */
const MAX_REMEMBERED_KEYS = 10_000;

/** One run's way into the outbox. */
export class RunIntake {
  readonly #options: RunIntakeOptions;
  readonly #gate: IntakeGate;
  readonly #sentKeys = new Map<string, string>();
  /** By the key the user gave; without a prototype, so that any key is only a key. */
  readonly #metrics: Record<string, number> = Object.create(null) as Record<string, number>;
  readonly #sentMetrics = new Map<string, number>();
  readonly #params = new Map<string, string>();
  readonly #tags = new Map<string, string>();
  #pointCount = 0;

  constructor(options: RunIntakeOptions) {
    this.#options = options;
    this.#gate = new IntakeGate(options);
  }

  /** The last value of each metric, by the key that was given. */
  get metrics(): Readonly<Record<string, number>> {
    return this.#metrics;
  }

  /** How many metric points were accepted. */
  get pointCount(): number {
    return this.#pointCount;
  }

  /** What was accepted first, with its last values, for the way back onto the span. */
  get accepted(): {
    readonly params: ReadonlyMap<string, string>;
    readonly tags: ReadonlyMap<string, string>;
    readonly metrics: ReadonlyMap<string, number>;
  } {
    return { params: this.#params, tags: this.#tags, metrics: this.#sentMetrics };
  }

  /** Accepts one point of a metric. */
  acceptMetric(key: string, value: unknown, options: MetricOptions = {}): void {
    // The hot path: no closure for the guard.
    try {
      const metric = this.#toMetric(key, value, options);
      if (metric === undefined) return;
      this.#gate.append(metric);
      const number = Number(metric.value);
      this.#metrics[key] = number;
      if (this.#sentMetrics.size < MAX_MIRRORED_BACK || this.#sentMetrics.has(metric.key))
        this.#sentMetrics.set(metric.key, number);
      this.#pointCount++;
    } catch (error) {
      this.#gate.complain(error);
    }
  }

  /** Accepts params; nested objects become dotted keys. */
  acceptParams(params: Readonly<Record<string, unknown>>): void {
    // Masked before it is spread: in `credentials: { user }` only the outer name says that it is secret.
    this.#gate.guard(() => this.#sendParams(flattenParams(this.#options.redactor.redactObject(params))));
  }

  /** Accepts one param; an object becomes JSON. */
  acceptParam(key: string, value: unknown): void {
    this.#gate.guard(() => this.#sendParams(this.#mask([[key, value]])));
  }

  /** Accepts tags. */
  acceptTags(tags: Readonly<Record<string, unknown>>): void {
    this.#gate.guard(() => {
      const sent = this.toTags(tags);
      if (sent.length > 0) this.#gate.append({ kind: 'tags', runKey: this.#options.runKey, tags: sent });
    });
  }

  /** Mends and masks tags without sending them: the create carries them. */
  toTags(tags: Readonly<Record<string, unknown>>): readonly Tag[] {
    const sent = this.#toTexts(this.#mask(Object.entries(tags)), mendTagValue);
    remember(this.#tags, sent);
    return sent;
  }

  /** Accepts a data set that the run reads, with tags of how. */
  acceptInput(makeDataset: () => Dataset, tags: Readonly<Record<string, unknown>>): void {
    this.#gate.guard(() => {
      const dataset = makeDataset();
      const source = this.#options.redactor.redactText(dataset.source);
      const input: DatasetInput = {
        dataset: { ...dataset, source },
        tags: this.#toTexts(this.#mask(Object.entries(tags)), mendTagValue),
      };
      this.#gate.append({ kind: 'inputs', runKey: this.#options.runKey, inputs: [input] });
    });
  }

  /** Accepts an artifact's bytes. */
  acceptBytes(path: string, bytes: Uint8Array): void {
    this.#gate.guard(() => {
      const source = this.#gate.spool(bytes);
      this.#gate.append({ kind: 'artifact', runKey: this.#options.runKey, path, source });
    });
  }

  /** Accepts a write that is whole already. */
  acceptWrite(write: Write): void {
    this.#gate.guard(() => this.#gate.append(write));
  }

  /** Keeps attributes set on the open span, so that a killed run has them too. */
  journalAttributes(attributes: Attributes): void {
    this.#gate.guard(() => {
      const mirrored = this.#mirror(attributes);
      for (const key of mirrored.refused)
        this.refuse('invalid', `Attribute '${key}' is no metric: its value is not a number.`);
      const { params, tags } = mirrored;
      // The journal spells NaN and the infinities, which JSON cannot say.
      const metrics = mirrored.metrics.map(({ key, value, timestampMs, step }) => ({
        key,
        value: Number(value),
        timestampMs,
        step,
      }));
      if (params.length + tags.length + metrics.length === 0) return;
      this.#gate.append({ kind: 'attributes', runKey: this.#options.runKey, params, tags, metrics });
    });
  }

  /** Mirrors the span's attributes at its end, with their last values. */
  mirrorAttributes(attributes: Attributes): void {
    this.#gate.guard(() => {
      const { params, tags, metrics } = this.#mirror(attributes);
      const { runKey } = this.#options;
      if (params.length > 0) this.#gate.append({ kind: 'params', runKey, params });
      if (tags.length > 0) this.#gate.append({ kind: 'tags', runKey, tags });
      for (const metric of metrics) {
        this.#gate.append(metric);
        this.#pointCount++;
      }
    });
  }

  /** Refuses data: counted, said once; thrown where strict. */
  refuse(reason: string, message: string): void {
    this.#gate.refuse(reason, message);
  }

  #sendParams(entries: Iterable<readonly [string, unknown]>): void {
    const sent = this.#toTexts(entries, mendParamValue);
    if (sent.length === 0) return;
    this.#gate.append({ kind: 'params', runKey: this.#options.runKey, params: sent });
    remember(this.#params, sent);
  }

  #mirror(attributes: Attributes): {
    readonly params: readonly Param[];
    readonly tags: readonly Tag[];
    readonly metrics: readonly MetricWrite[];
    readonly refused: readonly string[];
  } {
    const mirrored = this.#options.mirror(attributes);
    const metrics = mirrored.metrics.map(([key, value]) => this.#toMetric(key, value, {}));
    return {
      params: this.#toTexts(this.#mask(mirrored.params), mendParamValue),
      tags: this.#toTexts(this.#mask(mirrored.tags), mendTagValue),
      metrics: metrics.filter((metric) => metric !== undefined),
      refused: mirrored.refused,
    };
  }

  #toMetric(key: string, value: unknown, options: MetricOptions): MetricWrite | undefined {
    const mended = mendMetricValue(value);
    if (mended === undefined) {
      this.refuse('invalid', `Metric '${String(key)}' was not logged: its value is a ${typeof value}, not a number.`);
      return undefined;
    }
    const nowMs = this.#options.now();
    return {
      kind: 'metric',
      runKey: this.#options.runKey,
      key: this.#toKey(key),
      value: mended,
      timestampMs: mendTimestamp(options.timestampMs, nowMs),
      step: options.step === undefined ? 0 : mendStep(options.step),
    };
  }

  /** Masks by name while a value is still what it was: a boolean is no secret. */
  #mask(entries: Iterable<readonly [string, unknown]>): Iterable<readonly [string, unknown]> {
    return this.#options.redactor.redactEntries(entries);
  }

  #toTexts(
    entries: Iterable<readonly [string, unknown]>,
    mend: (text: string) => MendedText,
  ): { readonly key: string; readonly value: string }[] {
    const { redactor } = this.#options;
    const sent: { key: string; value: string }[] = [];
    for (const [key, value] of entries) {
      const text = mendText(value);
      if (text === undefined) continue;
      const sentKey = this.#toKey(key);
      const safe = mend(redactor.redactText(text));
      if (safe.whole !== undefined) {
        this.#options.complaints.warnOnce(
          'long-value',
          `The value of '${sentKey}' was cut; the whole is artifact runspan/values/${sentKey}.txt.`,
        );
        this.acceptBytes(`runspan/values/${sentKey}.txt`, Buffer.from(safe.whole));
      }
      sent.push({ key: sentKey, value: safe.value });
    }
    return sent;
  }

  #toKey(key: string): string {
    const known = this.#sentKeys.get(key);
    if (known !== undefined) return known;
    const mended = mendKey(key);
    const tag = originalKeyTag(mended);
    if (tag !== undefined) this.#noteKey(mended, tag);
    if (this.#sentKeys.size < MAX_REMEMBERED_KEYS) this.#sentKeys.set(key, mended.key);
    return mended.key;
  }

  #noteKey({ key, original }: MendedKey, tag: Tag): void {
    const said = `Key '${String(original).slice(0, 80)}'`;
    if (this.#options.isStrict)
      throw new RunspanError('INVALID_VALUE', `${said} is not a key that MLflow takes; '${key}' would be.`);
    this.#options.complaints.warnOnce('key', `${said} was sent as '${key}'; tag '${tag.key}' keeps the original.`);
    this.#gate.append({ kind: 'tags', runKey: this.#options.runKey, tags: [tag] });
  }
}

function remember(map: Map<string, string>, sent: readonly { readonly key: string; readonly value: string }[]): void {
  for (const { key, value } of sent) if (map.size < MAX_MIRRORED_BACK || map.has(key)) map.set(key, value);
}
