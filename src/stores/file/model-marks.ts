// What is noted of logged models in MLflow's file store once they are made: tags that come and go, params that stay.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { mlflowError } from '../../errors.ts';
import { isValidKey } from '../../model/limits.ts';
import type { RequestOf } from '../../rest/endpoints/server-endpoints.ts';
import type { FileContext } from './experiments.ts';
import { requireModel } from './models.ts';
import { checkKeys, readText } from './tree.ts';

/** Sets tags, of a model in the bin too; the last value wins. */
export function setLoggedModelTags(context: FileContext, { modelId, pairs }: RequestOf<'setLoggedModelTags'>): void {
  context.tree.write(() => {
    const folder = join(requireModel(context, modelId, 'any').folder, 'tags');
    checkKeys(
      folder,
      pairs.map(({ key }) => key),
    );
    for (const { key, value } of pairs) context.tree.replace(join(folder, key), value);
  });
}

/** Takes a tag off; `RESOURCE_DOES_NOT_EXIST` where there is none. */
export function deleteLoggedModelTag(context: FileContext, { modelId, key }: RequestOf<'deleteLoggedModelTag'>): void {
  context.tree.write(() => {
    const path = join(requireModel(context, modelId, 'any').folder, 'tags', key);
    if (!isValidKey(key) || readText(path) === undefined)
      throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No tag with key '${key}' found for model with ID '${modelId}'.`);
    rmSync(path);
  });
}

/** Gives more params, all or none; one that is there is refused, as in MLflow's databases. */
export function logModelParams(context: FileContext, { modelId, pairs }: RequestOf<'logModelParams'>): void {
  context.tree.write(() => {
    const folder = join(requireModel(context, modelId, 'any').folder, 'params');
    const keys = pairs.map(({ key }) => key);
    checkKeys(folder, keys);
    const taken = keys.find((key, at) => keys.indexOf(key) < at || readText(join(folder, key)) !== undefined);
    if (taken !== undefined)
      throw mlflowError('BAD_REQUEST', `Logged model '${modelId}' has param '${taken}' already, and params stay.`);
    for (const { key, value } of pairs) context.tree.create(join(folder, key), value);
  });
}
