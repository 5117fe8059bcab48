// Conditions and orderings of a search for logged models on plain models, as SQLite would judge them: for stores without SQL.
import type { LoggedModel } from '../../model/entities.ts';
import { type Compare, compareValues, meets, ownValue, type Value } from './match.ts';
import type { ModelOrdering, ModelSearch } from './model-search.ts';

/** Tells whether a model meets all conditions, its metrics on the data sets that count. */
export function matchesModel(model: LoggedModel, { conditions, datasets }: ModelSearch): boolean {
  const metrics = model.metrics.filter(
    (metric) => datasets.length === 0 || datasets.some((dataset) => isMeasuredOn(metric, dataset)),
  );
  if (datasets.length > 0 && metrics.length === 0) return false;
  return conditions.every((condition) => {
    const { entity, key } = condition;
    if (entity === 'metric') return metrics.some((metric) => metric.key === key && meets(metric.value, condition));
    if (entity === 'attribute') return meets(attributeOf(model, key), condition);
    return meets(ownValue(entity === 'tag' ? model.tags : model.params, key), condition);
  });
}

/** Returns the order of models; those that lack a field come last, in both directions. */
export function modelOrder(orderings: readonly ModelOrdering[]): Compare<LoggedModel> {
  return (a, b) => {
    for (const ordering of orderings) {
      const [left, right] = [valueOf(a, ordering), valueOf(b, ordering)];
      const order = compareValues(left, right);
      const directed =
        Number(left === undefined) - Number(right === undefined) || (ordering.isAscending ? order : -order);
      if (directed !== 0) return directed;
    }
    return 0;
  };
}

function valueOf(model: LoggedModel, { kind, key, dataset }: ModelOrdering): Value {
  if (kind === 'attribute') return attributeOf(model, key);
  const measured = model.metrics.filter((metric) => metric.key === key && isMeasuredOn(metric, dataset));
  const [latest] = measured.toSorted(
    (a, b) => b.timestampMs - a.timestampMs || b.step - a.step || compareValues(a.runId, b.runId),
  );
  return latest?.value;
}

function isMeasuredOn(metric: LoggedModel['metrics'][number], { name, digest }: ModelOrdering['dataset']): boolean {
  return (
    (name === undefined || metric.datasetName === name) && (digest === undefined || metric.datasetDigest === digest)
  );
}

function attributeOf(model: LoggedModel, key: string): Value {
  if (key === 'name') return model.name;
  if (key === 'model_id') return model.modelId;
  if (key === 'experiment_id') return model.experimentId;
  if (key === 'model_type') return model.modelType;
  if (key === 'source_run_id') return model.sourceRunId;
  if (key === 'status') return model.status;
  if (key === 'artifact_location') return model.artifactUri;
  return key === 'creation_timestamp_ms' ? model.creationTimeMs : model.lastUpdateTimeMs;
}
