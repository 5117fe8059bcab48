// What a run read and made, in MLflow's file store: data sets of its experiment, and logged models, each linked by a folder.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { DatasetInput, ModelOutput, RunEntity } from '../../model/entities.ts';
import type { FileContext } from './experiments.ts';
import { datasetFields, datasetOf, type Meta, numberOf, readMeta, tagsOf, textOf, writeMeta } from './meta.ts';
import { META_FILE, namesIn, readText } from './tree.ts';

/** Says within a write which data sets and models a run worked on; what is said already is left as it is. */
export function writeInputs(
  context: FileContext,
  run: { readonly folder: string; readonly id: string },
  given: { readonly inputs: readonly DatasetInput[]; readonly modelIds: readonly string[] },
): void {
  for (const input of given.inputs) {
    const datasetId = md5(input.dataset.name, input.dataset.digest);
    // The data set before the link to it: Python's client cannot read a run whose data set is not there.
    makeOnce(context, join(dirname(run.folder), 'datasets', datasetId), datasetFields(input));
    const tags = Object.fromEntries(input.tags.map((tag) => [tag.key, tag.value]));
    link(context, run, { kind: 'DATASET', id: datasetId, tags });
  }
  for (const id of given.modelIds) link(context, run, { kind: 'MODEL', id, tags: {} });
}

/** Says within a write which models a run made; what is said already is left as it is. */
export function writeOutputs(context: FileContext, runFolder: string, models: readonly ModelOutput[]): void {
  for (const { modelId, step } of models) {
    makeOnce(context, join(runFolder, 'outputs', modelId), {
      source_type: 'RUN_OUTPUT',
      source_id: modelId,
      destination_type: 'MODEL_OUTPUT',
      destination_id: modelId,
      tags: {},
      step,
    });
  }
}

/** Reads the data sets and models that a run worked on; a link that leads nowhere is left out, as MLflow does. */
export function readInputs(runFolder: string): RunEntity['inputs'] {
  const links = linksIn(join(runFolder, 'inputs'));
  const datasetInputs = links.flatMap((meta): readonly DatasetInput[] => {
    const id = textOf(meta, 'source_id') ?? '';
    if (textOf(meta, 'source_type') !== 'DATASET' || !isName(id)) return [];
    const found = readMeta(readText(join(dirname(runFolder), 'datasets', id, META_FILE)) ?? '');
    const dataset = found === undefined ? undefined : datasetOf(found);
    return dataset === undefined ? [] : [{ dataset, tags: tagsOf(meta, 'tags') }];
  });
  const modelInputs = links.flatMap((meta) => {
    const modelId = textOf(meta, 'source_id');
    return textOf(meta, 'source_type') === 'MODEL' && modelId !== undefined ? [{ modelId }] : [];
  });
  const inOrder = datasetInputs.toSorted(
    (a, b) => Number(a.dataset.name > b.dataset.name) - Number(a.dataset.name < b.dataset.name),
  );
  return { datasetInputs: inOrder, modelInputs };
}

/** Reads the models that a run made. */
export function readOutputs(runFolder: string): readonly ModelOutput[] {
  return linksIn(join(runFolder, 'outputs')).flatMap((meta) => {
    const modelId = textOf(meta, 'destination_id');
    if (textOf(meta, 'destination_type') !== 'MODEL_OUTPUT' || modelId === undefined) return [];
    return [{ modelId, step: numberOf(meta, 'step') ?? 0 }];
  });
}

function link(
  context: FileContext,
  run: { readonly folder: string; readonly id: string },
  source: { readonly kind: 'DATASET' | 'MODEL'; readonly id: string; readonly tags: Readonly<Record<string, string>> },
): void {
  // Python writes the source as the destination too, and goes by the folder that it is in.
  makeOnce(context, join(run.folder, 'inputs', md5(source.id, run.id)), {
    source_type: source.kind,
    source_id: source.id,
    destination_type: 'RUN',
    destination_id: source.id,
    tags: source.tags,
  });
}

function makeOnce({ tree }: FileContext, folder: string, meta: Meta): void {
  if (tree.meta(folder) === undefined) tree.makeFolder(folder, { [META_FILE]: writeMeta(meta) });
}

function linksIn(folder: string): readonly Meta[] {
  const metas = namesIn(folder)
    .toSorted()
    .map((name) => readMeta(readText(join(folder, name, META_FILE)) ?? ''));
  return metas.filter((meta) => meta !== undefined);
}

/** A file may say anything: what it names must not lead to another folder. */
function isName(id: string): boolean {
  return /^[\w-]+$/.test(id);
}

function md5(...texts: readonly string[]): string {
  return texts.reduce((hash, text) => hash.update(text), createHash('md5')).digest('hex');
}
