// Versions of registered models in MLflow's database: made from a source, described, promoted, tagged, deleted.
import type { ModelVersion } from '../../model/registry.ts';
import type { RequestOf } from '../../rest/endpoints/server-endpoints.ts';
import * as rules from '../rules/registry-rules.ts';
import { findVersionOrigin } from '../rules/version-origin.ts';
import type { SqliteDatabase } from './database.ts';
import type { SqliteContext } from './experiments.ts';
import { getLoggedModel } from './models.ts';
import { requireModel, requireVersion, toVersion } from './registry-rows.ts';

/** What MLflow writes over what a deleted version said; its number stays taken. */
const REDACTED = {
  source: 'REDACTED-SOURCE-PATH',
  runId: 'REDACTED-RUN-ID',
  runLink: 'REDACTED-RUN-LINK',
};

/** Makes the next version. */
export function createModelVersion(context: SqliteContext, request: RequestOf<'createModelVersion'>): ModelVersion {
  const { database, now } = context;
  const { name, source, runLink, description } = request;
  rules.checkRegisteredName(name);
  const tags = rules.checkRegistryTags(request.tags);
  const origin = findVersionOrigin(request, {
    loggedModel: (modelId) => getLoggedModel(context, modelId),
    downloadUri: (version) => getModelVersionDownloadUri(context, version),
  });
  return database.write(() => {
    requireModel(database, name);
    const at = now();
    const { version } = database.get<{ version: number }>(
      'SELECT coalesce(max(version), 0) + 1 AS version FROM model_versions WHERE name = ?',
      name,
    ) ?? { version: 1 };
    database.run(
      `INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, user_id, current_stage, source,
         run_id, status, status_message, run_link, storage_location)
       VALUES (?, ?, ?, ?, ?, NULL, 'None', ?, ?, 'READY', NULL, ?, ?)`,
      name,
      version,
      at,
      at,
      description ?? null,
      source,
      origin.runId ?? null,
      runLink ?? null,
      origin.location,
    );
    for (const [key, value] of tags) insertTag(database, { name, version, key, value });
    touch(database, name, at);
    return toVersion(database, requireVersion(database, name, String(version)), true);
  });
}

/** Sets a description. */
export function updateModelVersion(
  { database, now }: SqliteContext,
  { name, version, description }: RequestOf<'updateModelVersion'>,
): ModelVersion {
  return database.write(() => {
    const found = requireVersion(database, name, version);
    database.run(
      'UPDATE model_versions SET description = ?, last_updated_time = ? WHERE name = ? AND version = ?',
      description,
      now(),
      name,
      found.version,
    );
    return toVersion(database, requireVersion(database, name, version), true);
  });
}

/** Moves a version to a stage, and those that were there into the archive where that is asked for. */
export function transitionModelVersionStage(
  { database, now }: SqliteContext,
  { name, version, stage, archivesExistingVersions }: RequestOf<'transitionModelVersionStage'>,
): ModelVersion {
  const target = rules.targetStage(stage, archivesExistingVersions);
  return database.write(() => {
    const found = requireVersion(database, name, version);
    const at = now();
    if (archivesExistingVersions)
      database.run(
        `UPDATE model_versions SET current_stage = 'Archived', last_updated_time = ?
         WHERE name = ? AND version != ? AND current_stage = ?`,
        at,
        name,
        found.version,
        target,
      );
    database.run(
      'UPDATE model_versions SET current_stage = ?, last_updated_time = ? WHERE name = ? AND version = ?',
      target,
      at,
      name,
      found.version,
    );
    touch(database, name, at);
    return toVersion(database, requireVersion(database, name, version), true);
  });
}

/** Deletes a version as MLflow does: its row stays, its words and aliases go. */
export function deleteModelVersion(
  { database, now }: SqliteContext,
  { name, version }: RequestOf<'deleteModelVersion'>,
): void {
  database.write(() => {
    const found = requireVersion(database, name, version);
    const at = now();
    database.run('DELETE FROM registered_model_aliases WHERE name = ? AND version = ?', name, found.version);
    database.run(
      `UPDATE model_versions SET current_stage = '${rules.DELETED_STAGE}', last_updated_time = ?, description = NULL, user_id = NULL,
         source = ?, run_id = ?, run_link = ?, status_message = NULL
       WHERE name = ? AND version = ?`,
      at,
      REDACTED.source,
      REDACTED.runId,
      REDACTED.runLink,
      name,
      found.version,
    );
    touch(database, name, at);
  });
}

/** Reads a version. */
export function getModelVersion(
  { database }: SqliteContext,
  { name, version }: RequestOf<'getModelVersion'>,
): ModelVersion {
  return database.read(() => toVersion(database, requireVersion(database, name, version), true));
}

/** Where a version's files are. */
export function getModelVersionDownloadUri(
  { database }: SqliteContext,
  { name, version }: RequestOf<'getModelVersionDownloadUri'>,
): string {
  return database.read(() => {
    const { location, source } = requireVersion(database, name, version);
    return location ?? source ?? '';
  });
}

/** Sets a tag; the last value wins. */
export function setModelVersionTag(
  { database }: SqliteContext,
  { name, version, key, value }: RequestOf<'setModelVersionTag'>,
): void {
  rules.checkRegistryTags([{ key, value }]);
  database.write(() => {
    const found = requireVersion(database, name, version);
    deleteTag(database, { name, version: found.version, key });
    insertTag(database, { name, version: found.version, key, value });
  });
}

/** Takes a tag away; one that is not there is none. */
export function deleteModelVersionTag(
  { database }: SqliteContext,
  { name, version, key }: RequestOf<'deleteModelVersionTag'>,
): void {
  rules.checkRegistryTagKey(key);
  database.write(() => {
    const found = requireVersion(database, name, version);
    deleteTag(database, { name, version: found.version, key });
  });
}

interface TagKey {
  readonly name: string;
  readonly version: number;
  readonly key: string;
}

function insertTag(database: SqliteDatabase, { name, version, key, value }: TagKey & { readonly value: string }): void {
  database.run(
    'INSERT INTO model_version_tags ("key", value, name, version) VALUES (?, ?, ?, ?)',
    key,
    value,
    name,
    version,
  );
}

function deleteTag(database: SqliteDatabase, { name, version, key }: TagKey): void {
  database.run('DELETE FROM model_version_tags WHERE name = ? AND version = ? AND "key" = ?', name, version, key);
}

function touch(database: SqliteDatabase, name: string, at: number): void {
  database.run('UPDATE registered_models SET last_updated_time = ? WHERE name = ?', at, name);
}
