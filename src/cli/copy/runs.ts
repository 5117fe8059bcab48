// Runs: made on the target exactly once, then filled with everything that they hold, then marked as whole.
import { MlflowError } from '../../errors.ts';
import type { RunEntity, Tag } from '../../model/entities.ts';
import { mendKey } from '../../model/mend.ts';
import type { Copying } from './copying.ts';
import type { Experiments } from './experiments.ts';
import { copyFiles, findSourceFiles, withArtifacts } from './files.ts';
import { COPIED_FROM_TAG, COPIED_STATE_TAG, INCOMPLETE, originOf, stateTag, withoutMarks } from './marks.ts';
import { copyMetrics } from './metrics.ts';
import type { PlannedRun } from './plan.ts';
import { copyRunSpans } from './run-spans.ts';

const PARENT_TAG = 'mlflow.parentRunId';

/** Where models are found that a run has to do with. */
export interface ModelIds {
  /** The id of a model's copy, which is made where there is none; undefined where the source has no such model. */
  ensure(modelId: string): Promise<string | undefined>;
}

interface Made {
  readonly runId: string;
  /** It was made just now, so nothing can be in it. */
  readonly isFresh: boolean;
  readonly copiedAtMs: number | undefined;
}

/** The runs of one copy. */
export class Runs {
  readonly #copying: Copying;
  readonly #experiments: Experiments;
  readonly #made = new Map<string, Promise<Made | undefined>>();
  /** Runs that something led to, and that were not among those to be copied. */
  readonly #led = new Set<string>();

  constructor(copying: Copying, experiments: Experiments) {
    this.#copying = copying;
    this.#experiments = experiments;
  }

  /** The id of a run's copy, which is made where there is none; undefined where the source has no such run. */
  async ensure(runId: string): Promise<string | undefined> {
    if (runId === '') return undefined;
    if (!this.#made.has(runId)) this.#led.add(runId);
    return (await this.#ensure(runId))?.runId;
  }

  /** The id of a run's copy where one was made or found. */
  async find(runId: string): Promise<string | undefined> {
    return (await this.#made.get(runId))?.runId;
  }

  /** Takes the runs that were made because something led to them: they are to be copied whole too. */
  takeLed(): readonly string[] {
    const led = [...this.#led];
    this.#led.clear();
    return led;
  }

  /** Copies a run, or brings its copy up to date. */
  async copy(planned: PlannedRun, models: ModelIds): Promise<void> {
    const { source, target, counts, now } = this.#copying;
    const beganAtMs = now();
    const run = await source.store.getRun(planned.runId);
    this.#led.delete(planned.runId);
    const made = await this.#ensure(planned.runId, run);
    this.#led.delete(planned.runId);
    if (made === undefined) return;
    const { runId, isFresh } = made;
    const before = isFresh ? undefined : await this.#copying.attempt(() => target.store.getRun(runId));
    await this.#copyTexts(run, runId, before);
    await copyMetrics(this.#copying, {
      fromRunId: planned.runId,
      toRunId: runId,
      keys: Object.keys(run.data.metrics),
      keysThere: new Set(Object.keys(before?.data.metrics ?? {})),
    });
    await this.#copyLinks(run, runId, models);
    await this.#copyFiles(run, runId, made);
    if (before !== undefined) await this.#copyStatus(run, before);
    const mark = stateTag(planned.fingerprint, beganAtMs);
    await this.#copying.attempt(() => target.store.logBatch({ runId, tags: [mark] }));
    counts.runs[isFresh ? 'copied' : 'updated'] += 1;
  }

  #ensure(runId: string, known?: RunEntity): Promise<Made | undefined> {
    const made = this.#made.get(runId) ?? this.#make(runId, known);
    this.#made.set(runId, made);
    return made;
  }

  async #make(runId: string, known?: RunEntity): Promise<Made | undefined> {
    const run = known ?? (await findRun(this.#copying, runId));
    if (run === undefined) return undefined;
    const { store } = this.#copying.target;
    const { experimentId, runs } = await this.#experiments.ensure(run.info.experimentId);
    const origin = originOf(run.data.tags, runId);
    const before = runs.get(origin);
    if (before !== undefined) {
      return { runId: before.runId, isFresh: false, copiedAtMs: before.state?.beganAtMs };
    }
    const { runName, userId, startTimeMs, status, endTimeMs } = run.info;
    const marks: Tag[] = [
      { key: COPIED_FROM_TAG, value: origin },
      { key: COPIED_STATE_TAG, value: INCOMPLETE },
    ];
    let isFirstTry = true;
    const id = await this.#copying.attempt(async () => {
      // A create whose answer was lost may have been carried out.
      const filter = `tags.\`${COPIED_FROM_TAG}\` = '${origin.replaceAll("'", '')}'`;
      const { items } = isFirstTry ? { items: [] } : await store.searchRuns({ experimentIds: [experimentId], filter });
      isFirstTry = false;
      if (items[0] !== undefined) return items[0].info.runId;
      const naming = runName === '' ? {} : { runName };
      const made = await store.createRun({ experimentId, runId: origin, ...naming, userId, startTimeMs, tags: marks });
      return made.info.runId;
    });
    // At once: what is interrupted from here on must not look as if it were at work.
    const end = endTimeMs === undefined ? {} : { endTimeMs };
    if (status !== 'RUNNING') await this.#copying.attempt(() => store.updateRun({ runId: id, status, ...end }));
    return { runId: id, isFresh: true, copiedAtMs: undefined };
  }

  /** Params and tags; a param cannot change, so another value becomes a tag, as in a run that is resumed. */
  async #copyTexts(run: RunEntity, runId: string, before: RunEntity | undefined): Promise<void> {
    const { store } = this.#copying.target;
    const stored: Pick<RunEntity['data'], 'params' | 'tags'> = before?.data ?? { params: {}, tags: {} };
    const params: Tag[] = [];
    const tags: Tag[] = [];
    for (const [key, value] of Object.entries(run.data.params)) {
      const isNew = !Object.hasOwn(stored.params, key);
      if (isNew) params.push({ key, value });
      else if (stored.params[key] !== value) tags.push({ key: mendKey(`param.${key}`).key, value });
    }
    for (const tag of withoutMarks(run.data.tags)) {
      const value = tag.key === PARENT_TAG ? ((await this.ensure(tag.value)) ?? tag.value) : tag.value;
      tags.push({ key: tag.key, value });
    }
    const changed = tags.filter(({ key, value }) => stored.tags[key] !== value);
    if (params.length + changed.length > 0)
      await this.#copying.attempt(() => store.logBatch({ runId, params, tags: changed }));
  }

  /** Data sets, and the models that the run worked on or made. */
  async #copyLinks({ inputs, outputs }: RunEntity, runId: string, models: ModelIds): Promise<void> {
    const { store } = this.#copying.target;
    const modelIds: string[] = [];
    for (const { modelId } of inputs.modelInputs) modelIds.push((await models.ensure(modelId)) ?? modelId);
    if (inputs.datasetInputs.length + modelIds.length > 0)
      await this.#copying.attemptInTurn(() => store.logInputs(runId, inputs.datasetInputs, modelIds));
    for (const { modelId, step } of outputs.modelOutputs) {
      const id = await models.ensure(modelId);
      if (id !== undefined) await this.#copying.attempt(() => store.logOutputs(runId, [{ modelId: id, step }]));
    }
  }

  async #copyFiles(run: RunEntity, runId: string, { isFresh, copiedAtMs }: Made): Promise<void> {
    const { source, target } = this.#copying;
    const { info } = await this.#copying.attempt(() => target.store.getRun(runId));
    await withArtifacts(
      () => source.openArtifacts(run.info.artifactUri),
      async (from) => {
        const files = await findSourceFiles(from);
        if (files.length === 0) return;
        await withArtifacts(
          () => target.openArtifacts(info.artifactUri),
          (to) => copyFiles(this.#copying, { files, from, to, copiedAtMs, isFresh }),
        );
        await copyRunSpans(this.#copying, { files, from, runId, experimentId: info.experimentId });
      },
    );
  }

  async #copyStatus({ info }: RunEntity, { info: before }: RunEntity): Promise<void> {
    const { store } = this.#copying.target;
    const { status, endTimeMs, runName } = info;
    if (before.status === status && before.endTimeMs === endTimeMs && (runName === '' || before.runName === runName))
      return;
    const end = endTimeMs === undefined ? {} : { endTimeMs };
    const naming = runName === '' ? {} : { runName };
    await this.#copying.attempt(() => store.updateRun({ runId: before.runId, status, ...end, ...naming }));
  }
}

/** A run of the source; undefined where there is none, or it is in the bin. */
export async function findRun(copying: Copying, runId: string): Promise<RunEntity | undefined> {
  try {
    const run = await copying.attempt(() => copying.source.store.getRun(runId));
    return run.info.lifecycleStage === 'active' ? run : undefined;
  } catch (error) {
    const isAbsent = error instanceof MlflowError && !error.isRetryable && [400, 404].includes(error.status);
    if (isAbsent) return undefined;
    throw error;
  }
}
