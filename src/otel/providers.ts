// The one OpenTelemetry set-up of a process: what the job registered, or what we bring up; flushed by anyone, shut down at the end only.
import { diag, logs, trace } from '@opentelemetry/api';
import { shareInProcess } from '../model/process-wide.ts';
import { settlesWithin } from './deadline.ts';
import type { ExportCounts, ExportGuard } from './export-guard.ts';
import { exportTargets } from './provider-settings.ts';
import type { ProviderSettings } from './provider-settings.ts';
import { sayFailure, sayWarning } from './quietly.ts';
import { RelaySpanProcessor } from './relay-processor.ts';
import { RunSpanProcessor } from './run-span-processor.ts';
import {
  buildBareProvider,
  buildNodeSdk,
  findApiMismatch,
  findRegistered,
  registerContextManager,
} from './sdk-setup.ts';
import type { BuiltSdk } from './sdk-setup.ts';

/** `registered`: the job's own SDK; `exporting`: ours, to an endpoint; `bare`: ours, exporting nothing; `none`: no SDK. */
export type ProvidersKind = 'registered' | 'exporting' | 'bare' | 'none';

/** The one OpenTelemetry set-up of this process. */
export interface Providers {
  readonly kind: ProvidersKind;
  /** One line for a person: what was found, where spans and logs go. */
  readonly description: string;
  /** What the user should mend, such as a second copy of the API. */
  readonly warnings: readonly string[];
  /** Where services plug their span processors in; spans reach it where the set-up is ours. */
  readonly relay: RelaySpanProcessor;
  /** What our exporters sent, gave up and dropped; all zeros under the job's own SDK. */
  readonly counts: ExportCounts;
  /**
   * Sends what the registered providers hold back, the job's own too, within the deadline. Never rejects.
   *
   * @returns whether all was done in time
   */
  flush(options: { readonly timeoutMs: number }): Promise<boolean>;
  /** Flushes and ends what we brought up; for the end of the process only, since a provider cannot be brought up twice. */
  shutdown(options: { readonly timeoutMs: number }): Promise<void>;
}

interface Flushable {
  forceFlush?(): Promise<unknown>;
  getDelegate?(): Flushable;
}

/**
 * Brings up OpenTelemetry for this process, once; every later call, from any copy of this package, gets the same. A
 * registered provider is used as it is. Never rejects: where the SDK cannot be had, runs go on without it.
 *
 * @example
 * const providers = await ensureProviders({ endpoint: 'http://localhost:4318' });
 * await providers.flush({ timeoutMs: 2_000 });
 */
export function ensureProviders(settings: ProviderSettings = {}): Promise<Providers> {
  return shareInProcess('providers', () => bringUp(settings));
}

async function bringUp(settings: ProviderSettings): Promise<Providers> {
  const relay = new RelaySpanProcessor();
  relay.add(new RunSpanProcessor());
  let built: Built;
  try {
    built = await build(relay, settings);
  } catch (error) {
    sayFailure('setting OpenTelemetry up', error);
    const why = error instanceof Error ? error.message : String(error);
    built = { kind: 'none', description: 'no SDK', warnings: [`OpenTelemetry could not be set up: ${why}`] };
  }
  const description = `OpenTelemetry: ${built.description}`;
  diag.debug(`runspan: ${description}`);
  for (const warning of built.warnings) sayWarning(warning);
  return new SharedProviders({ ...built, description }, relay);
}

interface Built {
  readonly kind: ProvidersKind;
  readonly description: string;
  readonly warnings: readonly string[];
  readonly sdk?: BuiltSdk;
}

async function build(relay: RelaySpanProcessor, settings: ProviderSettings): Promise<Built> {
  const registered = findRegistered();
  const mismatch = findApiMismatch();
  const warnings = mismatch === undefined ? [] : [mismatch];
  if (registered.hasTracing) {
    await registerContextManager(registered);
    const logsAre = registered.hasLogs ? 'its logs provider too' : 'no logs provider';
    return { kind: 'registered', description: `using the registered SDK (${providerName()}), ${logsAre}`, warnings };
  }
  if (settings.isSdkDisabled === true) {
    await registerContextManager(registered);
    return { kind: 'none', description: 'disabled (OTEL_SDK_DISABLED)', warnings };
  }
  const targets = exportTargets(settings);
  if (targets.tracesUrl === undefined && targets.logsUrl === undefined) {
    await registerContextManager(registered);
    const sdk = await buildBareProvider(relay, settings);
    return { kind: 'bare', description: 'no endpoint, nothing is exported', warnings, sdk };
  }
  const sdk = await buildNodeSdk(relay, settings, { targets, registered });
  const { tracesUrl = 'nowhere', logsUrl = 'nowhere' } = targets;
  return { kind: 'exporting', description: `spans to ${bare(tracesUrl)}, logs to ${bare(logsUrl)}`, warnings, sdk };
}

class SharedProviders implements Providers {
  readonly kind: ProvidersKind;
  readonly description: string;
  readonly warnings: readonly string[];
  readonly relay: RelaySpanProcessor;
  readonly #sdk: BuiltSdk | undefined;
  readonly #guards: readonly Pick<ExportGuard<never>, 'counts' | 'allowTrial' | 'hasJustFailed' | 'whenIdle'>[];
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(built: Built, relay: RelaySpanProcessor) {
    this.kind = built.kind;
    this.description = built.description;
    this.warnings = built.warnings;
    this.relay = relay;
    this.#sdk = built.sdk;
    this.#guards = built.sdk?.guards ?? [];
  }

  get counts(): ExportCounts {
    const sum = { sentCount: 0, lostCount: 0, droppedCount: 0, pendingCount: 0 };
    for (const { counts } of this.#guards) {
      sum.sentCount += counts.sentCount;
      sum.lostCount += counts.lostCount;
      sum.droppedCount += counts.droppedCount;
      sum.pendingCount += counts.pendingCount;
    }
    return sum;
  }

  flush(options: { readonly timeoutMs: number }): Promise<boolean> {
    return settlesWithin(this.#enqueueFlush(), options.timeoutMs);
  }

  async shutdown(options: { readonly timeoutMs: number }): Promise<void> {
    const deadlineMs = performance.now() + options.timeoutMs;
    await this.flush(options);
    if (this.#sdk) await settlesWithin(this.#sdk.shutdown(), deadlineMs - performance.now());
  }

  /** Flushes never overlap: the SDK's log processor answers a second one at once, undone. One waits at most. */
  #enqueueFlush(): Promise<void> {
    if (this.#running === undefined) {
      const running = this.#flushOnce().finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
      this.#running = running;
      return running;
    }
    return (this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#enqueueFlush();
    }));
  }

  async #flushOnce(): Promise<void> {
    // One failed a moment ago: each service that stops would wait for the same dead Collector anew.
    const isHopeless = this.#guards.some((guard) => guard.hasJustFailed);
    if (!isHopeless) for (const guard of this.#guards) guard.allowTrial();
    await Promise.all([
      flushProvider('spans', trace.getTracerProvider() as Flushable),
      flushProvider('logs', logs.getLoggerProvider() as Flushable),
    ]);
    await Promise.all(this.#guards.map((guard) => guard.whenIdle()));
  }
}

/** The API has no flush: any SDK's own is called, through the API's proxy. */
async function flushProvider(what: string, provider: Flushable): Promise<void> {
  try {
    await (provider.getDelegate?.() ?? provider).forceFlush?.();
  } catch (error) {
    sayFailure(`flushing ${what}`, error);
  }
}

function providerName(): string {
  const provider: object = trace.getTracerProvider();
  return ((provider as Flushable).getDelegate?.() ?? provider).constructor.name;
}

/** A URL for a line that people read: without user, password and query. */
function bare(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
