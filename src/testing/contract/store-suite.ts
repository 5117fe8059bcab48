// The contract of a tracking store as claims, run on every store there is: the embedded one, and real servers over HTTP.
import { afterAll, beforeAll, describe } from 'vitest';
import type { Store } from '../../stores/contract.ts';
import { claimBatches } from './store-batches.ts';
import { claimExperiments } from './store-experiments.ts';
import { claimModelMarks } from './store-model-marks.ts';
import { claimModelSearches } from './store-model-searches.ts';
import { claimModels } from './store-models.ts';
import { claimRuns } from './store-runs.ts';
import { claimSearches } from './store-searches.ts';

/** A store under test and what ends it; it need not be empty, and others may write beside the suite. */
export interface OpenedStore {
  /** The store, empty. */
  readonly store: Store;
  /** Takes away what the test left. */
  readonly close: () => Promise<void>;
}

/**
 * Runs the contract on one kind of store.
 *
 * @example
 * describeStore('sqlite', async () => { const store = openSqliteStore({ … }); return { store, close: () => store.close() }; });
 */
export function describeStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`store contract: ${name}`, () => {
    const store = useStore(open);
    describe('experiments', () => claimExperiments(store));
    describe('runs', () => claimRuns(store));
    describe('batches', () => claimBatches(store));
    describe('logged models', () => claimModels(store));
    describe('what is noted of logged models', () => claimModelMarks(store));
    describe('searches', () => claimSearches(store));
    describe('searches for logged models', () => claimModelSearches(store));
  });
}

/** Opens a store before the tests of the describe block around it and ends it after them; what it returns is called inside tests. */
export function useStore(open: () => Promise<OpenedStore>): () => Store {
  let opened: OpenedStore | undefined;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());
  return (): Store => {
    if (opened === undefined) throw new Error('The store is open only while tests run.');
    return opened.store;
  };
}
