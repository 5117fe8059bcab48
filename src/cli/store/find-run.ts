// Which run the user means: by id, by key, by name, or the last one.
import { MlflowError, mlflowError } from '../../errors.ts';
import type { Experiment, RunEntity } from '../../model/entities.ts';
import type { Store } from '../../stores/contract.ts';

const NEWEST_FIRST = ['attributes.start_time DESC'];
/** A beginning shorter than this means nothing; that of a whole id is one. */
const PREFIX = /^[0-9a-f]{4,31}$/;
/** Among so many of the newest runs a beginning is looked for. */
const MAX_SEARCHED = 1_000;
const MAX_NAMED = 5;
const RUN_KEY_TAG = 'runspan.run_key';

/** Reads all experiments that are in use, by id. */
export async function listExperiments(store: Store): Promise<ReadonlyMap<string, Experiment>> {
  const byId = new Map<string, Experiment>();
  let pageToken: string | undefined;
  do {
    const page = await store.searchExperiments({ viewType: 'ACTIVE_ONLY', ...(pageToken && { pageToken }) });
    for (const experiment of page.items) byId.set(experiment.experimentId, experiment);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return byId;
}

/** Reads the newest runs of the experiments, or the first in another order, at most `limit`. */
export async function searchNewest(
  store: Store,
  request: {
    readonly experimentIds: readonly string[];
    readonly filter?: string | undefined;
    readonly limit: number;
    /** In MLflow's language. @default the newest first */
    readonly orderBy?: readonly string[] | undefined;
  },
): Promise<readonly RunEntity[]> {
  const { experimentIds, filter, limit, orderBy = NEWEST_FIRST } = request;
  if (experimentIds.length === 0) return [];
  const runs: RunEntity[] = [];
  let pageToken: string | undefined;
  do {
    const page = await store.searchRuns({
      experimentIds,
      orderBy,
      maxResults: limit - runs.length,
      ...(filter && { filter }),
      ...(pageToken && { pageToken }),
    });
    runs.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken && runs.length < limit);
  return runs;
}

/** The run that was found, and what to say where the user may have meant another. */
export interface FoundRun {
  readonly run: RunEntity;
  readonly note?: string;
}

/**
 * Finds a run by its id, else by its key, else the newest one of that name, else by the beginning of its id or key; without a
 * reference the newest of all.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST` where there is none
 */
export async function findRun(store: Store, reference?: string): Promise<FoundRun> {
  const byId = reference === undefined ? undefined : await getRunIfAny(store, reference);
  if (byId) return { run: byId };
  const experimentIds = [...(await listExperiments(store)).keys()];
  if (reference === undefined) {
    const [newest] = await searchNewest(store, { experimentIds, limit: 1 });
    if (newest) return { run: newest };
    throw mlflowError('RESOURCE_DOES_NOT_EXIST', `There is no run in ${store.uri} yet.`);
  }
  const literal = quote(reference);
  const keyed = await searchNewest(store, { experimentIds, filter: `tags.\`${RUN_KEY_TAG}\` = ${literal}`, limit: 1 });
  if (keyed[0]) return { run: keyed[0] };
  const named = await searchNewest(store, { experimentIds, filter: `attributes.run_name = ${literal}`, limit: 2 });
  if (!named[0]) return { run: await findByPrefix(store, reference, experimentIds) };
  return named.length === 1
    ? { run: named[0] }
    : { run: named[0], note: `More than one run is named '${reference}'; this is the newest.` };
}

async function findByPrefix(store: Store, reference: string, experimentIds: readonly string[]): Promise<RunEntity> {
  const prefix = reference.toLowerCase();
  const newest = PREFIX.test(prefix) ? await searchNewest(store, { experimentIds, limit: MAX_SEARCHED }) : [];
  const found = newest.filter(
    ({ info, data }) => info.runId.startsWith(prefix) || data.tags[RUN_KEY_TAG]?.startsWith(prefix) === true,
  );
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) {
    const ids = found.slice(0, MAX_NAMED).map(({ info }) => info.runId);
    const more = found.length > MAX_NAMED ? ', …' : '';
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `'${reference}' begins ${found.length} ids: ${ids.join(', ')}${more}.`,
    );
  }
  throw mlflowError(
    'RESOURCE_DOES_NOT_EXIST',
    `There is no run '${reference}' in ${store.uri}: no id, key, name or beginning of an id is that. 'runspan runs' lists them.`,
  );
}

/** MLflow answers an id it does not know with a 404, and one that cannot be an id with a 400. */
async function getRunIfAny(store: Store, reference: string): Promise<RunEntity | undefined> {
  try {
    return await store.getRun(reference);
  } catch (error) {
    if (
      error instanceof MlflowError &&
      ['RESOURCE_DOES_NOT_EXIST', 'INVALID_PARAMETER_VALUE'].includes(error.errorCode)
    )
      return undefined;
    throw error;
  }
}

/** A string of MLflow's filter language, which knows two quotes and no escape. */
function quote(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  if (!text.includes('"')) return `"${text}"`;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `Cannot search for ${text}: it has both kinds of quotes. Give the run's id.`,
  );
}
