// The far end of a drain: the store, its experiments by name, its artifact repositories; opened when needed, opened again when lost.
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { MlflowError, RunspanError, mlflowError } from '../../errors.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import { isOfRegistry } from '../../rest/endpoints/registry-names.ts';
import type { Store } from '../../stores/contract.ts';
import type { RegistryPlace, StoreMethod } from '../contract.ts';
import { DestinationRefused, judgeError } from './patience.ts';
import { isError } from '../../model/any-realm.ts';

/** How stores and artifact repositories are opened; real ones, or fakes of the same contracts. */
export interface Openers {
  openStore(
    uri: string,
    options: {
      readonly connection: ConnectionOptions;
      readonly artifactRoot: string;
      readonly busyTimeoutMs?: number;
    },
  ): Promise<Store>;
  openArtifacts(
    artifactUri: string,
    options: { readonly trackingUri: string; readonly connection: ConnectionOptions },
  ): Promise<ArtifactRepository>;
}

/** What a destination needs. */
export interface DestinationOptions {
  readonly openers: Openers;
  readonly trackingUri: string;
  readonly connection: ConnectionOptions;
  readonly registry?: RegistryPlace | undefined;
  readonly artifactRoot: string;
  /** 0 on the job's thread, where waiting for a lock would block the job. */
  readonly busyTimeoutMs?: number;
}

/** Repositories kept open; one a run. */
const REPOSITORY_LIMIT = 32;

/** The tracking store and what hangs on it. */
export class DrainDestination {
  readonly #options: DestinationOptions;
  readonly #experimentIds = new Map<string, Promise<string>>();
  readonly #repositories = new Map<string, Promise<ArtifactRepository>>();
  #batchesAtOnce = 1;
  #store: Promise<Store> | undefined;
  #registry: Promise<Store> | undefined;

  constructor(options: DestinationOptions) {
    this.#options = options;
  }

  /** How many logBatch of different runs the store takes at once, as far as it has been open. */
  get batchesAtOnce(): number {
    return this.#batchesAtOnce;
  }

  /** The open store. Rejects {@link DestinationRefused} where opening it again cannot help by itself. */
  store(): Promise<Store> {
    const { trackingUri: uri, connection } = this.#options;
    this.#store ??= this.#openTracking({ uri, connection });
    return this.#store;
  }

  /** The open store that a call goes to: the registry's, where it is another one, for what belongs to the registry. */
  storeFor(call: { readonly method: StoreMethod; readonly args: readonly unknown[] }): Promise<Store> {
    const { registry } = this.#options;
    // The cast: whatever it is, it is looked up in the table only.
    const isRegistrys = call.method === 'request' && isOfRegistry(String(call.args[0]));
    if (registry === undefined || !isRegistrys) return this.store();
    this.#registry ??= this.#open(registry, () => (this.#registry = undefined));
    return this.#registry;
  }

  /** The id of an experiment by name, made where there is none. A deleted one is {@link DestinationRefused}. */
  experimentId(name: string): Promise<string> {
    const known = this.#experimentIds.get(name);
    if (known !== undefined) return known;
    const found = this.#findOrMakeExperiment(name);
    this.#experimentIds.set(name, found);
    found.catch(() => this.#experimentIds.delete(name));
    return found;
  }

  /** Looks an experiment up anew the next time: the store said that the id is not good any more. */
  forgetExperiment(name: string): void {
    this.#experimentIds.delete(name);
  }

  /** The repository of a run's artifacts. */
  artifacts(artifactUri: string): Promise<ArtifactRepository> {
    const known = this.#repositories.get(artifactUri);
    if (known !== undefined) return known;
    const { openers, trackingUri, connection } = this.#options;
    const opened = openers.openArtifacts(artifactUri, { trackingUri, connection });
    this.#repositories.set(artifactUri, opened);
    opened.catch(() => this.#repositories.delete(artifactUri));
    if (this.#repositories.size > REPOSITORY_LIMIT) {
      const [oldest] = this.#repositories.keys();
      if (oldest !== undefined) this.closeArtifacts(oldest);
    }
    return opened;
  }

  /** Lets a run's repository go. */
  closeArtifacts(artifactUri: string): void {
    const opened = this.#repositories.get(artifactUri);
    this.#repositories.delete(artifactUri);
    if (opened !== undefined) void settleQuietly(opened.then((repository) => repository.close()));
  }

  /** Closes everything; the next use opens it anew. Never rejects. */
  async close(): Promise<void> {
    const stores = [this.#store, this.#registry];
    this.#store = undefined;
    this.#registry = undefined;
    this.#experimentIds.clear();
    for (const artifactUri of this.#repositories.keys()) this.closeArtifacts(artifactUri);
    const opened = stores.filter((store) => store !== undefined);
    await Promise.all(opened.map((store) => settleQuietly(store.then((each) => each.close()))));
  }

  async #openTracking(place: RegistryPlace): Promise<Store> {
    const store = await this.#open(place, () => (this.#store = undefined));
    this.#batchesAtOnce = store.supports.batchesAtOnce ?? 1;
    return store;
  }

  async #open({ uri, connection }: RegistryPlace, forget: () => void): Promise<Store> {
    const { openers, artifactRoot, busyTimeoutMs } = this.#options;
    try {
      const busy = busyTimeoutMs === undefined ? {} : { busyTimeoutMs };
      return await openers.openStore(uri, { connection, artifactRoot, ...busy });
    } catch (error) {
      forget();
      if (isError(error) && judgeError(error) === 'rejected') throw new DestinationRefused(error);
      throw error;
    }
  }

  async #findOrMakeExperiment(name: string): Promise<string> {
    const store = await this.store();
    const found = await store.getExperimentByName(name);
    if (found === undefined) {
      try {
        return await store.createExperiment({ name });
      } catch (error) {
        // Another process made it between our question and our request.
        if (!(error instanceof MlflowError) || error.errorCode !== 'RESOURCE_ALREADY_EXISTS') throw error;
        const made = await store.getExperimentByName(name);
        if (made === undefined) throw mlflowError('TEMPORARILY_UNAVAILABLE', error.message, error);
        return checkActive(name, made);
      }
    }
    return checkActive(name, found);
  }
}

function checkActive(name: string, experiment: { experimentId: string; lifecycleStage: string }): string {
  if (experiment.lifecycleStage === 'active') return experiment.experimentId;
  throw new DestinationRefused(
    new RunspanError(
      'INVALID_CONFIG',
      `Experiment '${name}' (id ${experiment.experimentId}) is deleted. Restore it (client().restoreExperiment('${experiment.experimentId}')) or choose another experimentName.`,
    ),
  );
}

async function settleQuietly(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch {
    // It is being given up: an error of closing it, or of having failed to open, has no reader.
  }
}
