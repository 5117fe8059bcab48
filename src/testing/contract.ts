// The contract suites for stores and artifact repositories of your own, on vitest: `import { describeStore } from 'runspan/testing/contract'`.
export type { ArtifactRepository } from '../artifacts/contract.ts';
export type { Store } from '../stores/contract.ts';
export { describeArtifacts } from './contract/artifact-suite.ts';
export type { OpenedArtifacts } from './contract/artifact-suite.ts';
export { describeStore } from './contract/store-suite.ts';
export type { OpenedStore } from './contract/store-suite.ts';
