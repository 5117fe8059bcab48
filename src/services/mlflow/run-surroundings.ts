// What every run of a service shares and its settings decide.
import { findVariable } from '../../config/settings/sources.ts';
import { readEnv } from '../../config/env.ts';
import type { MlflowSettings } from '../../config/settings/mlflow-settings.ts';
import { mirrorAttributes } from '../../otel/run/mirror.ts';
import { readTraceParent } from '../../otel/trace-parent.ts';
import { activeModelId } from '../../runs/open/active-model.ts';
import type { ChildPlace } from '../../runs/open/child-env.ts';
import type { RunSurroundings } from '../../runs/open/open-run.ts';
import { createProbes } from '../../runs/system/probes.ts';
import type { Redactor } from '../../model/redact.ts';
import type { Tag } from '../../model/entities.ts';
import type { RunLog } from '../../runs/run.ts';
import { readSourceTags } from '../../runs/open/source-tags.ts';
import { isRemote, runUrlOf } from './destination.ts';
import { RunBook } from './run-book.ts';

/** What {@link surround} decides; the rest comes with the start. */
export type SettledSurroundings = Omit<
  RunSurroundings,
  'outbox' | 'complaints' | 'alertProcessor' | 'logger' | 'sourceTags' | 'onEnded'
>;

/** Gives what the settings decide about every run. */
export function surround(
  settings: MlflowSettings,
  given: Pick<RunSurroundings, 'redactor' | 'now'> & { readonly mirror: RunSurroundings['mirror'] | undefined },
): SettledSurroundings {
  const modelOfEnv = readEnv()['MLFLOW_ACTIVE_MODEL_ID'];
  return {
    activeModelId: () => activeModelId(modelOfEnv),
    experimentName: settings.experimentName,
    redactor: given.redactor,
    mirror: given.mirror ?? mirrorAttributes,
    isStrict: settings.strict,
    isKeyRunId: !isRemote(settings.trackingUri) && !settings.isDisabled,
    now: given.now,
    traceUrlTemplate: settings.traceUrlTemplate,
    spoolTimeoutMs: settings.flushTimeoutMs,
    keepsTelemetry: settings.keepTelemetry && !settings.isDisabled,
    logsTraces: settings.logTraces && settings.keepTelemetry && isRemote(settings.trackingUri),
    system: settings.isDisabled ? undefined : toSystemWatch(settings),
    childPlace: settings.isDisabled ? undefined : childPlaceOf(settings),
    remoteParent: () => readTraceParent(findVariable({ env: readEnv(), dotenv: undefined }, 'TRACEPARENT')?.text),
  };
}

function childPlaceOf({ childTrackingUri: trackingUri, childRegistryUri: registryUri }: MlflowSettings): ChildPlace {
  return { trackingUri, registryUri };
}

function toSystemWatch(settings: MlflowSettings): RunSurroundings['system'] {
  return {
    isDefault: settings.logSystemMetrics,
    intervalMs: settings.systemMetricsIntervalMs,
    samplesPerPoint: settings.systemMetricsSamplesPerPoint,
    nodeId: settings.systemMetricsNodeId,
    timeoutMs: settings.clientTimeoutMs,
    makeProbes: () => createProbes(readEnv()['PATH'] ?? ''),
  };
}

/** Reads MLflow's own tags of what this process makes. */
export function sourceTagsOf({ username }: MlflowSettings, redactor: Redactor): Promise<readonly Tag[]> {
  return readSourceTags({ mainFile: process.argv[1], username, redactText: (text) => redactor.redactText(text) });
}

/** Opens the book of a service's runs. */
export function openBook(log: Pick<RunLog, 'warn'>, trackingUri: string): RunBook {
  return new RunBook({
    warn: (message) => log.warn(message),
    makeRunUrl: (experimentId, runId) => runUrlOf(trackingUri, experimentId, runId),
  });
}
