// What was logged to one run, as an assertion wants to read it: plain values, there as soon as the call has returned.
import type { DatasetInput, Metric, RunStatus } from '../model/entities.ts';
import type { CreateWrite, JoinWrite, MetricWrite, Write } from '../model/write.ts';

/** A run as it was logged; it goes on changing while the run is open. */
export interface RecordedRun {
  /** 32 hex characters, as `run.key`. */
  readonly key: string;
  /** What it was opened as. */
  readonly name: string;
  /** RUNNING while it is open. */
  readonly status: RunStatus;
  /** The key or id of the run that it is nested in. */
  readonly parentKey: string | undefined;
  /** The last value logged of each metric. */
  readonly metrics: Readonly<Record<string, number>>;
  /** All points of each metric, in the order they were logged. */
  readonly history: Readonly<Record<string, readonly Omit<Metric, 'key'>[]>>;
  /** As sent: texts. */
  readonly params: Readonly<Record<string, string>>;
  /** Without those that MLflow itself and this package set: names that begin with `mlflow.`, `otel.` and `runspan.`. */
  readonly tags: Readonly<Record<string, string>>;
  /** All of them. */
  readonly allTags: Readonly<Record<string, string>>;
  /** The data sets that it read. */
  readonly inputs: readonly DatasetInput[];
  /** The run's files by path. */
  readonly artifacts: Readonly<Record<string, Uint8Array>>;
  /** One of its files as text; throws where there is none. */
  text(path: string): string;
}

/** Reads the bytes of an artifact that is being logged. */
export type ReadArtifact = (source: Extract<Write, { kind: 'artifact' }>['source']) => Uint8Array | undefined;

/** Kept up to date write by write. */
export class RunRecord implements RecordedRun {
  readonly key: string;
  readonly name: string;
  readonly parentKey: string | undefined;
  readonly metrics: Record<string, number> = {};
  readonly history: Record<string, Omit<Metric, 'key'>[]> = {};
  readonly params: Record<string, string> = {};
  readonly allTags: Record<string, string> = {};
  readonly inputs: DatasetInput[] = [];
  readonly artifacts: Record<string, Uint8Array> = {};
  readonly #readArtifact: ReadArtifact;
  #status: RunStatus = 'RUNNING';

  constructor(opening: CreateWrite | JoinWrite, readArtifact: ReadArtifact) {
    const isCreate = opening.kind === 'create';
    this.key = opening.runKey;
    this.name = isCreate ? opening.runName : '';
    this.parentKey = isCreate ? opening.parentRun : undefined;
    this.#readArtifact = readArtifact;
    if (isCreate) this.#setTags(opening.tags);
  }

  get status(): RunStatus {
    return this.#status;
  }

  get tags(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(this.allTags).filter(([key]) => !/^(?:mlflow|otel|runspan)\./.test(key)));
  }

  text(path: string): string {
    const bytes = this.artifacts[path];
    if (bytes !== undefined) return Buffer.from(bytes).toString('utf8');
    throw new Error(`Run '${this.name}' has no artifact '${path}'; it has: ${Object.keys(this.artifacts).join(', ')}`);
  }

  /** Takes one write as a store would. */
  take(write: Write): void {
    switch (write.kind) {
      case 'metric':
        this.#addPoint(write);
        return;
      case 'params':
        for (const { key, value } of write.params) this.#setParam(key, value);
        return;
      case 'tags':
        this.#setTags(write.tags);
        return;
      case 'inputs':
        this.inputs.push(...write.inputs);
        return;
      case 'artifact':
        this.#keepArtifact(write);
        return;
      case 'end':
        this.#status = write.status;
        return;
      default:
      // Attributes come again at the run's end, mirrored; models and their ends are the store's.
    }
  }

  #addPoint({ key, value, step, timestampMs }: MetricWrite): void {
    const number = Number(value);
    this.metrics[key] = number;
    (this.history[key] ??= []).push({ value: number, step, timestampMs });
  }

  /** A param that exists with another value stays; the new one is a tag. */
  #setParam(key: string, value: string): void {
    const known = (this.params[key] ??= value);
    if (known !== value) this.allTags[`param.${key}`] = value;
  }

  #setTags(tags: readonly { readonly key: string; readonly value: string }[]): void {
    for (const { key, value } of tags) this.allTags[key] = value;
  }

  #keepArtifact({ modelKey, path, source }: Extract<Write, { kind: 'artifact' }>): void {
    const bytes = this.#readArtifact(source);
    if (bytes !== undefined && modelKey === undefined) this.artifacts[path] = Uint8Array.from(bytes);
  }
}
