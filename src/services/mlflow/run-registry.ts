// The runs and services of this process, over every copy of this package: what the functions without an instance look in.
import { shareInProcess } from '../../model/process-wide.ts';
import type { Experiment } from '../../model/entities.ts';
import { currentRun } from '../../otel/run/run-context.ts';
import type { FlushResult } from '../../outbox/contract.ts';
import type { ExperimentChoice } from './choose-experiment.ts';
import type { MlflowStats } from './run-book.ts';
import type { FluentClient } from './fluent-client.ts';
import type { Run } from '../../runs/run.ts';

/** A started MlflowService, as far as it is asked for all of them. */
export interface StartedService {
  flush(options?: { readonly timeoutMs?: number }): Promise<FlushResult>;
  stats(): MlflowStats;
  client(): FluentClient;
  setExperiment(choice: ExperimentChoice): Promise<Experiment>;
  readonly settings: { readonly experimentName: string; readonly registryName: string };
}

interface Registry {
  readonly open: Map<string, Run>;
  readonly services: Set<StartedService>;
  last: Run | undefined;
}

/** Remembers an open run; the returned function forgets it. */
export function rememberRun(run: Run): () => void {
  const { open } = registry();
  open.set(run.key, run);
  registry().last = run;
  return () => void open.delete(run.key);
}

/** Remembers a started service; the returned function forgets it. */
export function rememberService(service: StartedService): () => void {
  const { services } = registry();
  services.add(service);
  return () => void services.delete(service);
}

/** Gives every started service of the process. */
export function startedServices(): readonly StartedService[] {
  return [...registry().services];
}

/** Gives the open run of the current asynchronous context, whichever copy or service opened it. */
export function findActiveRun(): Run | undefined {
  const identity = currentRun();
  return identity === undefined ? undefined : registry().open.get(identity.runKey);
}

/** Gives the active run, else the one that was opened last, ended or not. */
export function findLastRun(): Run | undefined {
  return findActiveRun() ?? registry().last;
}

function registry(): Registry {
  return shareInProcess('registry', () => ({ open: new Map(), services: new Set(), last: undefined }));
}
