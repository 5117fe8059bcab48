// Where a version of a registered model comes from, in the words of the target: run, model and the place of the files.
import { MlflowError } from '../../errors.ts';
import { hasPromptTag, type ModelVersion, type RegisteredModel } from '../../model/registry.ts';
import type { Copying } from './copying.ts';
import { findRun } from './runs.ts';

/** A version's origin as a server is told. */
export interface VersionPlace {
  readonly source: string;
  readonly runId?: string;
  readonly modelId?: string;
}

/** The experiments that a prompt is listed in, as MLflow's pages of an experiment look for them: `,1,5,`. */
const EXPERIMENTS_TAG = '_mlflow_experiment_ids';

/** Where the copies of experiments, runs and models are found; made where there is none. */
export interface Copies {
  readonly experiments: { ensure(experimentId: string): Promise<{ readonly experimentId: string }> };
  readonly runs: { ensure(runId: string): Promise<string | undefined> };
  readonly models: { ensure(modelId: string): Promise<string | undefined> };
}

/** Translates the sources of versions. */
export class Sources {
  readonly #copying: Copying;
  readonly #copies: Copies;

  constructor(copying: Copying, copies: Copies) {
    this.#copying = copying;
    this.#copies = copies;
  }

  async translate({ source, runId, tags }: ModelVersion): Promise<VersionPlace> {
    const copyId = await this.#copies.runs.ensure(runId);
    const run = copyId === undefined ? {} : { runId: copyId };
    if (hasPromptTag(tags)) return { source, ...run };
    const ofModel = /\bm-[0-9a-f]{32}\b/.exec(source)?.[0];
    const modelId = ofModel === undefined ? undefined : await this.#copies.models.ensure(ofModel);
    if (modelId !== undefined) return { source: `models:/${modelId}`, modelId, ...run };
    const moved = copyId === undefined ? undefined : await this.#move(source, runId, copyId);
    return { source: moved ?? source, ...run };
  }

  /** The tags of a registered model, with the target's ids in them. */
  async translateTags(tags: RegisteredModel['tags']): Promise<RegisteredModel['tags']> {
    const listed = tags[EXPERIMENTS_TAG];
    if (listed === undefined) return tags;
    const ids: string[] = [];
    for (const id of listed.split(',').filter((each) => each !== '')) {
      const found = await this.#copies.experiments.ensure(id).catch(undefinedWhereAbsent);
      if (found !== undefined) ids.push(found.experimentId);
    }
    return { ...tags, [EXPERIMENTS_TAG]: `,${ids.join(',')},` };
  }

  /** A folder of the run's artifacts, where that folder is now. */
  async #move(source: string, runId: string, copyId: string): Promise<string | undefined> {
    if (source.startsWith(`runs:/${runId}/`)) return source.replace(runId, copyId);
    const from = await findRun(this.#copying, runId);
    if (from === undefined) return undefined;
    const root = from.info.artifactUri.replace(/\/$/, '');
    if (!source.startsWith(`${root}/`)) return undefined;
    const { info } = await this.#copying.attempt(() => this.#copying.target.store.getRun(copyId));
    return `${info.artifactUri}${source.slice(root.length)}`;
  }
}

function undefinedWhereAbsent(error: unknown): undefined {
  if (error instanceof MlflowError && error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
  throw error;
}
