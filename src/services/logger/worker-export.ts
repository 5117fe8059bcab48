// Settings to the worker that makes and sends log records (`otel: 'worker'`).
import type { SeverityNumber } from '@opentelemetry/api';
import { workerEnv } from '../../config/env.ts';
import { readOtelSettings } from '../../config/settings/otel-settings.ts';
import { findVariable } from '../../config/settings/sources.ts';
import type { SettingsSources } from '../../config/settings/sources.ts';
import { LOG_LEVELS } from '../../logs/entry/levels.ts';
import { WorkerEmitter } from '../../logs/export/worker-emitter.ts';
import { INSTRUMENTATION_SCOPE } from '../../otel/attribute-names.ts';
import { exportTargets } from '../../otel/export/provider-settings.ts';
import { findResourceAttributes } from '../../otel/setup/sdk-resource.ts';

/** What {@link createWorkerEmitter} stands on. */
export interface WorkerExportOptions {
  readonly sources: SettingsSources;
  /** The resource's service.name where the registered SDK has no resource. */
  readonly serviceName: string;
  readonly onBusyChange: () => void;
  /** Tells a person, once, that something was not sent. */
  readonly say: (message: string) => void;
}

/** A burst of 200,000 lines fits; the transport's own 2,048 drops it without a word (measured). */
const DEFAULT_QUEUE = 262_144;
const DEFAULT_BATCH = 1_024;
const DEFAULT_DELAY_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 2_000;
const READY_TIMEOUT_MS = 5_000;

/** Starts the worker; undefined where there is no endpoint for log records. */
export async function createWorkerEmitter(options: WorkerExportOptions): Promise<WorkerEmitter | undefined> {
  const { sources, serviceName, onBusyChange, say } = options;
  const settings = readOtelSettings(sources);
  const { logsUrl } = exportTargets(settings);
  if (logsUrl === undefined) return undefined;
  const resource = await findResourceAttributes();
  const emitter = new WorkerEmitter({
    onBusyChange,
    say,
    // The detectors would tell of the worker's own script; the resource is that of the SDK.
    env: { ...workerEnv(), ...(resource === undefined ? {} : { OTEL_NODE_RESOURCE_DETECTORS: 'none' }) },
    transport: {
      loggerName: INSTRUMENTATION_SCOPE,
      resourceAttributes: { 'service.name': serviceName, ...resource },
      severityNumberMap: Object.fromEntries(
        LOG_LEVELS.map(({ value, severity }) => [value, severity]),
      ) satisfies Record<string, SeverityNumber>,
      logRecordProcessorOptions: {
        recordProcessorType: 'batch',
        processorConfig: readBatch(sources),
        exporterOptions: toExporter(settings.logConnection.protocol, {
          url: logsUrl,
          timeoutMillis: settings.logConnection.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        }),
      },
    },
  });
  await emitter.untilReady(READY_TIMEOUT_MS);
  return emitter;
}

/** OpenTelemetry's own variables, which the transport does not read. */
function readBatch(sources: SettingsSources): Readonly<Record<string, number>> {
  const read = (name: string, byDefault: number): number => {
    const value = Number(findVariable(sources, name)?.text.trim() || Number.NaN);
    return Number.isFinite(value) && value > 0 ? value : byDefault;
  };
  const maxQueueSize = read('OTEL_BLRP_MAX_QUEUE_SIZE', DEFAULT_QUEUE);
  return {
    maxQueueSize,
    maxExportBatchSize: Math.min(read('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', DEFAULT_BATCH), maxQueueSize),
    scheduledDelayMillis: read('OTEL_BLRP_SCHEDULE_DELAY', DEFAULT_DELAY_MS),
    exportTimeoutMillis: read('OTEL_BLRP_EXPORT_TIMEOUT', DEFAULT_TIMEOUT_MS),
  };
}

function toExporter(protocol: string | undefined, options: object): Readonly<Record<string, unknown>> {
  if (protocol === 'grpc') return { protocol, grpcExporterOptions: options };
  if (protocol === 'http/protobuf') return { protocol, protobufExporterOptions: options };
  return { protocol: 'http', httpExporterOptions: options };
}
