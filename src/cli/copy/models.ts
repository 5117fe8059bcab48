// Logged models: made on the target exactly once, with params, tags, files and what was measured of them.
import { MlflowError } from '../../errors.ts';
import type { LoggedModel, Metric, Tag } from '../../model/entities.ts';
import type { Copying } from './copying.ts';
import type { Experiments } from './experiments.ts';
import { copyFiles, findSourceFiles, withArtifacts } from './files.ts';
import {
  COPIED_FROM_TAG,
  COPIED_STATE_TAG,
  Fingerprint,
  INCOMPLETE,
  originOf,
  readState,
  stateTag,
  withoutMarks,
} from './marks.ts';
import { namePoint } from './metrics.ts';
import type { ModelIds } from './runs.ts';

/** How many params a model can be made with; more are added afterwards. */
const MAX_PARAMS = 100;

/** Where runs are found that a model has to do with. */
export interface RunIds {
  ensure(runId: string): Promise<string | undefined>;
}

/** The models of one copy. */
export class Models implements ModelIds {
  readonly #copying: Copying;
  readonly #experiments: Experiments;
  readonly #runs: RunIds;
  readonly #copies = new Map<string, Promise<string | undefined>>();

  constructor(copying: Copying, experiments: Experiments, runs: RunIds) {
    this.#copying = copying;
    this.#experiments = experiments;
    this.#runs = runs;
  }

  ensure(modelId: string): Promise<string | undefined> {
    const copy = this.#copies.get(modelId) ?? this.#copy(modelId);
    this.#copies.set(modelId, copy);
    return copy;
  }

  /** The copy of a model that was copied in this go. */
  async find(modelId: string): Promise<string | undefined> {
    return this.#copies.get(modelId);
  }

  async #copy(modelId: string): Promise<string | undefined> {
    const { source, target, counts, now } = this.#copying;
    const beganAtMs = now();
    const model = await this.#read(modelId);
    if (model === undefined) return undefined;
    const { experimentId, models } = await this.#experiments.ensure(model.experimentId);
    const before = models.get(originOf(model.tags, modelId));
    return withArtifacts(
      () => source.openArtifacts(model.artifactUri),
      async (from) => {
        const files = await findSourceFiles(from);
        const fingerprint = new Fingerprint();
        fingerprint.addModel(model);
        fingerprint.addFiles(files);
        const state = fingerprint.toHex();
        const state0 = before === undefined ? undefined : readState(before.tags);
        if (before !== undefined && state0?.fingerprint === state) {
          counts.models.unchanged += 1;
          return before.modelId;
        }
        const copy = before ?? (await this.#make(model, experimentId));
        const isFresh = before === undefined;
        if (!isFresh) await this.#copyTags(model, copy);
        await this.#copyMetrics(model, copy);
        if (files.length > 0)
          await withArtifacts(
            () => target.openArtifacts(copy.artifactUri),
            (to) => copyFiles(this.#copying, { files, from, to, copiedAtMs: state0?.beganAtMs, isFresh }),
          );
        const { status } = model;
        if (status !== undefined && status !== copy.status)
          await this.#copying.attempt(() => target.store.finalizeLoggedModel(copy.modelId, status));
        await this.#setTags(copy.modelId, [stateTag(state, beganAtMs)]);
        counts.models[isFresh ? 'copied' : 'updated'] += 1;
        this.#copying.onProgress();
        return copy.modelId;
      },
    );
  }

  async #read(modelId: string): Promise<LoggedModel | undefined> {
    try {
      return await this.#copying.attempt(() => this.#copying.source.store.getLoggedModel(modelId));
    } catch (error) {
      if (error instanceof MlflowError && error.status === 404 && !error.isRetryable) return undefined;
      throw error;
    }
  }

  async #make(model: LoggedModel, experimentId: string): Promise<LoggedModel> {
    const { store } = this.#copying.target;
    const origin = originOf(model.tags, model.modelId);
    const mark = { key: COPIED_FROM_TAG, value: origin };
    const params = Object.entries(model.params).map(([key, value]) => ({ key, value }));
    const sourceRunId = await this.#runs.ensure(model.sourceRunId);
    let isFirstTry = true;
    const made = await this.#copying.attempt(async () => {
      // A create whose answer was lost may have been carried out.
      const [found] = isFirstTry ? [] : await store.findLoggedModels(experimentId, mark);
      isFirstTry = false;
      if (found !== undefined) return found;
      return store.createLoggedModel({
        experimentId,
        modelId: origin,
        name: model.name,
        ...(model.modelType === '' ? {} : { modelType: model.modelType }),
        ...(sourceRunId === undefined ? {} : { sourceRunId }),
        params: params.slice(0, MAX_PARAMS),
        tags: [...withoutMarks(model.tags), mark, { key: COPIED_STATE_TAG, value: INCOMPLETE }],
      });
    });
    const missing = params.slice(MAX_PARAMS).filter(({ key }) => !Object.hasOwn(made.params, key));
    for (let at = 0; at < missing.length; at += MAX_PARAMS) {
      const pairs = missing.slice(at, at + MAX_PARAMS);
      await this.#copying.attempt(() => store.request('logModelParams', { modelId: made.modelId, pairs }));
    }
    return made;
  }

  async #copyTags(model: LoggedModel, copy: LoggedModel): Promise<void> {
    await this.#setTags(
      copy.modelId,
      withoutMarks(model.tags).filter(({ key, value }) => copy.tags[key] !== value),
    );
  }

  async #setTags(modelId: string, pairs: readonly Tag[]): Promise<void> {
    if (pairs.length === 0) return;
    await this.#copying.attempt(() => this.#copying.target.store.request('setLoggedModelTags', { modelId, pairs }));
  }

  /** What was measured of a model is logged with the run that measured it. */
  async #copyMetrics(model: LoggedModel, copy: LoggedModel): Promise<void> {
    const { store } = this.#copying.target;
    for (const fromRunId of new Set(model.metrics.map((point) => point.runId))) {
      const points = model.metrics.filter((point) => point.runId === fromRunId);
      const runId = await this.#runs.ensure(fromRunId);
      if (runId === undefined) continue;
      const there = new Set(
        copy.metrics.filter((point) => point.runId === runId).map((point) => `${point.key} ${namePoint(point)}`),
      );
      const metrics: Metric[] = points
        .filter((point) => !there.has(`${point.key} ${namePoint(point)}`))
        .map(({ runId: _unused, ...point }) => ({ ...point, modelId: copy.modelId }));
      if (metrics.length > 0) await this.#copying.attempt(() => store.logBatch({ runId, metrics }));
    }
  }
}
