// Which endpoints belong to the model registry, by name alone: who routes a call must not load the tables, and zod with them.
import type { RegistryServerEndpoints } from './server-endpoints.ts';

const NAMES: Readonly<Record<keyof RegistryServerEndpoints, true>> = {
  createWebhook: true,
  getWebhook: true,
  listWebhooks: true,
  updateWebhook: true,
  deleteWebhook: true,
  testWebhook: true,
  createRegisteredModel: true,
  renameRegisteredModel: true,
  updateRegisteredModel: true,
  deleteRegisteredModel: true,
  getRegisteredModel: true,
  searchRegisteredModels: true,
  getLatestVersions: true,
  setRegisteredModelTag: true,
  deleteRegisteredModelTag: true,
  createModelVersion: true,
  updateModelVersion: true,
  transitionModelVersionStage: true,
  deleteModelVersion: true,
  getModelVersion: true,
  searchModelVersions: true,
  getModelVersionDownloadUri: true,
  setModelVersionTag: true,
  deleteModelVersionTag: true,
  setRegisteredModelAlias: true,
  deleteRegisteredModelAlias: true,
  getModelVersionByAlias: true,
};

/**
 * Whether an endpoint is asked of the registry URI's server.
 *
 * @example
 * isOfRegistry('createWebhook'); // true
 */
export function isOfRegistry(name: string): boolean {
  return Object.hasOwn(NAMES, name);
}
