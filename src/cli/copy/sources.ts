// Where a version of a registered model comes from, in the words of the target: run, model and the place of the files.
import type { ModelVersion } from '../../model/registry.ts';
import { hasPromptTag } from '../../model/registry.ts';
import type { Copying } from './copying.ts';
import { findRun } from './runs.ts';

/** A version's origin as a server is told. */
export interface VersionPlace {
  readonly source: string;
  readonly runId?: string;
  readonly modelId?: string;
}

/** Where the copies of runs and models are found; made where there is none. */
export interface Copies {
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
