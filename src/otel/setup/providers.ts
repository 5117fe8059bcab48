// The one OpenTelemetry set-up of a process: what the job registered, or what we bring up; flushed by anyone, shut down at the end only.
import { diag, logs, trace } from '@opentelemetry/api';
import { shareInProcess } from '../../model/process-wide.ts';
import { TelemetryOutbox } from '../../outbox/telemetry/telemetry-outbox.ts';
import { settlesWithin } from '../deadline.ts';
import { exportTargets, httpTargets } from '../export/provider-settings.ts';
import type { ProviderSettings } from '../export/provider-settings.ts';
import { quietly, sayFailure, sayWarning } from '../quietly.ts';
import { RelaySpanProcessor } from '../relay-processor.ts';
import { RunSpanProcessor } from '../run/run-span-processor.ts';
import {
  buildBareProvider,
  buildNodeSdk,
  findApiMismatch,
  findRegistered,
  registerContextManager,
} from './sdk-setup.ts';
import type { BuiltSdk } from './sdk-setup.ts';
import { isError } from '../../model/any-realm.ts';

/** `registered`: the job's own SDK; `exporting`: ours, to an endpoint; `bare`: ours, exporting nothing; `none`: no SDK. */
export type ProvidersKind = 'registered' | 'exporting' | 'bare' | 'none';

/** What became of spans and log records: `came = sent + refused + lost + dropped + pending`. */
export interface ExportCounts {
  readonly sentCount: number;
  /** The Collector refused them, saying why. */
  readonly refusedCount: number;
  /** Given up on: the Collector was away, and there was no disk to keep them on. */
  readonly lostCount: number;
  /** Never queued, since too many waited and there was no disk. */
  readonly droppedCount: number;
  /** In memory, on their way, or on disk. */
  readonly pendingCount: number;
  /** Of the pending, those on disk. */
  readonly keptCount: number;
}

/** The one OpenTelemetry set-up of this process. */
export interface Providers {
  /** Of now: a `bare` one becomes `registered` when the job starts an SDK of its own later. */
  readonly kind: ProvidersKind;
  /** One line for a person: what was found, where spans and logs go. */
  readonly description: string;
  /** What the user should mend, such as a second copy of the API. */
  readonly warnings: readonly string[];
  /** Where services plug their span processors in; spans reach it where the set-up is ours. */
  readonly relay: RelaySpanProcessor;
  /** What became of what went through our exporters; all zeros under the job's own SDK. */
  readonly counts: ExportCounts;
  /** Whether anything waits in memory: an exit has to be watched for it. */
  readonly isBusy: boolean;
  /** Calls back when isBusy has changed; the last listener counts. */
  onBusy(listener: () => void): void;
  /**
   * Sends what the registered providers hold back, the job's own too, within the deadline. Never rejects.
   *
   * @returns whether all was done in time
   */
  flush(options: { readonly timeoutMs: number }): Promise<boolean>;
  /** In `exit`: puts what waits on disk and has it sent from there, without waiting. Synchronous; never throws. */
  beginExit(): void;
  /** In `exit`, after beginExit(): blocks until all is sent, the Collector turns out to be away, or the time is over; says what is left. */
  waitInExit(timeoutMs: number): void;
  /** One line about what is on disk still; undefined where that is nothing, or was said already. */
  describeWhatIsLeft(): string | undefined;
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
  const busyListener: BusyListener = { call: () => undefined };
  let built: Built;
  try {
    built = await build(relay, settings, () => busyListener.call());
  } catch (error) {
    sayFailure('setting OpenTelemetry up', error);
    const why = isError(error) ? error.message : String(error);
    built = { kind: 'none', description: 'no SDK', warnings: [`OpenTelemetry could not be set up: ${why}`] };
  }
  const description = `OpenTelemetry: ${built.description}`;
  diag.debug(`runspan: ${description}`);
  for (const warning of built.warnings) sayWarning(warning);
  return new SharedProviders({ ...built, description }, relay, busyListener);
}

interface BusyListener {
  call: () => void;
}

interface Built {
  readonly kind: ProvidersKind;
  readonly description: string;
  readonly warnings: readonly string[];
  readonly sdk?: BuiltSdk;
  readonly outbox?: TelemetryOutbox | undefined;
}

async function build(relay: RelaySpanProcessor, settings: ProviderSettings, onBusy: () => void): Promise<Built> {
  const registered = findRegistered();
  const mismatch = findApiMismatch();
  const warnings = mismatch === undefined ? [] : [mismatch];
  for (const name of settings.unknownExporters ?? [])
    warnings.push(
      `There is no exporter '${name}' here: OTEL_TRACES_EXPORTER and OTEL_LOGS_EXPORTER take otlp, console or none.`,
    );
  for (const name of settings.unknownProtocols ?? [])
    warnings.push(
      `There is no protocol '${name}' here: OTEL_EXPORTER_OTLP_PROTOCOL takes http/json, http/protobuf or grpc.`,
    );
  for (const name of settings.misspeltEndpoints ?? [])
    warnings.push(`${name} is no URL such as http://localhost:4318: nothing reaches a Collector by it.`);
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
  const isPrinted = settings.areSpansPrinted === true || settings.areLogsPrinted === true;
  if (targets.tracesUrl === undefined && targets.logsUrl === undefined && !isPrinted) {
    await registerContextManager(registered);
    const sdk = await buildBareProvider(relay, settings);
    return { kind: 'bare', description: 'no endpoint, nothing is exported', warnings, sdk };
  }
  const doors = httpTargets(settings);
  if ((targets.tracesUrl && !doors.traces) || (targets.logsUrl && !doors.logs))
    warnings.push(
      'What is left for a Collector at the end of a job goes over HTTP, also where the rest goes by gRPC: RUNSPAN_OTLP_HTTP_ENDPOINT may name its endpoint, such as http://host:4318. Without it what is left stays on disk.',
    );
  const outbox = openTelemetryOutbox(settings);
  const buildSdk = settings.isLean === true ? (await import('./lean-setup.ts')).buildLeanSdk : buildNodeSdk;
  const sdk = await buildSdk(relay, { settings, outbox, onBusy }, registered);
  outbox?.adoptLeftovers();
  const tracesUrl = targets.tracesUrl ?? (settings.areSpansPrinted === true ? 'the console' : 'nowhere');
  const logsUrl = targets.logsUrl ?? (settings.areLogsPrinted === true ? 'the console' : 'nowhere');
  const description = `spans to ${bare(tracesUrl)}, logs to ${bare(logsUrl)}`;
  return { kind: 'exporting', description, warnings, sdk, outbox };
}

function openTelemetryOutbox(settings: ProviderSettings): TelemetryOutbox | undefined {
  const { directory } = settings;
  if (directory === undefined) return undefined;
  return new TelemetryOutbox({
    directory,
    targets: httpTargets(settings),
    onWarning: (message) => sayWarning(message),
  });
}

class SharedProviders implements Providers {
  readonly #builtKind: ProvidersKind;
  readonly description: string;
  readonly warnings: readonly string[];
  readonly relay: RelaySpanProcessor;
  readonly #sdk: BuiltSdk | undefined;
  readonly #queues: BuiltSdk['queues'];
  readonly #outbox: TelemetryOutbox | undefined;
  readonly #busyListener: BusyListener;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(built: Built, relay: RelaySpanProcessor, busyListener: BusyListener) {
    this.#builtKind = built.kind;
    this.#outbox = built.outbox;
    this.#busyListener = busyListener;
    this.description = built.description;
    this.warnings = built.warnings;
    this.relay = relay;
    this.#sdk = built.sdk;
    this.#queues = built.sdk?.queues ?? [];
  }

  get kind(): ProvidersKind {
    return this.#builtKind === 'bare' && findRegistered().hasTracing ? 'registered' : this.#builtKind;
  }

  get counts(): ExportCounts {
    const kept = this.#outbox?.counts ?? { sentCount: 0, refusedCount: 0, lostCount: 0, leftCount: 0 };
    const { sentCount, refusedCount, lostCount, leftCount } = kept;
    const sum = { sentCount, refusedCount, lostCount, droppedCount: 0, pendingCount: leftCount, keptCount: leftCount };
    for (const { counts } of this.#queues) {
      sum.sentCount += counts.sentCount;
      sum.refusedCount += counts.refusedCount;
      sum.lostCount += counts.lostCount;
      sum.droppedCount += counts.droppedCount;
      sum.pendingCount += counts.pendingCount;
    }
    return sum;
  }

  get isBusy(): boolean {
    return this.#queues.some((queue) => queue.isBusy);
  }

  onBusy(listener: () => void): void {
    this.#busyListener.call = listener;
  }

  beginExit(): void {
    for (const queue of this.#queues) quietly('keeping telemetry', () => queue.spillNow());
    quietly('ending telemetry', () => this.#outbox?.beginExit());
  }

  waitInExit(timeoutMs: number): void {
    quietly('ending telemetry', () => {
      // Found away a moment ago, most often by a stop() that waited for it: once is enough, and the next job sends what is kept.
      // Where nothing is kept it has come back, and the sender has its folder to take away.
      const isAway = this.#queues.some((queue) => queue.isAway) && (this.#outbox?.counts.leftCount ?? 0) > 0;
      this.#outbox?.waitInExit(isAway ? 0 : timeoutMs);
    });
  }

  describeWhatIsLeft(): string | undefined {
    return this.#outbox?.describeWhatIsLeft();
  }

  flush(options: { readonly timeoutMs: number }): Promise<boolean> {
    return settlesWithin(this.#enqueueFlush(), options.timeoutMs);
  }

  async shutdown(options: { readonly timeoutMs: number }): Promise<void> {
    const deadlineMs = performance.now() + options.timeoutMs;
    await this.flush(options);
    if (this.#sdk) await settlesWithin(this.#sdk.shutdown(), deadlineMs - performance.now());
  }

  /** Flushes never overlap: some SDK's log processor answers a second one at once, undone. One waits at most. */
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
    await Promise.all([
      flushProvider('spans', trace.getTracerProvider() as Flushable),
      flushProvider('logs', logs.getLoggerProvider() as Flushable),
    ]);
    // Away a moment ago, it is away for the sender too: what is on disk is sent when it is back, and nobody waits for that.
    if (!this.#queues.some((queue) => queue.isAway)) await this.#outbox?.flush();
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
