// Brings up OpenTelemetry for whichever service starts first, as the environment says.
import { setEnvDefaults } from '../config/env.ts';
import { otelVariablesOfDotenv, readOtelSettings } from '../config/otel-settings.ts';
import { findProjectName } from '../config/project.ts';
import { loadSources } from '../config/sources.ts';
import type { SettingsSources } from '../config/sources.ts';
import { ensureProviders } from '../otel/providers.ts';
import type { Providers } from '../otel/providers.ts';

/** What {@link bringUpOtel} is told beyond the environment. */
export interface OtelSetupOptions {
  readonly sources?: SettingsSources;
  /** The resource's service.name, beating env. */
  readonly serviceName?: string;
  /** The resource's service.name where env has none. @default the project's name */
  readonly defaultServiceName?: string;
}

/** Gives the process's one OpenTelemetry set-up, brought up by the first call. */
export function bringUpOtel(options: OtelSetupOptions = {}): Promise<Providers> {
  const { sources = loadSources(), serviceName, defaultServiceName = findProjectName(sources.folder) } = options;
  setEnvDefaults(otelVariablesOfDotenv(sources));
  return ensureProviders({
    ...readOtelSettings(sources),
    serviceName,
    defaultServiceName,
  });
}
