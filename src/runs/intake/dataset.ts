// A user's data set to MLflow's: source type and digest filled in, schema and profile as JSON texts, all within MLflow's limits.
import { createHash } from 'node:crypto';
import type { Dataset } from '../../model/entities.ts';
import { countCodePoints, DATASET_LIMITS, takeCodePoints } from '../../model/limits.ts';
import { isPartial, mendText, toJsonValue } from '../../model/mend-text.ts';
import type { RunDataset } from '../run.ts';

/** How {@link toDataset} masks, and whom it tells. */
export interface DatasetOptions {
  readonly redactText: (text: string) => string;
  readonly refuse: (message: string) => void;
  readonly mend: (message: string) => void;
}

/** How many hex characters Python's digests have. */
const DIGEST_LENGTH = 8;

/**
 * Turns a data set into MLflow's entity; undefined, and refused, where it has no name or source.
 *
 * @example
 * toDataset({ name: 'diabetes', source: 'examples/data/diabetes.csv' }, options)?.sourceType; // 'local'
 */
export function toDataset(given: unknown, options: DatasetOptions): Dataset | undefined {
  const { name, source, digest, schema, profile } = (given ?? {}) as Partial<Record<keyof RunDataset, unknown>>;
  const address = source instanceof URL ? source.href : source;
  if (typeof name !== 'string' || name === '' || typeof address !== 'string' || address === '') {
    options.refuse('A data set was not logged: it needs a name and a source, both text.');
    return undefined;
  }
  const sourceType = findSourceType(address);
  const safeSource = toSafe(address, options);
  const sourceText = JSON.stringify(sourceType === 'http' ? { url: safeSource } : { uri: safeSource });
  if (countCodePoints(sourceText) > DATASET_LIMITS.sourceLength) {
    options.refuse(`A data set was not logged: its source is longer than ${DATASET_LIMITS.sourceLength} characters.`);
    return undefined;
  }
  const schemaText = toJson('schema', schema, DATASET_LIMITS.schemaLength, options);
  const profileText = toJson('profile', profile, DATASET_LIMITS.profileLength, options);
  const sentName = cut('name', toSafe(name, options), DATASET_LIMITS.nameLength, options);
  return {
    name: sentName,
    digest: toDigest(digest, [sentName, sourceText, schemaText, profileText], options),
    sourceType,
    source: sourceText,
    ...(schemaText === undefined ? {} : { schema: schemaText }),
    ...(profileText === undefined ? {} : { profile: profileText }),
  };
}

function toDigest(given: unknown, fields: readonly unknown[], options: DatasetOptions): string {
  const text = given === undefined || given === null ? '' : (mendText(given) ?? '');
  if (text !== '') return cut('digest', toSafe(text, options), DATASET_LIMITS.digestLength, options);
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, DIGEST_LENGTH);
}

/** A text that is too long to be JSON still is left out as a whole. */
function toJson(what: string, value: unknown, maxLength: number, options: DatasetOptions): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = options.redactText(JSON.stringify(toJsonValue(value)) ?? '');
  if (text === '') return undefined;
  if (isPartial(text)) options.mend(`A part of the ${what} of a data set cannot be said in JSON.`);
  if (countCodePoints(text) <= maxLength) return text;
  options.mend(`The ${what} of a data set was left out: it is longer than ${maxLength} characters.`);
  return undefined;
}

function cut(what: string, text: string, maxLength: number, options: DatasetOptions): string {
  const taken = takeCodePoints(text, maxLength);
  if (taken !== text) options.mend(`The ${what} of a data set was cut at ${maxLength} characters.`);
  return taken;
}

function toSafe(text: string, { redactText }: DatasetOptions): string {
  return redactText(mendText(text) ?? '');
}

function findSourceType(source: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'file') return 'local';
  return scheme === 'https' ? 'http' : scheme;
}
