// The model registry in MLflow's file store, as its Python client keeps it: a folder for each name under `models`; read only.
import { join } from 'node:path';
import { mlflowError } from '../../errors.ts';
import type { ModelVersion, ModelVersionStatus, RegisteredModel } from '../../model/registry.ts';
import type { ListedModel, RegisteredWhole } from '../contract.ts';
import { DELETED_STAGE } from '../rules/registry-rules.ts';
import type { FileContext } from './experiments.ts';
import { type Meta, numberOf, textOf } from './meta.ts';
import { META_FILE, namesIn, readText, textsIn } from './tree.ts';

const MODELS_FOLDER = 'models';
const VERSION_PREFIX = 'version-';

/** Lists registered models and prompts by name. */
export function* listRegistered(context: FileContext): Generator<ListedModel> {
  const { tree } = context;
  const root = join(tree.root, MODELS_FOLDER);
  const names = tree.read(() => namesIn(root).filter((name) => readText(join(root, name, META_FILE)) !== undefined));
  for (const name of names.toSorted())
    yield { name, read: async () => tree.read(() => readWhole(context, join(root, name), name)) };
}

function readWhole(context: FileContext, folder: string, name: string): RegisteredWhole {
  const meta = requireMeta(context, folder, name);
  const aliases = textsIn(join(folder, 'aliases'));
  const versions = namesIn(folder)
    .filter((each) => each.startsWith(VERSION_PREFIX))
    .map((each) => readVersion(requireMeta(context, join(folder, each), name), { folder: join(folder, each), name }))
    .filter(({ currentStage }) => currentStage !== DELETED_STAGE)
    .toSorted((a, b) => Number(a.version) - Number(b.version));
  const newest = new Map(versions.map((version) => [version.currentStage, version]));
  const model: RegisteredModel = {
    name,
    creationTimeMs: numberOf(meta, 'creation_timestamp') ?? 0,
    lastUpdateTimeMs: numberOf(meta, 'last_updated_timestamp') ?? 0,
    description: textOf(meta, 'description') ?? '',
    latestVersions: [...newest.values()],
    tags: textsIn(join(folder, 'tags')),
    aliases,
  };
  return { model, versions };
}

function readVersion(meta: Meta, { folder, name }: { readonly folder: string; readonly name: string }): ModelVersion {
  return {
    name,
    version: textOf(meta, 'version') ?? '',
    creationTimeMs: numberOf(meta, 'creation_timestamp') ?? 0,
    lastUpdateTimeMs: numberOf(meta, 'last_updated_timestamp') ?? 0,
    description: textOf(meta, 'description') ?? '',
    userId: textOf(meta, 'user_id') ?? '',
    currentStage: textOf(meta, 'current_stage') ?? 'None',
    source: textOf(meta, 'source') ?? '',
    runId: textOf(meta, 'run_id') ?? '',
    runLink: textOf(meta, 'run_link') ?? '',
    status: statusOf(textOf(meta, 'status')),
    statusMessage: textOf(meta, 'status_message') ?? '',
    tags: textsIn(join(folder, 'tags')),
    aliases: [],
  };
}

function statusOf(status: string | undefined): ModelVersionStatus {
  return status === 'PENDING_REGISTRATION' || status === 'FAILED_REGISTRATION' ? status : 'READY';
}

function requireMeta(context: FileContext, folder: string, name: string): Meta {
  const meta = context.tree.meta(folder);
  if (meta !== undefined && meta !== 'malformed') return meta;
  throw mlflowError('INVALID_STATE', `Registered model '${name}' is damaged: see ${join(folder, META_FILE)}.`);
}
