// What every method of MlflowClient goes through: one direct round trip behind what the journal already accepted.
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import type { Page, Tag } from '../../model/entities.ts';
import type { Outbox, StoreMethod } from '../../outbox/contract.ts';
import type { AnswerOf, RequestOf, ServerEndpoint } from '../../rest/endpoints/server-endpoints.ts';
import type { Store } from '../../stores/contract.ts';
import { readUserName } from '../open/source-tags.ts';
import { LaterMethodsBase } from './later-methods.ts';
import { PagedList } from './paged-list.ts';

/** What `MlflowClient` stands on. */
export interface MlflowClientOptions {
  readonly outbox: Pick<Outbox, 'call'>;
  readonly trackingUri: string;
  readonly registryUri: string;
  /** The experiment of the service, where it has one: what the client makes is noted as used there. */
  readonly experimentName?: string;
  /** How long one call may take, the wait for what is already accepted included, in milliseconds. */
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Who is logged in at the tracking server, if anybody. */
  readonly username?: string | undefined;
  /** MLflow's own tags of what this process makes: `mlflow.user`, `mlflow.source.*`. */
  readonly sourceTags?: readonly Tag[] | undefined;
  /** The logged model that traces made by hand lead to, if any. */
  readonly activeModelId?: (() => string | undefined) | undefined;
  /** Opens the artifacts of a run or model; whoever opens closes. */
  readonly openArtifacts: (artifactUri: string) => Promise<ArtifactRepository>;
}

/** The calls that the methods are made of; a run key is taken wherever a run id stands. */
export abstract class ClientCalls extends LaterMethodsBase {
  readonly #options: MlflowClientOptions;

  constructor(options: MlflowClientOptions) {
    super();
    this.#options = options;
  }

  /** The tracking URI, without credentials. */
  get trackingUri(): string {
    return this.#options.trackingUri;
  }

  /** The registry URI, without credentials. */
  get registryUri(): string {
    return this.#options.registryUri;
  }

  /** The id of the service's experiment; undefined where there is none. */
  protected async findExperimentId(): Promise<string | undefined> {
    const { experimentName } = this.#options;
    if (experimentName === undefined) return undefined;
    return (await this.call('getExperimentByName', experimentName))?.experimentId;
  }

  /** The logged model that is active in this process, if any. */
  protected activeModelId(): string | undefined {
    return this.#options.activeModelId?.();
  }

  /** Milliseconds since the epoch. */
  protected now(): number {
    return this.#options.now();
  }

  /** Who makes what is made, and from which file. */
  protected sourceTags(): readonly Tag[] {
    return this.#options.sourceTags ?? [{ key: 'mlflow.user', value: this.userName() }];
  }

  /** Who does what is done: MLflow's `mlflow.user`. */
  protected userName(): string {
    return this.#options.username ?? readUserName();
  }

  /** Opens the artifacts under a URI; whoever opens closes. */
  protected openArtifacts(artifactUri: string): Promise<ArtifactRepository> {
    return this.#options.openArtifacts(artifactUri);
  }

  /** Asks what every store has. */
  protected call<M extends StoreMethod>(
    method: M,
    ...args: Parameters<Store[M]>
  ): Promise<Awaited<ReturnType<Store[M]>>> {
    return this.#options.outbox.call(method, args, { timeoutMs: this.#options.timeoutMs });
  }

  /** Asks what is beyond runs, by the endpoint's name. */
  protected async ask<N extends ServerEndpoint>(name: N, request: RequestOf<N>): Promise<AnswerOf<N>> {
    // The casts: `request` is asked and answers what belongs to the name, which the type of `call` cannot say.
    return (await this.call('request', name, request as never)) as AnswerOf<N>;
  }

  /** The same where the answer comes in pages. */
  protected pages<T>(fetchPage: (paging: { readonly pageToken?: string }) => Promise<Page<T>>): PagedList<T> {
    return new PagedList((pageToken) => fetchPage(pageToken === undefined ? {} : { pageToken }));
  }
}
