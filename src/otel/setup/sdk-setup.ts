// Builds the SDK where the job has none: with an endpoint a NodeSDK that exports (register: lean-setup.ts), without one a bare provider.
import { ProxyTracerProvider, context, trace } from '@opentelemetry/api';
import type { ContextManager } from '@opentelemetry/api';
import type { DetectedResource, Resource, ResourceDetector } from '@opentelemetry/resources';
import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { ExportQueue } from '../export/export-queue.ts';
import { createLogExport, createSpanExport } from '../export/otlp-export.ts';
import type { ExportParts } from '../export/otlp-export.ts';
import type { ProviderSettings } from '../export/provider-settings.ts';
import type { RelaySpanProcessor } from '../relay-processor.ts';
import { createRunContextManager } from '../run/run-context-manager.ts';
import { RunLogProcessor } from '../run/run-span-processor.ts';

/** What is registered with OpenTelemetry's API already. */
export interface Registered {
  readonly hasTracing: boolean;
  readonly hasLogs: boolean;
  readonly hasContext: boolean;
  readonly hasPropagation: boolean;
}

/** What was built and how it is ended. */
export interface BuiltSdk {
  readonly queues: readonly ExportQueue<never>[];
  shutdown(): Promise<void>;
}

const SERVICE_NAME = 'service.name';

/** The command line of a job often holds tokens and passwords. */
const COMMAND_ARGUMENTS = ['process.command_args', 'process.command_line'];

/** Registers a context manager where there is none; without one no code knows its run. */
export async function registerContextManager(registered: Registered): Promise<void> {
  if (!registered.hasContext) context.setGlobalContextManager(await createRunContextManager());
}

/** The same where nothing else of OpenTelemetry is set up, as in a service that is switched off. */
export async function ensureContextManager(): Promise<void> {
  await registerContextManager(findRegistered());
}

/**
 * Puts up a TracerProvider that exports nothing, so that runs have trace ids and processors. The API's global place is left
 * free: an SDK that the job starts later takes it, and with it every span from then on.
 */
export async function buildBareProvider(relay: RelaySpanProcessor, settings: ProviderSettings): Promise<BuiltSdk> {
  const { TracerProvider } = await import('@opentelemetry/sdk-trace');
  const resources = await import('@opentelemetry/resources');
  const serviceName = settings.serviceName ?? settings.defaultServiceName;
  const named = resources.resourceFromAttributes(serviceName === undefined ? {} : { [SERVICE_NAME]: serviceName });
  const provider = new TracerProvider({
    spanProcessors: [relay],
    resource: resources.defaultResource().merge(named),
  });
  const proxy = trace.getTracerProvider();
  // With nothing registered the API gives its own proxy; a version that does not is served the plain way.
  if (proxy instanceof ProxyTracerProvider) proxy.setDelegate(provider);
  else trace.setGlobalTracerProvider(provider);
  return { queues: [], shutdown: () => provider.shutdown() };
}

/** Starts a NodeSDK with explicit exporters and no metric reader, whose default costs 8 s at exit (measured). */
export async function buildNodeSdk(
  relay: RelaySpanProcessor,
  parts: ExportParts,
  registered: Registered,
): Promise<BuiltSdk> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { settings } = parts;
  const { spanProcessors, logProcessors, queues } = await createProcessors(relay, parts, registered);
  const { base, detectors } = await createResourceParts(settings);
  const sdk = new NodeSDK({
    resource: base,
    resourceDetectors: [...detectors],
    ...(settings.serviceName === undefined ? {} : { serviceName: settings.serviceName }),
    // The SDK takes null as "leave the one that is there", its types do not.
    contextManager: (registered.hasContext ? null : await createRunContextManager()) as ContextManager,
    ...(registered.hasPropagation ? { textMapPropagator: null } : {}),
    spanProcessors: [...spanProcessors],
    // An empty list, not undefined: the SDK would take the exporter from env, and with it its queue.
    logRecordProcessors: [...logProcessors],
    metricReaders: [],
    instrumentations: [],
  });
  sdk.start();
  return { queues, shutdown: () => sdk.shutdown() };
}

/** What both set-ups that export consist of. */
export interface Processors {
  readonly spanProcessors: readonly SpanProcessor[];
  /** Empty where log records go nowhere. */
  readonly logProcessors: readonly LogRecordProcessor[];
  readonly queues: readonly ExportQueue<never>[];
}

/** Makes our processors, with those of the console where OTEL_TRACES_EXPORTER or OTEL_LOGS_EXPORTER names it. */
export async function createProcessors(
  relay: RelaySpanProcessor,
  parts: ExportParts,
  registered: Registered,
): Promise<Processors> {
  const { settings } = parts;
  const spans = await createSpanExport(parts);
  const logs = registered.hasLogs ? undefined : await createLogExport(parts);
  const spanProcessors: SpanProcessor[] = spans === undefined ? [relay] : [relay, spans.processor];
  const logProcessors: LogRecordProcessor[] = logs === undefined ? [] : [logs.processor];
  if (settings.areSpansPrinted === true) {
    const { ConsoleSpanExporter, SimpleSpanProcessor } = await import('@opentelemetry/sdk-trace');
    spanProcessors.push(new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() }));
  }
  if (settings.areLogsPrinted === true && !registered.hasLogs) {
    const { ConsoleLogRecordExporter, SimpleLogRecordProcessor } = await import('@opentelemetry/sdk-logs');
    logProcessors.push(new SimpleLogRecordProcessor({ exporter: new ConsoleLogRecordExporter() }));
  }
  if (logProcessors.length > 0) logProcessors.unshift(new RunLogProcessor());
  const queues = [spans?.queue, logs?.queue].filter((queue) => queue !== undefined);
  // A queue only counts here, whatever its items are.
  return { spanProcessors, logProcessors, queues: queues as unknown as ExportQueue<never>[] };
}

/** What the resource is made of, the later over the earlier: the defaults, what is detected, what our settings name. */
export interface ResourceParts {
  readonly base: Resource;
  readonly detectors: readonly ResourceDetector[];
  readonly detected: () => Resource;
  readonly named: Resource;
}

/** Names the parts of the resource; the default detectors of the SDK would ask the metadata servers of three clouds. */
export async function createResourceParts(settings: ProviderSettings): Promise<ResourceParts> {
  const { defaultResource, detectResources, envDetector, hostDetector, processDetector, resourceFromAttributes } =
    await import('@opentelemetry/resources');
  const detectors = [envDetector, hostDetector, withoutArguments(processDetector)];
  const nameOf = (name: string | undefined): Resource =>
    resourceFromAttributes(name === undefined ? {} : { [SERVICE_NAME]: name });
  return {
    base: defaultResource().merge(nameOf(settings.defaultServiceName)),
    detectors,
    detected: () => detectResources({ detectors }),
    named: nameOf(settings.serviceName),
  };
}

/** Says what is registered, looking at the API's own global, so that other copies of the API count too. */
export function findRegistered(): Registered {
  const api = globalApi();
  return {
    hasTracing: api?.['trace'] !== undefined,
    hasLogs: api?.['logs'] !== undefined,
    hasContext: api?.['context'] !== undefined,
    hasPropagation: api?.['propagation'] !== undefined,
  };
}

/**
 * Finds whether the copy of the API that the job registered with can be reached from ours.
 *
 * @returns what to tell the user; undefined where all is well
 */
export function findApiMismatch(): string | undefined {
  const api = globalApi();
  const version = typeof api?.['version'] === 'string' ? api['version'] : 'of unknown version';
  const isTracingLost = api?.['trace'] !== undefined && trace.getTracerProvider() !== api['trace'];
  const isContextLost = api?.['context'] !== undefined && !reachesContext();
  if (!isTracingLost && !isContextLost) return undefined;
  return (
    `An SDK is registered with @opentelemetry/api ${version}, which this package's copy cannot use: its spans and logs ` +
    'go nowhere. Install one copy of @opentelemetry/api, 1.10 or later (npm ls @opentelemetry/api).'
  );
}

function reachesContext(): boolean {
  const probe = Symbol('runspan.probe');
  return context.with(context.active().setValue(probe, true), () => context.active().getValue(probe) === true);
}

function globalApi(): Readonly<Record<string, unknown>> | undefined {
  // The API's own place; whatever lies there is only looked at.
  return (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')] as
    Readonly<Record<string, unknown>> | undefined;
}

function withoutArguments(detector: ResourceDetector): ResourceDetector {
  return {
    detect: (config): DetectedResource => {
      const found = detector.detect(config);
      const attributes = { ...found.attributes };
      for (const name of COMMAND_ARGUMENTS) delete attributes[name];
      return { ...found, attributes };
    },
  };
}
