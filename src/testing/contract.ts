// The contract suites for stores and artifact repositories of your own, on vitest: `import { describeStore } from 'runspan/testing/contract'`.

/**
 * `import { describeStore, describeArtifacts } from 'runspan/testing/contract'`: the suites that the package's own stores and artifact
 * repositories pass, for vitest.
 *
 * @module testing/contract
 */
export type { ArtifactRepository } from '../artifacts/contract.ts';
export type { FileInfo } from '../model/entities.ts';
export type { KeptSpan, KeptTrace } from '../model/traces.ts';
export type {
  CreateLoggedModelRequest,
  CreateRunRequest,
  ListedModel,
  ListedTrace,
  LogBatchRequest,
  RegisteredWhole,
  SearchExperimentsRequest,
  SearchRunsRequest,
  Store,
  TraceStore,
} from '../stores/contract.ts';
export { describeArtifacts } from './contract/artifact-suite.ts';
export type { OpenedArtifacts } from './contract/artifact-suite.ts';
export { describeRegistry } from './contract/store-registry.ts';
export { describeStore } from './contract/store-suite.ts';
export type { OpenedStore } from './contract/store-suite.ts';
