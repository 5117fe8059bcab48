// What a run accepts: values mended by the table in the README, secrets masked, each refusal counted, then appended to the outbox.
import { createHash } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import type { DatasetInput, KeyValue, Tag } from '../../model/entities.ts';
import { isPartial, mendText } from '../../model/mend-text.ts';
import { mendInputTagValue, mendParamValue, mendTagValue } from '../../model/mend.ts';
import type { Redactor } from '../../model/redact.ts';
import type { CreateWrite, MetricWrite, Write } from '../../model/write.ts';
import { MAX_MIRRORED_BACK } from '../../otel/run/mirror.ts';
import type { MirroredAttributes } from '../../otel/run/mirror.ts';
import type { SpooledSource } from '../../outbox/contract.ts';
import { toDataset } from './dataset.ts';
import { IntakeGate } from './intake-gate.ts';
import type { IntakeGateOptions, MendReason } from './intake-gate.ts';
import type { InputOptions, MetricOptions } from '../run.ts';
import { RunMetrics } from './run-metrics.ts';
import { RunTexts } from './run-texts.ts';
import type { PreparedTexts } from './run-texts.ts';

/** What an intake stands on. */
export interface RunIntakeOptions extends IntakeGateOptions {
  readonly runKey: string;
  readonly redactor: Redactor;
  /** The mirror rule: what becomes of the span's attributes. */
  readonly mirror: (attributes: Attributes) => MirroredAttributes;
  readonly now: () => number;
  /** The logged model that metrics are of where nothing else is said. */
  readonly activeModelId?: (() => string | undefined) | undefined;
}

/** How many artifacts of cut values are known to be kept already. */
const MAX_KEPT_COUNT = 1000;

/** One run's way into the outbox. */
export class RunIntake {
  readonly #options: RunIntakeOptions;
  readonly #gate: IntakeGate;
  readonly #texts: RunTexts;
  readonly #points: RunMetrics;
  /** By the key the user gave; without a prototype, so that any key is only a key. */
  readonly #metrics: Record<string, number> = Object.create(null) as Record<string, number>;
  readonly #sentMetrics = new Map<string, number>();
  readonly #params = new Map<string, string>();
  readonly #tags = new Map<string, string>();
  /** A hash of the whole of each cut value, by its path: the mirror says each twice. */
  readonly #kept = new Map<string, string>();
  #pointCount = 0;

  constructor(options: RunIntakeOptions) {
    this.#options = options;
    this.#gate = new IntakeGate(options);
    const gate = this.#gate;
    this.#texts = new RunTexts({ gate, redactor: options.redactor });
    this.#points = new RunMetrics({ ...options, gate, texts: this.#texts });
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

  /** Accepts one point of a metric, of a logged model where one was measured; its options may be anything. */
  acceptMetric(key: unknown, value: unknown, options: unknown, modelKey?: string): void {
    // The hot path: no closure for the guard.
    try {
      const known = typeof key === 'string' ? key : this.#texts.readKey('metric', key);
      if (known === undefined) return;
      const given = this.#points.readOptions(options);
      const metric = this.#points.mend(known, value, modelKey === undefined ? given : { ...given, modelId: modelKey });
      if (metric === undefined) return;
      this.#gate.append(metric);
      const number = Number(metric.value);
      this.#metrics[known] = number;
      if (this.#sentMetrics.size < MAX_MIRRORED_BACK || this.#sentMetrics.has(metric.key))
        this.#sentMetrics.set(metric.key, number);
      this.#pointCount++;
    } catch (error) {
      this.#gate.complain(error);
    }
  }

  /** Accepts one point of each metric, all at one time. */
  acceptMetrics(metrics: unknown, options: unknown): void {
    let entries: readonly (readonly [unknown, unknown])[] = [];
    let shared: MetricOptions = {};
    this.#gate.guard(() => {
      const { timestampMs = this.#options.now(), ...others } = this.#points.readOptions(options);
      shared = { ...others, timestampMs };
      entries = this.#texts.readGiven('logMetrics', metrics);
    });
    for (const [key, value] of entries) this.acceptMetric(key, value, shared);
  }

  /** Accepts params; nested objects become dotted keys. */
  acceptParams(params: unknown): void {
    this.#gate.guard(() => this.#sendParams(this.#texts.flatten('logParams', params)));
  }

  /** Accepts one param; an object becomes JSON. */
  acceptParam(key: unknown, value: unknown): void {
    this.#gate.guard(() => this.#sendParams([[key, value]]));
  }

  /** Accepts one tag. */
  acceptTag(key: unknown, value: unknown): void {
    this.#gate.guard(() => this.#sendTags([[key, value]]));
  }

  /** Accepts tags. */
  acceptTags(tags: unknown): void {
    this.#gate.guard(() => this.#sendTags(this.#texts.readGiven('setTags', tags)));
  }

  /** Mends and masks the tags a run starts with: the create carries them. Throws where strict. */
  prepareTags(tags: Iterable<readonly [unknown, unknown]>): PreparedTexts {
    return this.#texts.prepare('tag', tags, mendTagValue);
  }

  /** Mends and masks params without sending them: a model's are its own. */
  prepareParams(params: Readonly<Record<string, unknown>>): readonly KeyValue[] {
    return unique(this.#texts.prepare('param', Object.entries(params), mendParamValue).sent);
  }

  /** Opens the run in the store; what its own tags were cut from follows it. */
  acceptCreate(write: CreateWrite, wholes: PreparedTexts['wholes']): void {
    this.acceptAlways(write);
    remember(this.#tags, write.tags);
    for (const whole of wholes) this.#keepWhole(whole);
  }

  /** Accepts a data set that the run reads, with the options of how; both may be anything. */
  acceptInput(dataset: unknown, options: unknown): void {
    this.#gate.guard(() => {
      const { redactor, runKey } = this.#options;
      const entity = toDataset(dataset, {
        redactText: (text) => redactor.redactText(text),
        refuse: (message) => this.#gate.refuse('invalid', message),
        mend: (message) => this.#gate.mend('dataset', message),
      });
      if (entity === undefined) return;
      const prepared = this.#texts.prepare('tag', this.#readInputTags(options), mendInputTagValue);
      const input: DatasetInput = { dataset: entity, tags: unique(prepared.sent) };
      this.#sendAll([{ kind: 'inputs', runKey, inputs: [input] }], [prepared]);
    });
  }

  /** Accepts an artifact's bytes. */
  acceptBytes(path: string, bytes: Uint8Array, { isTrace = false }: { readonly isTrace?: boolean } = {}): void {
    this.#gate.guard(() => {
      const source = this.#gate.spool(bytes);
      const kind = isTrace ? ({ kind: 'artifact', isTrace } as const) : ({ kind: 'artifact' } as const);
      this.#gate.append({ ...kind, runKey: this.#options.runKey, path, source });
    });
  }

  /** Keeps bytes for a write that is put together elsewhere. @throws as the outbox does */
  spool(bytes: Uint8Array): SpooledSource {
    return this.#gate.spool(bytes);
  }

  /** Accepts a write that is whole already. */
  acceptWrite(write: Write): void {
    this.#gate.guard(() => this.#gate.append(write));
  }

  /** The same for what nobody called: a run's beginning and end, and what is measured beside it. Never throws, strict or not. */
  acceptAlways(write: Write): void {
    this.#gate.guardLeniently('lenient', () => this.#gate.append(write));
  }

  /** Keeps attributes set on the open span, so that a killed run has them too. Never throws, strict or not: a span's methods do not. */
  journalAttributes(attributes: Attributes): void {
    this.#gate.guardLeniently('lenient', () => {
      const { params, tags, metrics } = this.#mirror(attributes);
      // The journal spells NaN and the infinities, which JSON cannot say.
      const points = metrics.map(({ key, value, timestampMs, step }) => ({
        key,
        value: Number(value),
        timestampMs,
        step,
      }));
      const write = { params: unique(params.sent), tags: unique(tags.sent), metrics: points };
      const isEmpty = write.params.length + write.tags.length + points.length === 0;
      const { runKey } = this.#options;
      this.#sendAll(isEmpty ? [] : [{ kind: 'attributes', runKey, ...write }], [params, tags]);
    });
  }

  /** Mirrors the span's attributes at its end, with their last values; what was mended of them was counted when they were set. */
  mirrorAttributes(attributes: Attributes): void {
    this.#gate.guardLeniently('silent', () => {
      const { params, tags, metrics } = this.#mirror(attributes);
      const { runKey } = this.#options;
      const writes: Write[] = [...metrics];
      if (tags.sent.length > 0) writes.unshift({ kind: 'tags', runKey, tags: tags.sent });
      if (params.sent.length > 0) writes.unshift({ kind: 'params', runKey, params: params.sent });
      this.#sendAll(writes, [params, tags]);
      this.#pointCount += metrics.length;
    });
  }

  /** Refuses data: counted, said once; thrown where strict, as the error that is the cause where that has a code. */
  refuse(reason: string, message: string, cause?: unknown): void {
    this.#gate.refuse(reason, message, cause);
  }

  /** Says that data was mended: counted, said once; thrown where strict. */
  mend(reason: MendReason, message: string): void {
    this.#gate.mend(reason, message);
  }

  /** Refuses what came from a span, whose methods never throw. */
  refuseLeniently(reason: string, message: string): void {
    this.#gate.guardLeniently('lenient', () => this.#gate.refuse(reason, message));
  }

  #readInputTags(options: unknown): readonly (readonly [unknown, unknown])[] {
    if (options === undefined || options === null) return [];
    if (typeof options !== 'object') {
      this.#gate.mend('options', `The options of an input are an object; a ${typeof options} was ignored.`);
      return [];
    }
    const { context, tags } = options as InputOptions;
    const given = tags === undefined || tags === null ? [] : this.#texts.readGiven('logInput', tags);
    return context === undefined ? given : [['mlflow.data.context', context], ...given];
  }

  #sendParams(entries: Iterable<readonly [unknown, unknown]>): void {
    const prepared = this.#texts.prepare('param', entries, mendParamValue);
    const { sent } = prepared;
    const { runKey } = this.#options;
    this.#sendAll(sent.length === 0 ? [] : [{ kind: 'params', runKey, params: sent }], [prepared]);
    remember(this.#params, sent);
  }

  #sendTags(entries: Iterable<readonly [unknown, unknown]>): void {
    const prepared = this.#texts.prepare('tag', entries, mendTagValue);
    const { sent } = prepared;
    const { runKey } = this.#options;
    this.#sendAll(sent.length === 0 ? [] : [{ kind: 'tags', runKey, tags: sent }], [prepared]);
    remember(this.#tags, sent);
  }

  /** The originals of keys first, as what follows needs them; what values were cut from last. */
  #sendAll(writes: readonly Write[], prepared: readonly PreparedTexts[]): void {
    const keyTags = prepared.flatMap((each) => each.keyTags);
    if (keyTags.length > 0) this.#gate.append({ kind: 'tags', runKey: this.#options.runKey, tags: keyTags });
    for (const write of writes) this.#gate.append(write);
    for (const { wholes } of prepared) for (const whole of wholes) this.#keepWhole(whole);
  }

  #keepWhole({ path, text }: PreparedTexts['wholes'][number]): void {
    const hash = createHash('sha256').update(text).digest('base64');
    if (this.#kept.get(path) === hash) return;
    if (this.#kept.size < MAX_KEPT_COUNT || this.#kept.has(path)) this.#kept.set(path, hash);
    this.acceptBytes(path, Buffer.from(text));
  }

  #mirror(attributes: Attributes): {
    readonly params: PreparedTexts;
    readonly tags: PreparedTexts;
    readonly metrics: readonly MetricWrite[];
  } {
    for (const [key, value] of Object.entries(attributes))
      if (typeof value === 'object' && value !== null && isPartial(mendText(value) ?? ''))
        this.#gate.mend('partial', `A part of attribute '${key}' cannot be said in text.`);
    const mirrored = this.#options.mirror(attributes);
    for (const key of mirrored.refused)
      this.refuse('invalid', `Attribute '${key}' is no metric: its value is not a number.`);
    const metrics = mirrored.metrics.map(([key, value]) => this.#points.mend(key, value, {}));
    return {
      params: this.#texts.prepare('param', mirrored.params, mendParamValue),
      tags: this.#texts.prepare('tag', mirrored.tags, mendTagValue),
      metrics: metrics.filter((metric) => metric !== undefined),
    };
  }
}

/** The last value of each key: a server refuses an input or a create that says one twice. */
function unique(items: readonly KeyValue[]): readonly Tag[] {
  return Array.from(new Map(items.map(({ key, value }) => [key, value])), ([key, value]) => ({ key, value }));
}

function remember(map: Map<string, string>, sent: readonly KeyValue[]): void {
  for (const { key, value } of sent) if (map.size < MAX_MIRRORED_BACK || map.has(key)) map.set(key, value);
}
