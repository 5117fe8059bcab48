// Points of metrics as they travel: the hot path of a run, so that nothing is made that is not needed.
import { takeCodePoints } from '../../model/limits.ts';
import { mendMetricValue, mendStep, mendTimestamp } from '../../model/mend.ts';
import type { MetricWrite } from '../../model/write.ts';
import type { IntakeGate } from './intake-gate.ts';
import type { MetricOptions } from '../run.ts';
import type { RunTexts } from './run-texts.ts';
import { isDate } from '../../model/any-realm.ts';

/** What {@link RunMetrics} stands on. */
export interface RunMetricsOptions {
  readonly runKey: string;
  readonly gate: IntakeGate;
  readonly texts: RunTexts;
  readonly now: () => number;
  /** The logged model that metrics are of where nothing else is said. */
  readonly activeModelId?: (() => string | undefined) | undefined;
}

/** How much of a key stands in a message. */
const MAX_SAID_LENGTH = 80;

/** Makes the points of one run. */
export class RunMetrics {
  readonly #options: RunMetricsOptions;

  constructor(options: RunMetricsOptions) {
    this.#options = options;
  }

  /** Mends one point; undefined, and refused, where its value is no number. The original of its key is sent at once. */
  mend(key: string, value: unknown, options: MetricOptions): MetricWrite | undefined {
    const mended = mendMetricValue(value);
    if (mended === undefined) {
      const type = value === null ? 'null' : `a ${typeof value}`;
      this.#options.gate.refuse('invalid', `Metric ${say(key)} was not logged: its value is ${type}, not a number.`);
      return undefined;
    }
    const { step = 0, timestampMs } = options;
    const sentStep = step === 0 ? 0 : this.#toStep(key, step);
    const sentMs = this.#toTime(key, timestampMs);
    const { runKey } = this.#options;
    const sent = {
      kind: 'metric',
      runKey,
      key: this.#toKey(key),
      value: mended,
      timestampMs: sentMs,
      step: sentStep,
    } as const;
    const modelKey = this.#readModel(options) ?? this.#options.activeModelId?.();
    return modelKey === undefined ? sent : { ...sent, modelKey };
  }

  /** Reads a point's options, which may be anything. */
  readOptions(options: unknown): MetricOptions {
    if (typeof options === 'object' && options !== null) return options;
    if (options !== undefined && options !== null)
      this.#options.gate.mend(
        'options',
        `The options of a metric are an object such as { step: 1 }; a ${typeof options} was ignored.`,
      );
    return {};
  }

  /** Reads which logged model was measured; undefined where nothing says so, or what says it is no id. */
  #readModel({ modelId }: { readonly modelId?: unknown }): string | undefined {
    if (modelId === undefined || modelId === null) return undefined;
    if (typeof modelId === 'string' && modelId !== '') return modelId;
    this.#options.gate.mend('options', 'The modelId of a metric is the id of a logged model: another one was ignored.');
    return undefined;
  }

  #toStep(key: string, step: unknown): number {
    if (step === null) return 0;
    const sent = mendStep(step);
    if (sent !== step && !(typeof step === 'bigint' && step === BigInt(sent)))
      this.#options.gate.mend(
        'step',
        `The step of metric ${say(key)} is no whole number within 2^53 - 1: ${sent} was sent.`,
      );
    return sent;
  }

  #toTime(key: string, timestampMs: unknown): number {
    const sent = mendTimestamp(timestampMs, this.#options.now());
    const givenMs = isDate(timestampMs) ? timestampMs.getTime() : timestampMs;
    if (givenMs !== sent && givenMs !== undefined && givenMs !== null)
      this.#options.gate.mend(
        'time',
        `The time of metric ${say(key)} is no whole number of milliseconds: ${sent} was sent.`,
      );
    return sent;
  }

  #toKey(key: string): string {
    const { gate, runKey, texts } = this.#options;
    const known = texts.findKey(key);
    if (known !== undefined) return known;
    const { key: sent, tag } = texts.mendKey(key);
    if (tag !== undefined) gate.append({ kind: 'tags', runKey, tags: [tag] });
    return sent;
  }
}

function say(key: string): string {
  return `'${takeCodePoints(key, MAX_SAID_LENGTH)}'`;
}
