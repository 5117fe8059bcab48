// Experiments of the source and their counterparts: found by name, made where there is none, with what was copied into them before.
import { MlflowError, RunspanError } from '../../errors.ts';
import type { Experiment, LoggedModel, RunEntity } from '../../model/entities.ts';
import type { Store } from '../../stores/contract.ts';
import type { Copying } from './copying.ts';
import { COPIED_FROM_TAG, Fingerprint, readState, stateTag, withoutMarks } from './marks.ts';

/** What was copied into an experiment before, by origin. */
export interface CopiedBefore {
  readonly runs: ReadonlyMap<string, CopiedRun>;
  readonly models: ReadonlyMap<string, LoggedModel>;
}

/** A run of the target that is a copy. */
export interface CopiedRun {
  readonly runId: string;
  readonly state: ReturnType<typeof readState>;
  readonly isDeleted: boolean;
}

/** The counterpart of an experiment. */
export interface Counterpart extends CopiedBefore {
  readonly experimentId: string;
}

const PAGE_SIZE = 1000;
const NOTHING: CopiedBefore = { runs: new Map(), models: new Map() };

/** Lists the experiments to copy, not those in the bin. */
export async function listExperiments(store: Store, names: readonly string[]): Promise<readonly Experiment[]> {
  const all: Experiment[] = [];
  let pageToken: string | undefined;
  do {
    const page = await store.searchExperiments({
      maxResults: PAGE_SIZE,
      ...(pageToken === undefined ? {} : { pageToken }),
    });
    all.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  const unknown = names.find((name) => !all.some((experiment) => experiment.name === name));
  if (unknown !== undefined) {
    const known = all.map(({ name }) => `'${name}'`).join(', ') || 'none';
    throw new RunspanError(
      'INVALID_ARGUMENT',
      `There is no experiment '${unknown}' in ${store.uri}. There are: ${known}.`,
    );
  }
  const wanted = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  return wanted.toSorted((a, b) => (a.creationTimeMs ?? 0) - (b.creationTimeMs ?? 0) || (a.name < b.name ? -1 : 1));
}

/** Lists the models of an experiment; a store that is older than models has none. */
export async function listModels(store: Store, experimentId: string): Promise<readonly LoggedModel[]> {
  try {
    return await store.findLoggedModels(experimentId);
  } catch (error) {
    const isOld = error instanceof RunspanError && error.code === 'STORE_INCOMPATIBLE';
    if (isOld || (error instanceof MlflowError && error.status === 404)) return [];
    throw error;
  }
}

/** The experiments of one copy. */
export class Experiments {
  readonly #copying: Copying;
  readonly #counterparts = new Map<string, Promise<Counterpart>>();

  constructor(copying: Copying) {
    this.#copying = copying;
  }

  /** What was copied of an experiment before; nothing is made. */
  async lookUp({ name }: Experiment): Promise<CopiedBefore> {
    const { store } = this.#copying.target;
    const found = await this.#copying.attempt(() => store.getExperimentByName(name));
    return found === undefined ? NOTHING : this.#readCopied(found.experimentId);
  }

  /** Finds or makes the counterpart of an experiment of the source. */
  ensure(sourceId: string): Promise<Counterpart> {
    const known = this.#counterparts.get(sourceId) ?? this.#make(sourceId);
    this.#counterparts.set(sourceId, known);
    return known;
  }

  async #make(sourceId: string): Promise<Counterpart> {
    const { source, target, counts, now } = this.#copying;
    const { name, tags } = await source.store.getExperiment(sourceId);
    const found = await this.#copying.attempt(async () => {
      const before = await target.store.getExperimentByName(name);
      if (before !== undefined) return before;
      const experimentId = await target.store.createExperiment({ name });
      counts.experiments += 1;
      return target.store.getExperiment(experimentId);
    });
    if (found.lifecycleStage === 'deleted')
      throw new RunspanError(
        'NOT_SUPPORTED',
        `Experiment '${name}' is in the bin of ${target.store.uri}. Restore it there, or delete it for good.`,
      );
    await this.#copyTags(found, tags, now());
    return { experimentId: found.experimentId, ...(await this.#readCopied(found.experimentId)) };
  }

  /** Sets the tags that the source changed since; what was set on the target meanwhile stays. */
  async #copyTags(found: Experiment, tags: Experiment['tags'], nowMs: number): Promise<void> {
    const { store } = this.#copying.target;
    const wanted = withoutMarks(tags);
    const fingerprint = new Fingerprint();
    fingerprint.add(wanted.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
    const state = fingerprint.toHex();
    if (wanted.length === 0 || readState(found.tags)?.fingerprint === state) return;
    for (const tag of wanted) {
      if (found.tags[tag.key] === tag.value) continue;
      await this.#copying.attempt(() => store.setExperimentTag(found.experimentId, tag));
    }
    await this.#copying.attempt(() => store.setExperimentTag(found.experimentId, stateTag(state, nowMs)));
  }

  async #readCopied(experimentId: string): Promise<CopiedBefore> {
    const { target } = this.#copying;
    const runs = new Map<string, CopiedRun>();
    let pageToken: string | undefined;
    do {
      const request = {
        experimentIds: [experimentId],
        filter: `tags.\`${COPIED_FROM_TAG}\` LIKE '%'`,
        viewType: 'ALL',
        maxResults: PAGE_SIZE,
        ...(pageToken === undefined ? {} : { pageToken }),
      } as const;
      const page = await this.#copying.attempt(() => target.store.searchRuns(request));
      for (const run of page.items) noteRun(runs, run);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    const models = await this.#copying.attempt(() => listModels(target.store, experimentId));
    const copies = models.flatMap((model) => {
      const origin = model.tags[COPIED_FROM_TAG];
      return origin === undefined ? [] : [[origin, model] as const];
    });
    return { runs, models: new Map(copies) };
  }
}

/** Of two copies of one run, which a create whose answer was lost can leave, the one in use counts, and the one that is whole. */
function noteRun(runs: Map<string, CopiedRun>, { info, data }: RunEntity): void {
  const origin = data.tags[COPIED_FROM_TAG];
  if (origin === undefined) return;
  const copied = { runId: info.runId, state: readState(data.tags), isDeleted: info.lifecycleStage === 'deleted' };
  const before = runs.get(origin);
  const rank = (run: CopiedRun): number => (run.isDeleted ? 0 : 2) + (run.state === undefined ? 0 : 1);
  if (before === undefined || rank(copied) > rank(before)) runs.set(origin, copied);
}
