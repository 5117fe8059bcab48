// Whom a library's automatic logging asks: the started services of the process, over every copy of this package.
import type { Tag } from '../model/entities.ts';
import { shareInProcess } from '../model/process-wide.ts';
import { currentRun } from '../otel/run/run-context.ts';
import type { ActiveRun } from '../runs/open/active-run.ts';
import type { RunConfig } from '../runs/open/run-config.ts';

/** What is logged, and when not; MLflow's own flags. */
export interface AutologFlags {
  /** Log nothing. @default false */
  readonly disable: boolean;
  /** Log nothing for versions of the library that this package was not tested with. @default false */
  readonly disableForUnsupportedVersions: boolean;
  /** Log into runs of its own only, never into one that the user opened. @default false */
  readonly exclusive: boolean;
  /** Keep the first rows of the training's data with a logged model. @default true */
  readonly logInputExamples: boolean;
  /** Keep what a logged model takes and gives. @default true */
  readonly logModelSignatures: boolean;
  /** Keep the trained model. @default false */
  readonly logModels: boolean;
  /** Record the data that was trained on. @default false */
  readonly logDatasets: boolean;
  /** Say nothing of what automatic logging could not do; it is counted all the same. @default false */
  readonly silent: boolean;
}

/** A started service, as automatic logging sees it. */
export interface AutologHost {
  /** As the service's settings say. */
  readonly flags: AutologFlags;
  /** MLflow's own tags of who runs what. */
  readonly sourceTags: readonly Tag[];
  /** The open run of this key, where this service opened it. */
  findRun(runKey: string): ActiveRun | undefined;
  runContext<T>(config: RunConfig, body: () => Promise<T>): Promise<T>;
  /** Counts something that could not be logged, and says so once unless silent. */
  complain(message: string, isSilent: boolean): void;
}

/** A service, and the run to log into where one is open. */
export interface FoundHost {
  readonly host: AutologHost;
  readonly run: ActiveRun | undefined;
}

/** Makes a service's runs open to automatic logging; the returned function takes them out again. */
export function addHost(host: AutologHost): () => void {
  const hosts = sharedHosts();
  hosts.add(host);
  return () => void hosts.delete(host);
}

/** The service whose run is active here, else the one that was started last; undefined where none is. */
export function findHost(): FoundHost | undefined {
  const hosts = [...sharedHosts()].toReversed();
  const runKey = currentRun()?.runKey;
  for (const host of hosts) {
    const run = runKey === undefined ? undefined : host.findRun(runKey);
    if (run !== undefined) return { host, run };
  }
  const [last] = hosts;
  return last === undefined ? undefined : { host: last, run: undefined };
}

function sharedHosts(): Set<AutologHost> {
  return shareInProcess('autolog-hosts', () => new Set());
}
