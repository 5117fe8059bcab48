// The one record that travels: everything a run writes is a Write, from the call to the journal to the store.
import type { DatasetInput, Metric, Param, Tag, TerminalStatus } from './entities.ts';

/** Opens a run. `runKey` is ours; the store's id is found or made when the write is delivered. */
export interface CreateWrite {
  readonly kind: 'create';
  readonly runKey: string;
  /** The experiment's name; the drain finds or makes it. */
  readonly experimentName: string;
  /** Empty where the server shall choose. */
  readonly runName: string;
  readonly userId: string;
  readonly startTimeMs: number;
  /** All tags the run starts with, the key's own tag `runspan.run_key` included. */
  readonly tags: readonly Tag[];
  /** A run key of this journal or a run id of the store; becomes tag `mlflow.parentRunId` with the real id. */
  readonly parentRun?: string;
  /** Resume this run of the store instead of making one: status RUNNING again, tags applied. */
  readonly resumeRunId?: string;
}

/** Says which run of the store a key of this journal stands for: one that another process has open, and ends. */
export interface JoinWrite {
  readonly kind: 'join';
  readonly runKey: string;
  /** The store's id, where it is known; else the run is found by its key. */
  readonly runId?: string;
}

/** One metric point; the hot path, so flat. */
export interface MetricWrite {
  readonly kind: 'metric';
  readonly runKey: string;
  readonly key: string;
  /** A number, or "NaN", "Infinity", "-Infinity", which JSON cannot say. */
  readonly value: number | 'NaN' | 'Infinity' | '-Infinity';
  readonly timestampMs: number;
  readonly step: number;
  /** The logged model that was measured, by our key or by its id; the point is then the model's too. */
  readonly modelKey?: string;
}

/** Params; one that exists with another value becomes tag `param.<key>`. */
export interface ParamsWrite {
  readonly kind: 'params';
  readonly runKey: string;
  readonly params: readonly Param[];
}

/** Tags; the last write wins. */
export interface TagsWrite {
  readonly kind: 'tags';
  readonly runKey: string;
  readonly tags: readonly Tag[];
}

/** Data sets that the run read. */
export interface InputsWrite {
  readonly kind: 'inputs';
  readonly runKey: string;
  readonly inputs: readonly DatasetInput[];
  /** The logged models that the run works on. */
  readonly modelKeys?: readonly string[];
}

/** One artifact file. */
export interface ArtifactWrite {
  readonly kind: 'artifact';
  readonly runKey: string;
  /** The logged model whose file it is; the run's own where there is none. */
  readonly modelKey?: string;
  /** Where it goes, relative to the artifact root of the run or model, with `/`; never absolute, never `..`. */
  readonly path: string;
  /** The file is the run's spans as OTLP-JSON lines, and they become its trace in MLflow where the store takes traces. */
  readonly isTrace?: true;
  /**
   * `spool`: a file name in the outbox folder's `spool/`, deleted once delivered. `file`: the user's own, by reference.
   * `mlmodel`: the fields of a model's MLmodel file, to which the drain adds the ids and places that the store gave.
   */
  readonly source:
    | {
        readonly kind: 'spool';
        readonly file: string;
        /** `sha256:<hex>` of its bytes; absent for clones of large files, and in journals of earlier versions. */
        readonly checksum?: string;
      }
    | {
        readonly kind: 'file';
        readonly file: string;
        readonly sizeBytes: number;
        readonly modifiedMs: number;
        /** `sha256:<hex>` of its bytes; absent in journals of earlier versions. */
        readonly checksum?: string;
      }
    | { readonly kind: 'mlmodel'; readonly fields: Readonly<Record<string, unknown>> };
}

/** Makes a logged model of a run. `modelKey` is ours, 32 hex; the store's id is found or made when the write is delivered. */
export interface ModelWrite {
  readonly kind: 'model';
  readonly runKey: string;
  readonly modelKey: string;
  /** Not empty; none of `/ : . % " '`. */
  readonly name: string;
  readonly params: readonly Param[];
  /** The key's own tag `runspan.model_key` is added where it is missing. */
  readonly tags: readonly Tag[];
}

/** Ends the making of a logged model, behind its files: READY only where all of them were delivered. */
export interface ModelEndWrite {
  readonly kind: 'model-end';
  readonly runKey: string;
  readonly modelKey: string;
  readonly status: 'READY' | 'UPLOAD_FAILED';
  /** At which step of the training it was made. */
  readonly step: number;
}

/** Attributes set on the run's span after its start, journaled in the turn they are set; mirrored at the end, or by the reaper. */
export interface AttributesWrite {
  readonly kind: 'attributes';
  readonly runKey: string;
  /** Already redacted; `params`, `tags`, `metrics` as the mirror says they go, last value wins. */
  readonly params: readonly Param[];
  readonly tags: readonly Tag[];
  readonly metrics: readonly Metric[];
}

/** The tag of a run that ended without an error of its own to name: why it did. */
export const END_REASON_TAG = 'runspan.end_reason';

/** Ends the run; what comes after it is sent and never reopens the run. */
export interface EndWrite {
  readonly kind: 'end';
  readonly runKey: string;
  readonly status: TerminalStatus;
  readonly endTimeMs: number;
}

/** The one record that travels. */
export type Write =
  | CreateWrite
  | JoinWrite
  | MetricWrite
  | ParamsWrite
  | TagsWrite
  | InputsWrite
  | ArtifactWrite
  | ModelWrite
  | ModelEndWrite
  | AttributesWrite
  | EndWrite;
