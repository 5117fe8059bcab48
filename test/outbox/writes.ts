// Writes as jobs make them.
import type { CreateWrite, EndWrite, MetricWrite } from '../../src/model/write.ts';

/** A run key from a small number. */
export function runKey(index: number): string {
  return index.toString(16).padStart(32, '0');
}

/** A create with the tags that it always has. */
export function create(key: string, more: Partial<CreateWrite> = {}): CreateWrite {
  return {
    kind: 'create',
    runKey: key,
    experimentName: 'churn',
    runName: 'train',
    userId: 'ann',
    startTimeMs: 1_700_000_000_000,
    tags: [
      { key: 'mlflow.runName', value: 'train' },
      { key: 'runspan.run_key', value: key },
    ],
    ...more,
  };
}

/** One metric point; its step makes it unlike the others. */
export function metric(key: string, step: number, name = 'loss'): MetricWrite {
  return { kind: 'metric', runKey: key, key: name, value: step / 2, timestampMs: 1_700_000_000_000 + step, step };
}

/** A run's end. */
export function end(key: string, status: EndWrite['status'] = 'FINISHED'): EndWrite {
  return { kind: 'end', runKey: key, status, endTimeMs: 1_700_000_009_000 };
}
