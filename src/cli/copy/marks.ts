// The marks of a copy, as tags: what it was copied from, and the state that it was copied in.
import { createHash } from 'node:crypto';
import type { LoggedModel, Metric, RunEntity, Tag } from '../../model/entities.ts';
import type { SourceFile } from './files.ts';

/** Names the run, model or version that this is a copy of, by the id that it was made with. */
export const COPIED_FROM_TAG = 'runspan.copied_from';
/** Says what the source was like when it was copied whole, and when that was: absent or `incomplete` until then. */
export const COPIED_STATE_TAG = 'runspan.copied_state';
/** The state of a copy that is not whole. */
export const INCOMPLETE = 'incomplete';

type Tags = Readonly<Record<string, string>>;

/** Where something was made first: a copy of a copy is one of the original. */
export function originOf(tags: Tags, id: string): string {
  return tags[COPIED_FROM_TAG] ?? id;
}

/** Tags without the marks. */
export function withoutMarks(tags: Tags): readonly Tag[] {
  return Object.entries(tags)
    .filter(([key]) => key !== COPIED_FROM_TAG && key !== COPIED_STATE_TAG)
    .map(([key, value]) => ({ key, value }));
}

/** The state tag of a copy that is whole. */
export function stateTag(fingerprint: string, beganAtMs: number): Tag {
  return { key: COPIED_STATE_TAG, value: `${fingerprint} ${beganAtMs}` };
}

/** Reads the state tag; undefined where the copy is not whole. */
export function readState(tags: Tags): { readonly fingerprint: string; readonly beganAtMs: number } | undefined {
  const [fingerprint = '', beganAt] = (tags[COPIED_STATE_TAG] ?? '').split(' ');
  return beganAt === undefined ? undefined : { fingerprint, beganAtMs: Number(beganAt) };
}

/** A short name for everything that was added to it, in this order. */
export class Fingerprint {
  readonly #hash = createHash('sha256');

  add(...parts: readonly unknown[]): void {
    this.#hash.update(`${JSON.stringify(parts)}\n`);
  }

  addPoints(points: readonly Metric[]): void {
    for (const { key, value, timestampMs, step } of points) this.add(key, String(value), timestampMs, step);
  }

  addFiles(files: readonly SourceFile[]): void {
    for (const { path, sizeBytes, modifiedMs } of files) this.add(path, sizeBytes, modifiedMs);
  }

  addRun({ info, data, inputs, outputs }: RunEntity): void {
    this.add(info.runName, info.status, info.startTimeMs, info.endTimeMs, info.userId);
    this.add(
      sorted(data.params),
      sorted(Object.fromEntries(withoutMarks(data.tags).map((tag) => [tag.key, tag.value]))),
    );
    this.add(inputs.datasetInputs, inputs.modelInputs, outputs.modelOutputs);
  }

  addModel({ name, status, modelType, sourceRunId, params, tags, metrics }: LoggedModel): void {
    this.add(name, status, modelType, sourceRunId, sorted(params), withoutMarks(tags));
    for (const { value, ...point } of metrics) this.add(String(value), point);
  }

  /** 32 hex characters. */
  toHex(): string {
    return this.#hash.digest('hex').slice(0, 32);
  }
}

function sorted(texts: Tags): readonly (readonly [string, string])[] {
  return Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
