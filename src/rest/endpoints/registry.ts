// The endpoints of the model registry: what they are asked, and their JSON.
import { z } from 'zod';
import type { KeyValue, Page } from '../../model/entities.ts';
import type { ModelVersion, RegisteredModel } from '../../model/registry.ts';
import { boolean, integer, optional, pair, pairs, text } from '../wire/checked.ts';
import { API_2, by, get, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import * as wire from '../wire/wire-values.ts';

/** One version of a registered model. */
export interface VersionKey {
  readonly name: string;
  readonly version: string;
}

/** How a registered model begins. */
export interface NewRegisteredModel {
  readonly name: string;
  readonly description?: string;
  readonly tags: readonly KeyValue[];
}

/** How a version begins. */
export interface NewModelVersion {
  readonly name: string;
  readonly source: string;
  readonly runId?: string;
  readonly modelId?: string;
  readonly runLink?: string;
  readonly description?: string;
  readonly tags: readonly KeyValue[];
}

/** A search of models or of versions. */
export interface RegistrySearch {
  readonly filter?: string;
  readonly maxResults: number;
  readonly orderBy?: readonly string[];
  readonly pageToken?: string;
}

/** A name that points to a version. */
export interface AliasKey {
  readonly name: string;
  readonly alias: string;
}

type Named = Pick<VersionKey, 'name'>;

/** The endpoints, by the name this package has for them. */
export interface RegistryEndpoints {
  readonly createRegisteredModel: Endpoint<NewRegisteredModel, RegisteredModel>;
  readonly renameRegisteredModel: Endpoint<Named & { readonly newName: string }, RegisteredModel>;
  readonly updateRegisteredModel: Endpoint<Named & { readonly description?: string }, RegisteredModel>;
  readonly deleteRegisteredModel: Endpoint<string, void>;
  readonly getRegisteredModel: Endpoint<string, RegisteredModel>;
  readonly searchRegisteredModels: Endpoint<RegistrySearch, Page<RegisteredModel>>;
  readonly getLatestVersions: Endpoint<Named & { readonly stages?: readonly string[] }, readonly ModelVersion[]>;
  readonly setRegisteredModelTag: Endpoint<Named & KeyValue, void>;
  readonly deleteRegisteredModelTag: Endpoint<Named & Pick<KeyValue, 'key'>, void>;
  readonly createModelVersion: Endpoint<NewModelVersion, ModelVersion>;
  readonly updateModelVersion: Endpoint<VersionKey & { readonly description: string }, ModelVersion>;
  readonly transitionModelVersionStage: Endpoint<
    VersionKey & { readonly stage: string; readonly archivesExistingVersions: boolean },
    ModelVersion
  >;
  readonly deleteModelVersion: Endpoint<VersionKey, void>;
  readonly getModelVersion: Endpoint<VersionKey, ModelVersion>;
  readonly searchModelVersions: Endpoint<RegistrySearch, Page<ModelVersion>>;
  readonly getModelVersionDownloadUri: Endpoint<VersionKey, string>;
  readonly setModelVersionTag: Endpoint<VersionKey & KeyValue, void>;
  readonly deleteModelVersionTag: Endpoint<VersionKey & Pick<KeyValue, 'key'>, void>;
  readonly setRegisteredModelAlias: Endpoint<AliasKey & VersionKey, void>;
  readonly deleteRegisteredModelAlias: Endpoint<AliasKey, void>;
  readonly getModelVersionByAlias: Endpoint<AliasKey, ModelVersion>;
}

const version = z
  .object({
    name: z.string(),
    version: wire.id,
    creation_timestamp: wire.int64.default(0),
    last_updated_timestamp: wire.int64.default(0),
    description: wire.text,
    user_id: wire.text,
    current_stage: wire.text,
    source: wire.text,
    run_id: wire.text,
    run_link: wire.text,
    status: z.enum(['PENDING_REGISTRATION', 'FAILED_REGISTRATION', 'READY']).default('PENDING_REGISTRATION'),
    status_message: wire.text,
    tags: wire.pairs,
    aliases: z.array(z.string()).default([]),
  })
  .transform((from): ModelVersion => ({
    name: from.name,
    version: from.version,
    creationTimeMs: from.creation_timestamp,
    lastUpdateTimeMs: from.last_updated_timestamp,
    description: from.description,
    userId: from.user_id,
    currentStage: from.current_stage,
    source: from.source,
    runId: from.run_id,
    runLink: from.run_link,
    status: from.status,
    statusMessage: from.status_message,
    tags: wire.recordOf(from.tags),
    aliases: from.aliases,
  }));

const model = z
  .object({
    name: z.string(),
    creation_timestamp: wire.int64.default(0),
    last_updated_timestamp: wire.int64.default(0),
    description: wire.text,
    latest_versions: z.array(version).default([]),
    tags: wire.pairs,
    aliases: z.array(z.object({ alias: z.string(), version: wire.id })).default([]),
  })
  .transform((from): RegisteredModel => ({
    name: from.name,
    creationTimeMs: from.creation_timestamp,
    lastUpdateTimeMs: from.last_updated_timestamp,
    description: from.description,
    latestVersions: from.latest_versions,
    tags: wire.recordOf(from.tags),
    aliases: wire.recordOf(from.aliases.map((one) => ({ key: one.alias, value: one.version }))),
  }));

const modelAnswer = z.object({ registered_model: model }).transform((from) => from.registered_model);
const versionAnswer = z.object({ model_version: version }).transform((from) => from.model_version);
const versionsAnswer = z.object({ model_versions: z.array(version).default([]), next_page_token: wire.pageToken });

const models = `${API_2}registered-models`;
const versions = `${API_2}model-versions`;

/**
 * The table. What a second sending leaves as it is, is repeatable: MLflow takes a tag or an alias away that is not there.
 *
 * @see https://mlflow.org/docs/latest/rest-api.html
 */
export const REGISTRY_ENDPOINTS: RegistryEndpoints = {
  createRegisteredModel: post(`${models}/create`, 'once', (from) => ({ ...named(from), ...noted(from) }), modelAnswer),
  renameRegisteredModel: post(
    `${models}/rename`,
    'once',
    (from) => ({ ...named(from), new_name: text(from.newName, 'new model name') }),
    modelAnswer,
  ),
  updateRegisteredModel: by(
    'PATCH',
    post(
      `${models}/update`,
      'repeatable',
      (from) => ({ ...named(from), description: optional(from.description, 'model description') }),
      modelAnswer,
    ),
  ),
  deleteRegisteredModel: by(
    'DELETE',
    post(`${models}/delete`, 'once', (name) => named({ name }), wire.nothing),
  ),
  getRegisteredModel: get(`${models}/get`, (name) => named({ name }), modelAnswer),
  searchRegisteredModels: get(
    `${models}/search`,
    search,
    z
      .object({ registered_models: z.array(model).default([]), next_page_token: wire.pageToken })
      .transform((from) => wire.pageOf(from.registered_models, from.next_page_token)),
  ),
  getLatestVersions: post(
    `${models}/get-latest-versions`,
    'read',
    (from) => ({ ...named(from), stages: from.stages?.map((stage) => text(stage, 'stage')) }),
    versionsAnswer.transform((from) => from.model_versions),
  ),
  setRegisteredModelTag: post(
    `${models}/set-tag`,
    'repeatable',
    ({ name, ...tag }) => ({ ...named({ name }), ...one(tag) }),
    wire.nothing,
  ),
  deleteRegisteredModelTag: by(
    'DELETE',
    post(
      `${models}/delete-tag`,
      'repeatable',
      (from) => ({ ...named(from), key: text(from.key, 'tag key') }),
      wire.nothing,
    ),
  ),
  createModelVersion: post(
    `${versions}/create`,
    'once',
    (from) => ({
      ...named(from),
      source: text(from.source, 'model source'),
      run_id: optional(from.runId, 'run id'),
      model_id: optional(from.modelId, 'model id'),
      run_link: optional(from.runLink, 'run link'),
      ...noted(from),
    }),
    versionAnswer,
  ),
  updateModelVersion: by(
    'PATCH',
    post(
      `${versions}/update`,
      'repeatable',
      (from) => ({ ...versioned(from), description: text(from.description, 'version description') }),
      versionAnswer,
    ),
  ),
  transitionModelVersionStage: post(
    `${versions}/transition-stage`,
    'repeatable',
    (from) => ({
      ...versioned(from),
      stage: text(from.stage, 'stage'),
      archive_existing_versions: boolean(from.archivesExistingVersions, 'archiving existing versions'),
    }),
    versionAnswer,
  ),
  deleteModelVersion: by('DELETE', post(`${versions}/delete`, 'once', versioned, wire.nothing)),
  getModelVersion: get(`${versions}/get`, versioned, versionAnswer),
  searchModelVersions: get(
    `${versions}/search`,
    search,
    versionsAnswer.transform((from) => wire.pageOf(from.model_versions, from.next_page_token)),
  ),
  getModelVersionDownloadUri: get(
    `${versions}/get-download-uri`,
    versioned,
    z.object({ artifact_uri: z.string() }).transform((from) => from.artifact_uri),
  ),
  setModelVersionTag: post(
    `${versions}/set-tag`,
    'repeatable',
    (from) => ({ ...versioned(from), ...one(from) }),
    wire.nothing,
  ),
  deleteModelVersionTag: by(
    'DELETE',
    post(
      `${versions}/delete-tag`,
      'repeatable',
      (from) => ({ ...versioned(from), key: text(from.key, 'tag key') }),
      wire.nothing,
    ),
  ),
  setRegisteredModelAlias: post(
    `${models}/alias`,
    'repeatable',
    (from) => ({ ...aliased(from), version: text(from.version, 'model version') }),
    wire.nothing,
  ),
  deleteRegisteredModelAlias: by('DELETE', post(`${models}/alias`, 'repeatable', aliased, wire.nothing)),
  getModelVersionByAlias: get(`${models}/alias`, aliased, versionAnswer),
};

function named({ name }: Named): WireFields {
  return { name: text(name, 'model name') };
}

function versioned(from: VersionKey): WireFields {
  return { ...named(from), version: text(from.version, 'model version') };
}

function aliased(from: AliasKey): WireFields {
  return { ...named(from), alias: text(from.alias, 'model alias') };
}

function noted(from: Pick<NewModelVersion, 'description' | 'tags'>): WireFields {
  return { description: optional(from.description, 'description'), tags: pairs(from.tags, 'tag') };
}

function one(tag: KeyValue): WireFields {
  return { ...pair(tag, 'tag') };
}

function search(from: RegistrySearch): WireFields {
  return {
    filter: optional(from.filter, 'filter'),
    max_results: integer(from.maxResults, 'max results'),
    order_by: from.orderBy?.map((clause) => text(clause, 'ordering')),
    page_token: optional(from.pageToken, 'page token'),
  };
}
