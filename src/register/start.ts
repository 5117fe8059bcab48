// What register does in a job: the services, the run of the process, what is instrumented, and what becomes a log record.
import { diag } from '@opentelemetry/api';
import { findVariable, loadSources } from '../config/settings/sources.ts';
import { shareInProcess } from '../model/process-wide.ts';
import { startInstrumentations } from '../otel/setup/instrumentations.ts';
import { ambientRun } from '../otel/run/run-context.ts';
import { nameOfProcess, startDefaultServices } from '../services/fluent/default-services.ts';
import { watchMainModule } from '../services/lifecycle/main-module.ts';
import { bringUpOtel } from '../services/logger/otel-setup.ts';
import { autologWhenLoaded } from './autolog-hook.ts';
import { startDiagnostics } from './diagnostics.ts';
import { findInstrumentationNames } from './instrumentation-names.ts';
import { recordForeignLogs } from './foreign-logs.ts';

/** Opens the run of this process, or joins that of the process which started it; once, whatever copies of this package are preloaded. */
export async function startJob(): Promise<void> {
  await shareInProcess('register', openJob);
}

async function openJob(): Promise<void> {
  watchMainModule();
  const sources = loadSources();
  startDiagnostics(findVariable(sources, 'OTEL_LOG_LEVEL')?.text);
  // First the set-up, so that the one which services ask for later is this one.
  const providers = await bringUpOtel({ sources, isLean: true });
  const foreign = providers.kind === 'exporting' || providers.kind === 'registered' ? recordForeignLogs() : 'none';
  const mlflow = await startDefaultServices({ startTimeoutMs: 0 });
  autologWhenLoaded();
  const isJoined = ambientRun() !== undefined;
  if (!isJoined) await mlflow.startProcessRun(nameOfProcess());
  // A registered SDK brings its own instrumentations, and without an endpoint nobody would see their spans.
  const instrumented =
    providers.kind === 'exporting' ? await startInstrumentations(findInstrumentationNames(sources)) : ['none'];
  const key = ambientRun()?.identity.runKey ?? 'none';
  diag.debug(
    `runspan: register: ${isJoined ? 'joined' : 'opened'} run ${key}; ${providers.description}; ` +
      `instrumented: ${instrumented.join(', ')}; log records of: ${foreign}`,
  );
}
