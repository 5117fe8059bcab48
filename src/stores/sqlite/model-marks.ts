// What is noted of logged models in MLflow's database once they are made: tags that come and go, params that stay.
import { mlflowError } from '../../errors.ts';
import type { RequestOf } from '../../rest/endpoints/server-endpoints.ts';
import { experimentKey, type SqliteContext } from './experiments.ts';
import { requireModel } from './models.ts';

/** Sets tags; the last value wins. */
export function setLoggedModelTags(
  { database }: SqliteContext,
  { modelId, pairs }: RequestOf<'setLoggedModelTags'>,
): void {
  database.write(() => {
    const { experimentId } = requireModel(database, modelId, 'any');
    for (const [key, value] of new Map(pairs.map((pair) => [pair.key, pair.value]))) {
      database.run('DELETE FROM logged_model_tags WHERE model_id = ? AND tag_key = ?', modelId, key);
      database.run(
        'INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES (?, ?, ?, ?)',
        modelId,
        experimentKey(experimentId),
        key,
        value,
      );
    }
  });
}

/** Takes a tag off; `RESOURCE_DOES_NOT_EXIST` where there is none. */
export function deleteLoggedModelTag(
  { database }: SqliteContext,
  { modelId, key }: RequestOf<'deleteLoggedModelTag'>,
): void {
  database.write(() => {
    if (!Object.hasOwn(requireModel(database, modelId, 'any').tags, key))
      throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No tag with key '${key}' found for model with ID '${modelId}'.`);
    database.run('DELETE FROM logged_model_tags WHERE model_id = ? AND tag_key = ?', modelId, key);
  });
}

/** Gives more params; one that is there is refused, as in MLflow. */
export function logModelParams({ database }: SqliteContext, { modelId, pairs }: RequestOf<'logModelParams'>): void {
  database.write(() => {
    const { experimentId } = requireModel(database, modelId, 'any');
    for (const { key, value } of pairs)
      database.run(
        'INSERT INTO logged_model_params (model_id, experiment_id, param_key, param_value) VALUES (?, ?, ?, ?)',
        modelId,
        experimentKey(experimentId),
        key,
        value,
      );
  });
}
