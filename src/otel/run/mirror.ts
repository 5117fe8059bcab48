// What goes between a run's span and its MLflow run: attributes become params, tags and metrics, and the other way round.
import type { Attributes } from '@opentelemetry/api';
import { mendText } from '../../model/mend-text.ts';
import { MIRRORED_BACK_PREFIXES } from '../attribute-names.ts';
import { isSemanticConvention } from '../semantic-conventions.ts';

/** The attributes of a run's span, told apart; keys are unique within each list and not yet mended to MLflow's rules. */
export interface MirroredAttributes {
  /** What becomes params. */
  readonly params: readonly (readonly [key: string, value: string])[];
  /** What becomes tags. */
  readonly tags: readonly (readonly [key: string, value: string])[];
  /** What becomes metrics. */
  readonly metrics: readonly (readonly [key: string, value: number])[];
  /** Attribute keys that asked to be a metric (`metric.x`) and hold no number. */
  readonly refused: readonly string[];
}

/** The values of a run that its span shall carry; pairs, as a Map or `Object.entries` gives them. */
export interface RunValues {
  readonly metrics?: Iterable<readonly [string, number]>;
  readonly params?: Iterable<readonly [string, string]>;
  readonly tags?: Iterable<readonly [string, string]>;
}

/** The most values of a run that its span carries: half of the SDK's limit of 128 attributes. */
export const MAX_MIRRORED_BACK = 64;

/** The longest text that goes back onto a span; params may have 6000 characters, which no dashboard shows. */
const MAX_MIRRORED_TEXT = 1024;

const PREFIX_PARAM = 'param.';
const PREFIX_TAG = 'tag.';
const PREFIX_METRIC = 'metric.';

/**
 * Tells the attributes of a run's span apart, by one rule: `param.x`, `tag.x` and `metric.x` go where they say; keys in
 * OpenTelemetry's namespaces become tags; ours (`mlflow.*`, `runspan.*`) stay on the span; all others become params.
 *
 * Scalars become their text, everything else its JSON; null and undefined are left out. `param.x` wins over `x`.
 *
 * @example
 * mirrorAttributes({ lr: 0.1, 'tag.stage': 'dev', 'metric.loss': 0.5, 'host.name': 'a' });
 * // params [['lr', '0.1']], tags [['stage', 'dev'], ['host.name', 'a']], metrics [['loss', 0.5]]
 */
export function mirrorAttributes(attributes: Attributes): MirroredAttributes {
  const params = new Map<string, string>();
  const tags = new Map<string, string>();
  const metrics = new Map<string, number>();
  const refused: string[] = [];
  const explicit: (readonly [Map<string, string>, string, string])[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || isOurs(key)) continue;
    const metricKey = keyAfter(key, PREFIX_METRIC);
    if (metricKey !== undefined) {
      if (typeof value === 'number') metrics.set(metricKey, value);
      else refused.push(key);
      continue;
    }
    // Undefined is left out above.
    const text = mendText(value) ?? '';
    const paramKey = keyAfter(key, PREFIX_PARAM);
    const tagKey = keyAfter(key, PREFIX_TAG);
    if (paramKey !== undefined) explicit.push([params, paramKey, text]);
    else if (tagKey !== undefined) explicit.push([tags, tagKey, text]);
    else if (isSemanticConvention(key)) tags.set(key, text);
    else params.set(key, text);
  }
  for (const [target, key, text] of explicit) target.set(key, text);
  return { params: [...params], tags: [...tags], metrics: [...metrics], refused };
}

/**
 * Makes the span attributes that carry a run's own values, so that dashboards can filter by them: metrics first, then
 * params, then tags, at most {@link MAX_MIRRORED_BACK}. MLflow's own tags (`mlflow.*`) and ours are left out.
 *
 * @example
 * span.setAttributes(mirrorBack({ metrics: [['loss', 0.5]], params: [['lr', '0.1']] }));
 * // { 'mlflow.metric.loss': 0.5, 'mlflow.param.lr': '0.1' }
 */
export function mirrorBack(values: RunValues): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  const add = (key: string, value: string | number): boolean => {
    if (Object.hasOwn(attributes, key)) count--;
    else if (count >= MAX_MIRRORED_BACK) return false;
    attributes[key] = typeof value === 'string' ? cut(value) : value;
    count++;
    return true;
  };
  for (const [key, value] of values.metrics ?? [])
    if (!add(MIRRORED_BACK_PREFIXES.metric + key, toSendable(value))) break;
  for (const [key, value] of values.params ?? []) if (!add(MIRRORED_BACK_PREFIXES.param + key, value)) break;
  for (const [key, value] of values.tags ?? []) {
    if (!isOurs(key) && !add(MIRRORED_BACK_PREFIXES.tag + key, value)) break;
  }
  return attributes;
}

function isOurs(key: string): boolean {
  return key.startsWith('mlflow.') || key.startsWith('runspan.');
}

function keyAfter(key: string, prefix: string): string | undefined {
  return key.length > prefix.length && key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
}

function toSendable(value: number): number | string {
  // OTLP's JSON has no NaN and no infinity: exporters write null for them.
  return Number.isFinite(value) ? value : String(value);
}

function cut(text: string): string {
  return text.length > MAX_MIRRORED_TEXT ? `${text.slice(0, MAX_MIRRORED_TEXT - 1)}…` : text;
}
