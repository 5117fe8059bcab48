// What MLflow's server answers 200 to and loses: it stores zeros for the value, and drops what comes after it in the body.
import type { LogBatch } from '../../../src/rest/wire/batches.ts';

/** One such value in a log-batch. */
export interface SilentLoss {
  readonly name: string;
  /** The body that loses, below `run_id`: as somebody would write it who does not know. */
  readonly raw: string;
  /** The same as our caller gives it. */
  readonly given: Omit<LogBatch, 'runId'>;
  /** What goes on the wire in its place; undefined where nothing does, because the call is refused. */
  readonly sent: Readonly<Record<'metrics' | 'params' | 'tags', unknown>> | undefined;
}

/** What stands behind the value in each body, and must not be lost. */
export const AFTER = { key: 'after', value: '1' } as const;

const AFTER_TEXT = `"tags":[${JSON.stringify(AFTER)}]`;
const fields = { key: 'm', timestamp: 1, step: 0 };

function ofMetric(name: string, raw: Readonly<Record<string, string>>, given: object, sent?: object): SilentLoss {
  const texts = { key: '"m"', value: '0.5', timestamp: '1', step: '0', ...raw };
  const body = Object.entries(texts).map(([field, text]) => `"${field}":${text}`);
  const metric = { key: 'm', value: 0.5, timestampMs: 1, step: 0, ...given };
  return {
    name,
    raw: `"metrics":[{${body.join(',')}}],${AFTER_TEXT}`,
    given: { metrics: [metric], tags: [AFTER] },
    sent: sent && { metrics: [{ ...fields, ...sent }], params: [], tags: [AFTER] },
  };
}

function ofParam(name: string, raw: string, value: unknown, sent?: string): SilentLoss {
  return {
    name,
    raw: `"params":[{"key":"p","value":${raw}}],${AFTER_TEXT}`,
    given: { params: [{ key: 'p', value: value as string }], tags: [AFTER] }, // as a caller without types gives it
    sent: sent === undefined ? undefined : { metrics: [], params: [{ key: 'p', value: sent }], tags: [AFTER] },
  };
}

/** All that are known, measured on MLflow 3.18.0; the live tests see each on 3.17.2. */
export const SILENT_LOSSES: readonly SilentLoss[] = [
  ofMetric('NaN', { value: 'NaN' }, { value: NaN }, { value: 'NaN' }),
  ofMetric('Infinity', { value: 'Infinity' }, { value: Infinity }, { value: 'Infinity' }),
  ofMetric('-Infinity', { value: '-Infinity' }, { value: -Infinity }, { value: '-Infinity' }),
  ofMetric('a number beyond a double', { value: '1e400' }, { value: Number('1e400') }, { value: 'Infinity' }),
  ofMetric('a text that is no number', { value: '"abc"' }, { value: 'abc' }),
  ofMetric('"nan"', { value: '"nan"' }, { value: 'nan' }),
  ofMetric('an object', { value: '{}' }, { value: {} }),
  ofMetric('a fractional step', { step: '1.5' }, { step: 1.5 }),
  ofMetric('a step beyond int64', { step: '10000000000000000000' }, { step: 1e19 }),
  ofMetric('a fractional time', { timestamp: '1.5' }, { timestampMs: 1.5 }),
  ofParam('a number as a param', '7', 7),
  ofParam('half of a surrogate pair', String.raw`"a\ud800b"`, 'a\ud800b', 'a\ufffdb'),
  {
    name: 'a number as a tag',
    raw: `"tags":[{"key":"t","value":7},${JSON.stringify(AFTER)}]`,
    given: { tags: [{ key: 't', value: 7 as unknown as string }, AFTER] }, // as a caller without types gives it
    sent: undefined,
  },
];
