// Brings up OpenTelemetry for whichever service starts first, as the environment says.
import { setEnvDefaults } from '../config/env.ts';
import { otelVariablesOfDotenv, readOtelSettings } from '../config/otel-settings.ts';
import { findProjectName } from '../config/project.ts';
import { loadSources } from '../config/sources.ts';
import { ensureProviders } from '../otel/providers.ts';
import type { Providers } from '../otel/providers.ts';

/** Gives the process's one OpenTelemetry set-up, brought up by the first call. */
export function bringUpOtel(defaultServiceName?: string): Promise<Providers> {
  const sources = loadSources();
  setEnvDefaults(otelVariablesOfDotenv(sources));
  const name = defaultServiceName ?? findProjectName(sources.folder);
  return ensureProviders({ ...readOtelSettings(sources), defaultServiceName: name });
}
