// The set-up of `runspan/register`: the two providers by hand, from the same variables that NodeSDK reads. A NodeSDK loads 250 files more,
// which an unchanged job would wait for before its first line; what services start by themselves is a NodeSDK (sdk-setup.ts).
import { diag, logs, propagation, trace } from '@opentelemetry/api';
import type { TextMapPropagator } from '@opentelemetry/api';
import type * as CoreModule from '@opentelemetry/core';
import type * as SdkTraceModule from '@opentelemetry/sdk-trace';
import type { Sampler, SpanLimits } from '@opentelemetry/sdk-trace';
import type { ExportParts } from '../export/otlp-export.ts';
import type { RelaySpanProcessor } from '../relay-processor.ts';
import { createProcessors, createResourceParts, registerContextManager } from './sdk-setup.ts';
import type { BuiltSdk, Registered } from './sdk-setup.ts';

type SdkTrace = typeof SdkTraceModule;
type Core = typeof CoreModule;

const DEFAULT_RATIO = 1;

/** Puts up a TracerProvider and a LoggerProvider that export, and registers them, the propagators and the context manager. */
export async function buildLeanSdk(
  relay: RelaySpanProcessor,
  parts: ExportParts,
  registered: Registered,
): Promise<BuiltSdk> {
  const [core, sdkTrace, { LoggerProvider }] = await Promise.all([
    import('@opentelemetry/core'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/sdk-logs'),
  ]);
  const { spanProcessors, logProcessors, queues } = await createProcessors(relay, parts, registered);
  const { base, detected, named } = await createResourceParts(parts.settings);
  const resource = base.merge(detected()).merge(named);
  const sampler = readSampler(core, sdkTrace);
  const tracerProvider = new sdkTrace.TracerProvider({
    ...(sampler === undefined ? {} : { sampler }),
    spanLimits: readSpanLimits(core),
    resource,
    spanProcessors: [...spanProcessors],
  });
  const loggerProvider = new LoggerProvider({
    logRecordLimits: readLogLimits(core),
    resource,
    processors: [...logProcessors],
  });
  await registerContextManager(registered);
  const propagator = registered.hasPropagation ? undefined : await readPropagator(core);
  if (propagator !== undefined) propagation.setGlobalPropagator(propagator);
  trace.setGlobalTracerProvider(tracerProvider);
  if (logProcessors.length > 0) logs.setGlobalLoggerProvider(loggerProvider);
  return {
    queues,
    shutdown: async () => {
      await Promise.all([tracerProvider.shutdown(), loggerProvider.shutdown()]);
    },
  };
}

/** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ (sampler) */
function readSampler(core: Core, sdk: SdkTrace): Sampler | undefined {
  const name = core.getStringFromEnv('OTEL_TRACES_SAMPLER');
  if (name === undefined) return undefined;
  const [, isParentBased, root] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  const made = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(readRatio(core)),
  };
  if (root === undefined) {
    diag.error(`unknown OTEL_TRACES_SAMPLER value "${name}", using default`);
    return undefined;
  }
  // The cast: the expression lets these three through.
  const sampler = made[root as keyof typeof made]();
  return isParentBased === undefined ? sampler : new sdk.ParentBasedSampler({ root: sampler });
}

function readRatio(core: Core): number {
  const ratio = core.getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG');
  if (ratio !== undefined && ratio >= 0 && ratio <= 1) return ratio;
  diag.error(`OTEL_TRACES_SAMPLER_ARG is ${ratio ?? 'blank'}, no number from 0 to 1; using ${DEFAULT_RATIO}.`);
  return DEFAULT_RATIO;
}

function readSpanLimits(core: Core): SpanLimits {
  const read = (name: string): number | undefined => core.getNumberFromEnv(name);
  return withoutUndefined({
    attributeCountLimit: read('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT') ?? read('OTEL_ATTRIBUTE_COUNT_LIMIT'),
    attributeValueLengthLimit:
      read('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT') ?? read('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
    eventCountLimit: read('OTEL_SPAN_EVENT_COUNT_LIMIT'),
    linkCountLimit: read('OTEL_SPAN_LINK_COUNT_LIMIT'),
    attributePerEventCountLimit: read('OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT'),
    attributePerLinkCountLimit: read('OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT'),
  });
}

function readLogLimits(core: Core): { attributeCountLimit?: number; attributeValueLengthLimit?: number } {
  const read = (name: string): number | undefined => {
    const value = core.getNumberFromEnv(`OTEL_LOGRECORD_${name}`) ?? core.getNumberFromEnv(`OTEL_${name}`);
    return value !== undefined && value > 0 ? value : undefined;
  };
  return withoutUndefined({
    attributeCountLimit: read('ATTRIBUTE_COUNT_LIMIT'),
    attributeValueLengthLimit: read('ATTRIBUTE_VALUE_LENGTH_LIMIT'),
  });
}

function withoutUndefined<K extends string>(limits: Record<K, number | undefined>): Partial<Record<K, number>> {
  const found = Object.entries(limits).filter(([, value]) => value !== undefined);
  // The cast: what is undefined is gone.
  return Object.fromEntries(found) as Partial<Record<K, number>>;
}

/** Undefined where nothing is to be carried on (`none`). */
async function readPropagator(core: Core): Promise<TextMapPropagator | undefined> {
  const names = new Set(core.getStringListFromEnv('OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage']);
  if (names.has('none')) return undefined;
  const propagators: TextMapPropagator[] = [];
  for (const name of names) {
    if (name === 'tracecontext') propagators.push(new core.W3CTraceContextPropagator());
    else if (name === 'baggage') propagators.push(new core.W3CBaggagePropagator());
    else {
      const found = await findB3(name);
      if (found === undefined) diag.warn(`Propagator "${name}" of OTEL_PROPAGATORS is not there; it is left out.`);
      else propagators.push(found);
    }
  }
  return propagators.length === 0 ? undefined : new core.CompositePropagator({ propagators });
}

/** B3 comes with NodeSDK in most trees, not in all; it is rare enough not to be a dependency of its own. */
async function findB3(name: string): Promise<TextMapPropagator | undefined> {
  if (name !== 'b3' && name !== 'b3multi') return undefined;
  try {
    const { B3Propagator, B3InjectEncoding } = await import('@opentelemetry/propagator-b3');
    return name === 'b3' ? new B3Propagator() : new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
  } catch {
    return undefined; // Not installed: the caller says so.
  }
}
