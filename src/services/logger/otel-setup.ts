// Brings up OpenTelemetry for whichever service starts first, as the environment says.
import path from 'node:path';
import { setEnvDefaults } from '../../config/env.ts';
import { otelVariablesOfDotenv, readOtelSettings } from '../../config/settings/otel-settings.ts';
import { findProjectName } from '../../config/settings/project.ts';
import { findVariable, loadSources } from '../../config/settings/sources.ts';
import type { SettingsSources } from '../../config/settings/sources.ts';
import { ensureProviders } from '../../otel/setup/providers.ts';
import type { Providers } from '../../otel/setup/providers.ts';

/** What {@link bringUpOtel} is told beyond the environment. */
export interface OtelSetupOptions {
  readonly sources?: SettingsSources;
  /** The resource's service.name, beating env. */
  readonly serviceName?: string;
  /** The resource's service.name where env has none. @default the project's name */
  readonly defaultServiceName?: string;
  /** Where telemetry that is not sent waits. @default RUNSPAN_DIR, else `.runspan` */
  readonly directory?: string;
  /** The providers by hand in place of a NodeSDK, for register. @default false */
  readonly isLean?: boolean;
}

/** Variables of OpenTelemetry's specification that the SDK knows by another name. */
const SDK_NAMES = {
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: 'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT',
  OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: 'OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT',
};
const DEFAULT_DIRECTORY = '.runspan';

/** Gives the process's one OpenTelemetry set-up, brought up by the first call. */
export function bringUpOtel(options: OtelSetupOptions = {}): Promise<Providers> {
  const { sources = loadSources(), serviceName, defaultServiceName = findProjectName(sources.folder) } = options;
  const named = findVariable(sources, 'RUNSPAN_DIR')?.text.trim() || DEFAULT_DIRECTORY;
  const { directory = path.resolve(sources.folder, named) } = options;
  setEnvDefaults(otelVariablesOfDotenv(sources));
  setEnvDefaults(
    Object.fromEntries(Object.entries(SDK_NAMES).map(([name, own]) => [own, findVariable(sources, name)?.text])),
  );
  return ensureProviders({
    ...readOtelSettings(sources),
    serviceName,
    defaultServiceName,
    directory,
    isLean: options.isLean,
  });
}
