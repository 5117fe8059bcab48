// A user's data set to MLflow's: source type and digest filled in, schema and profile as JSON texts.
import { createHash } from 'node:crypto';
import type { Dataset } from '../model/entities.ts';
import type { RunDataset } from './run.ts';

/** How many hex characters Python's digests have. */
const DIGEST_LENGTH = 8;
/** MLflow's limits (facts: utils/validation.py): name 500, digest 36. */
const MAX_NAME_LENGTH = 500;
const MAX_DIGEST_LENGTH = 36;

/**
 * Turns a data set into MLflow's entity.
 *
 * @example
 * toDataset({ name: 'diabetes', source: 'examples/data/diabetes.csv' }).sourceType; // 'local'
 */
export function toDataset(dataset: RunDataset): Dataset {
  const sourceType = findSourceType(dataset.source);
  const source = JSON.stringify(sourceType === 'http' ? { url: dataset.source } : { uri: dataset.source });
  const schema = dataset.schema === undefined ? undefined : JSON.stringify(dataset.schema);
  const profile = dataset.profile === undefined ? undefined : JSON.stringify(dataset.profile);
  const name = String(dataset.name).slice(0, MAX_NAME_LENGTH);
  const digest =
    dataset.digest ??
    createHash('sha256')
      .update(JSON.stringify([name, source, schema, profile]))
      .digest('hex')
      .slice(0, DIGEST_LENGTH);
  return {
    name,
    digest: String(digest).slice(0, MAX_DIGEST_LENGTH),
    sourceType,
    source,
    ...(schema === undefined ? {} : { schema }),
    ...(profile === undefined ? {} : { profile }),
  };
}

function findSourceType(source: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'file') return 'local';
  return scheme === 'https' ? 'http' : scheme;
}
