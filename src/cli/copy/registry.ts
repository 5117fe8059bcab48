// The model registry: registered models and prompts by their names, versions with their numbers where these are free, aliases, tags.
import { MlflowError, RunspanError } from '../../errors.ts';
import type { Page, Tag } from '../../model/entities.ts';
import { hasPromptTag, IS_PROMPT_TAG, type ModelVersion, type RegisteredModel } from '../../model/registry.ts';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import type { ListedModel, RegisteredWhole } from '../../stores/contract.ts';
import type { Copying } from './copying.ts';
import {
  COPIED_FROM_TAG,
  COPIED_STATE_TAG,
  Fingerprint,
  INCOMPLETE,
  readState,
  stateTag,
  withoutMarks,
} from './marks.ts';
import type { Sources, VersionPlace } from './sources.ts';

const PAGE_SIZE = 100;
const NO_STAGE = 'None';
/** A search leaves prompts out unless it asks for them, and then gives nothing else. */
const PROMPTS_ONLY = `tags.\`${IS_PROMPT_TAG}\` = 'true'`;

/** Lists the registered models of the source, prompts among them; a store without a registry has none. */
export async function listRegistered(copying: Copying): Promise<readonly ListedModel[]> {
  const { store } = copying.source;
  if (store.listRegistered !== undefined) {
    const listed: ListedModel[] = [];
    for await (const each of store.listRegistered()) listed.push(each);
    return listed;
  }
  try {
    const models = await readAll((paging) => store.request('searchRegisteredModels', paging));
    const prompts = await readAll((paging) =>
      store.request('searchRegisteredModels', { ...paging, filter: PROMPTS_ONLY }),
    );
    return [...models, ...prompts].map(({ name }) => ({ name, read: () => readWhole(copying, name) }));
  } catch (error) {
    const isWithout = error instanceof RunspanError && ['NOT_SUPPORTED', 'STORE_INCOMPATIBLE'].includes(error.code);
    if (isWithout) return [];
    throw error;
  }
}

async function readWhole(copying: Copying, name: string): Promise<RegisteredWhole> {
  // A search leaves out what only this answer has.
  const model = await copying.attempt(() => copying.source.store.request('getRegisteredModel', name));
  const versions = await listVersions(copying, 'source', model);
  return { model, versions: versions.toSorted((a, b) => Number(a.version) - Number(b.version)) };
}

/** Copies one registered model with its versions, or brings the copy up to date. */
export async function copyRegistered(copying: Copying, sources: Sources, listed: ListedModel): Promise<void> {
  const { counts, now } = copying;
  const { model, versions } = await listed.read();
  const { name } = model;
  const fingerprint = new Fingerprint();
  fingerprint.add(model.description, withoutMarks(model.tags), model.aliases);
  for (const { lastUpdateTimeMs: _updated, creationTimeMs: _made, aliases: _named, tags, ...version } of versions)
    fingerprint.add(version, withoutMarks(tags));
  const state = fingerprint.toHex();
  const before = await findRegistered(copying, name);
  if (before !== undefined && readState(before.tags)?.fingerprint === state) {
    counts.versions.unchanged += versions.length;
    return;
  }
  const beganAtMs = now();
  await copyModel(copying, { ...model, tags: await sources.translateTags(model.tags) }, before);
  const numbers = await copyVersions(copying, sources, { model, versions });
  for (const [alias, version] of Object.entries(model.aliases)) {
    const number = numbers.get(version);
    if (number !== undefined && before?.aliases[alias] !== number)
      await copying.attempt(() =>
        copying.target.store.request('setRegisteredModelAlias', { name, alias, version: number }),
      );
  }
  const { key, value } = stateTag(state, beganAtMs);
  await copying.attempt(() => copying.target.store.request('setRegisteredModelTag', { name, key, value }));
  copying.onProgress();
}

async function copyModel(copying: Copying, model: RegisteredModel, before: RegisteredModel | undefined): Promise<void> {
  const { store } = copying.target;
  const { name, description } = model;
  const tags = withoutMarks(model.tags);
  if (before === undefined) {
    await copying.attempt(async () => {
      if ((await findRegistered(copying, name)) !== undefined) return;
      await store.request('createRegisteredModel', { name, description, tags });
    });
    return;
  }
  if (description !== '' && before.description !== description)
    await copying.attempt(() => store.request('updateRegisteredModel', { name, description }));
  for (const { key, value } of tags) {
    if (before.tags[key] !== value)
      await copying.attempt(() => store.request('setRegisteredModelTag', { name, key, value }));
  }
}

/** Copies versions in their order, and gives their numbers on the target by those of the source. */
async function copyVersions(
  copying: Copying,
  sources: Sources,
  { model, versions }: { readonly model: RegisteredModel; readonly versions: readonly ModelVersion[] },
): Promise<ReadonlyMap<string, string>> {
  const there = await listVersions(copying, 'target', model);
  const copies = new Map(there.map((version) => [version.tags[COPIED_FROM_TAG] ?? '', version]));
  const numbers = new Map<string, string>();
  let last = Math.max(0, ...there.map(({ version }) => Number(version)));
  for (const version of versions) {
    const origin = originOfVersion(version);
    let copy = copies.get(origin);
    const isNew = copy === undefined;
    if (copy === undefined) {
      const place = await sources.translate(version);
      // What was deleted from the source keeps its number, and so does what comes after it.
      for (; last + 1 < Number(version.version); last += 1) await takeNumber(copying, version.name, place);
      copy = await createVersion(copying, version, place);
      last = Number(copy.version);
    }
    numbers.set(version.version, copy.version);
    const isChanged = await updateVersion(copying, version, copy);
    copying.counts.versions[isNew ? 'copied' : isChanged ? 'updated' : 'unchanged'] += 1;
    copying.onProgress();
  }
  return numbers;
}

async function createVersion(copying: Copying, version: ModelVersion, place: VersionPlace): Promise<ModelVersion> {
  const { store } = copying.target;
  const { name, description, runLink } = version;
  const tags: Tag[] = [...withoutMarks(version.tags), { key: COPIED_FROM_TAG, value: originOfVersion(version) }];
  let isFirstTry = true;
  return copying.attempt(async () => {
    // A create whose answer was lost may have been carried out.
    const there = isFirstTry ? [] : await listVersions(copying, 'target', version);
    isFirstTry = false;
    const found = there.find((each) => each.tags[COPIED_FROM_TAG] === originOfVersion(version));
    if (found !== undefined) return found;
    const more = { ...(description === '' ? {} : { description }), ...(runLink === '' ? {} : { runLink }) };
    return store.request('createModelVersion', { name, ...place, ...more, tags });
  });
}

async function updateVersion(copying: Copying, from: ModelVersion, copy: ModelVersion): Promise<boolean> {
  const { store } = copying.target;
  const { name, version } = copy;
  let isChanged = false;
  const change = async (act: () => Promise<unknown>): Promise<void> => {
    isChanged = true;
    await copying.attempt(act);
  };
  const { description, currentStage: stage } = from;
  if (description !== copy.description)
    await change(() => store.request('updateModelVersion', { name, version, description }));
  for (const { key, value } of withoutMarks(from.tags)) {
    if (copy.tags[key] !== value)
      await change(() => store.request('setModelVersionTag', { name, version, key, value }));
  }
  if (stage !== copy.currentStage && !(stage === '' && copy.currentStage === NO_STAGE))
    await change(() =>
      store.request('transitionModelVersionStage', { name, version, stage, archivesExistingVersions: false }),
    );
  return isChanged;
}

/** Makes a number one that nothing has any more: a server takes no version without a place that it knows. */
async function takeNumber(copying: Copying, name: string, place: VersionPlace): Promise<void> {
  const { store } = copying.target;
  const { version } = await copying.attempt(() =>
    store.request('createModelVersion', { name, ...place, tags: [{ key: COPIED_STATE_TAG, value: INCOMPLETE }] }),
  );
  await copying.attempt(() => store.request('deleteModelVersion', { name, version }));
}

/** Two stores can have versions of one name and number: when it was made tells them apart. */
function originOfVersion({ name, version, creationTimeMs, tags }: ModelVersion): string {
  return tags[COPIED_FROM_TAG] ?? `${name}/${version}/${creationTimeMs}`;
}

async function findRegistered(copying: Copying, name: string): Promise<RegisteredModel | undefined> {
  try {
    return await copying.attempt(() => copying.target.store.request('getRegisteredModel', name));
  } catch (error) {
    if (error instanceof MlflowError && error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    throw error;
  }
}

function listVersions(
  copying: Copying,
  side: 'source' | 'target',
  { name, tags }: Pick<RegisteredModel, 'name' | 'tags'>,
): Promise<readonly ModelVersion[]> {
  const { store } = copying[side];
  const named = `name = '${name.replaceAll("'", "''")}'`;
  const filter = hasPromptTag(tags) ? `${named} AND ${PROMPTS_ONLY}` : named;
  return copying.attempt(() => readAll((paging) => store.request('searchModelVersions', { ...paging, filter })));
}

async function readAll<T>(read: (paging: RegistrySearch) => Promise<Page<T>>): Promise<readonly T[]> {
  const all: T[] = [];
  let pageToken: string | undefined;
  do {
    const page = await read({ maxResults: PAGE_SIZE, ...(pageToken === undefined ? {} : { pageToken }) });
    all.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return all;
}
