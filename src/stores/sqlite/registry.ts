// Registered models in MLflow's database: made, renamed, described, tagged, given aliases, deleted with all that is theirs.
import type { ModelVersion, RegisteredModel } from '../../model/registry.ts';
import type { RequestOf } from '../../rest/endpoints/server-endpoints.ts';
import * as rules from '../rules/registry-rules.ts';
import { hasModel, readLatestVersions, readModel, requireModel, requireVersion, tagsOf } from './registry-rows.ts';
import { toVersion } from './registry-rows.ts';
import type { SqliteContext } from './experiments.ts';

/** Makes a registered model; its name may be no other's, a prompt's neither. */
export function createRegisteredModel(
  { database, now }: SqliteContext,
  { name, description, tags }: RequestOf<'createRegisteredModel'>,
): RegisteredModel {
  rules.checkRegisteredName(name);
  const pairs = rules.checkRegistryTags(tags);
  return database.write(() => {
    if (hasModel(database, name)) throw rules.nameTaken(name, tagsOf(database, name), pairs);
    const at = now();
    database.run(
      'INSERT INTO registered_models (name, creation_time, last_updated_time, description) VALUES (?, ?, ?, ?)',
      name,
      at,
      at,
      description ?? null,
    );
    for (const [key, value] of pairs)
      database.run('INSERT INTO registered_model_tags ("key", value, name) VALUES (?, ?, ?)', key, value, name);
    return readModel(database, name);
  });
}

/** Renames a registered model; what refers to it follows by the schema's own cascades. */
export function renameRegisteredModel(
  { database, now }: SqliteContext,
  { name, newName }: RequestOf<'renameRegisteredModel'>,
): RegisteredModel {
  rules.checkRegisteredName(newName);
  return database.write(() => {
    requireModel(database, name);
    if (newName !== name && hasModel(database, newName)) throw rules.newNameTaken(newName);
    const at = now();
    database.run('UPDATE registered_models SET name = ?, last_updated_time = ? WHERE name = ?', newName, at, name);
    database.run('UPDATE model_versions SET last_updated_time = ? WHERE name = ?', at, newName);
    return readModel(database, newName);
  });
}

/** Sets or takes away a description. */
export function updateRegisteredModel(
  { database, now }: SqliteContext,
  { name, description }: RequestOf<'updateRegisteredModel'>,
): RegisteredModel {
  return database.write(() => {
    requireModel(database, name);
    database.run(
      'UPDATE registered_models SET description = ?, last_updated_time = ? WHERE name = ?',
      description ?? null,
      now(),
      name,
    );
    return readModel(database, name);
  });
}

/** Deletes a registered model with its versions, tags and aliases. */
export function deleteRegisteredModel({ database }: SqliteContext, name: string): void {
  database.write(() => {
    requireModel(database, name);
    for (const table of [
      'model_version_tags',
      'model_versions',
      'registered_model_tags',
      'registered_model_aliases',
      'registered_models',
    ]) {
      database.run(`DELETE FROM ${table} WHERE name = ?`, name);
    }
  });
}

/** Reads a registered model. */
export function getRegisteredModel({ database }: SqliteContext, name: string): RegisteredModel {
  return database.read(() => readModel(database, name));
}

/** Reads the newest version of each stage, or of those that are asked for. */
export function getLatestVersions(
  { database }: SqliteContext,
  { name, stages = [] }: RequestOf<'getLatestVersions'>,
): readonly ModelVersion[] {
  return database.read(() => {
    requireModel(database, name);
    const wanted = stages.map(rules.canonicalStage);
    return readLatestVersions(database, name)
      .filter(({ currentStage }) => wanted.length === 0 || wanted.includes(currentStage))
      .map(({ version }) => toVersion(database, requireVersion(database, name, version), true));
  });
}

/** Sets a tag; the last value wins. */
export function setRegisteredModelTag({ database }: SqliteContext, tag: RequestOf<'setRegisteredModelTag'>): void {
  const { name, key, value } = tag;
  rules.checkRegisteredName(name);
  rules.checkRegistryTags([{ key, value }]);
  database.write(() => {
    requireModel(database, name);
    database.run('DELETE FROM registered_model_tags WHERE name = ? AND "key" = ?', name, key);
    database.run('INSERT INTO registered_model_tags ("key", value, name) VALUES (?, ?, ?)', key, value, name);
  });
}

/** Takes a tag away; one that is not there is none. */
export function deleteRegisteredModelTag(
  { database }: SqliteContext,
  { name, key }: RequestOf<'deleteRegisteredModelTag'>,
): void {
  rules.checkRegisteredName(name);
  rules.checkRegistryTagKey(key);
  database.write(() => {
    requireModel(database, name);
    database.run('DELETE FROM registered_model_tags WHERE name = ? AND "key" = ?', name, key);
  });
}

/** Lets an alias point to a version. */
export function setRegisteredModelAlias(
  { database }: SqliteContext,
  { name, alias, version }: RequestOf<'setRegisteredModelAlias'>,
): void {
  rules.checkRegisteredName(name);
  rules.checkAliasFree(rules.checkAliasName(alias));
  database.write(() => {
    const found = requireVersion(database, name, version);
    database.run('DELETE FROM registered_model_aliases WHERE name = ? AND alias = ?', name, alias);
    database.run(
      'INSERT INTO registered_model_aliases (alias, version, name) VALUES (?, ?, ?)',
      alias,
      found.version,
      name,
    );
  });
}

/** Takes an alias away; one that is not there is none. */
export function deleteRegisteredModelAlias(
  { database }: SqliteContext,
  { name, alias }: RequestOf<'deleteRegisteredModelAlias'>,
): void {
  rules.checkRegisteredName(name);
  rules.checkAliasName(alias);
  database.write(() => {
    requireModel(database, name);
    database.run('DELETE FROM registered_model_aliases WHERE name = ? AND alias = ?', name, alias);
  });
}

/** Reads the version that an alias points to; `latest` is the newest. */
export function getModelVersionByAlias(
  context: SqliteContext,
  { name, alias }: RequestOf<'getModelVersionByAlias'>,
): ModelVersion {
  const { database } = context;
  rules.checkRegisteredName(name);
  rules.checkAliasName(alias);
  return database.read(() => {
    requireModel(database, name);
    const found =
      alias.toLowerCase() === 'latest'
        ? rules.newestNumber(name, readLatestVersions(database, name))
        : database.get<{ version: number }>(
            'SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?',
            name,
            alias,
          )?.version;
    if (found === undefined) throw rules.noAlias(alias);
    return toVersion(database, requireVersion(database, name, String(found)), true);
  });
}
