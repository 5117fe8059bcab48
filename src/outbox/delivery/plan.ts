// From records to steps: consecutive small writes of a run become one batch, everything else stays where it was. Pure.
import type {
  ArtifactWrite,
  AttributesWrite,
  CreateWrite,
  EndWrite,
  InputsWrite,
  JoinWrite,
  MetricWrite,
  ModelEndWrite,
  ModelWrite,
  ParamsWrite,
  TagsWrite,
  Write,
} from '../../model/write.ts';
import type { Entry } from '../journal/record-source.ts';

/** A record of one kind with its number. */
export interface EntryOf<W extends Write> {
  readonly sequence: number;
  readonly write: W;
}

/** The writes that a log-batch carries. */
export type BatchWrite = MetricWrite | ParamsWrite | TagsWrite;

/** The writes that keep their place among the others of their run. */
export type FenceWrite =
  CreateWrite | JoinWrite | InputsWrite | ArtifactWrite | ModelWrite | ModelEndWrite | AttributesWrite | EndWrite;

/** One thing to do; `firstSequence` is the lowest number in it. */
export type Step =
  | {
      readonly kind: 'batch';
      readonly runKey: string;
      readonly entries: readonly EntryOf<BatchWrite>[];
      readonly firstSequence: number;
    }
  | { readonly kind: 'single'; readonly entry: EntryOf<FenceWrite>; readonly firstSequence: number }
  | { readonly kind: 'unknown'; readonly entry: Entry; readonly firstSequence: number };

/** A step with the number up to which everything is settled once it is done. */
export interface PlannedStep {
  readonly step: Step;
  readonly settles: number;
}

/**
 * Plans a window. The order of each run's records is kept; so is the order of creates and ends among each other.
 *
 * @param lastSequence the number that the whole window settles
 */
export function planSteps(entries: readonly Entry[], lastSequence: number): readonly PlannedStep[] {
  const steps: Step[] = [];
  const open = new Map<string, EntryOf<BatchWrite>[]>();
  const closeBatch = (runKey: string): void => {
    const batch = open.get(runKey);
    open.delete(runKey);
    const firstSequence = batch?.[0]?.sequence;
    if (batch !== undefined && firstSequence !== undefined) {
      steps.push({ kind: 'batch', runKey, entries: batch, firstSequence });
    }
  };
  for (const { sequence, write } of entries) {
    if (write.kind === 'metric' || write.kind === 'params' || write.kind === 'tags') {
      const batch = open.get(write.runKey);
      if (batch === undefined) open.set(write.runKey, [{ sequence, write }]);
      else batch.push({ sequence, write });
    } else if (isFence(write)) {
      // A resumed run may be one that another key of this window still writes to.
      if (write.kind === 'create' && write.resumeRunId !== undefined) for (const key of open.keys()) closeBatch(key);
      else closeBatch(write.runKey);
      steps.push({ kind: 'single', entry: { sequence, write }, firstSequence: sequence });
    } else {
      steps.push({ kind: 'unknown', entry: { sequence, write }, firstSequence: sequence });
    }
  }
  for (const key of open.keys()) closeBatch(key);
  return withWatermarks(steps, lastSequence);
}

/** The records of steps, in the order of their numbers. */
export function entriesOf(planned: readonly PlannedStep[]): readonly Entry[] {
  const entries = planned.flatMap(({ step }): readonly Entry[] =>
    step.kind === 'batch' ? step.entries : [step.entry],
  );
  return entries.toSorted((a, b) => a.sequence - b.sequence);
}

const FENCES: ReadonlySet<string> = new Set([
  'create',
  'join',
  'inputs',
  'artifact',
  'model',
  'model-end',
  'attributes',
  'end',
]);

function isFence(write: Write): write is FenceWrite {
  return FENCES.has(write.kind);
}

/** A step settles what lies below the lowest number that is still to be done. */
function withWatermarks(steps: readonly Step[], lastSequence: number): readonly PlannedStep[] {
  const planned: PlannedStep[] = [];
  let settles = lastSequence;
  for (const step of steps.toReversed()) {
    planned.push({ step, settles });
    settles = Math.min(settles, step.firstSequence - 1);
  }
  return planned.toReversed();
}
