// A service in the test's own process, with the settings of the test alone.
import { onTestFinished } from 'vitest';
import { LoggerService, MlflowService } from '../../src/index.ts';
import { makeFolder } from './live-job.ts';

type Options = ConstructorParameters<typeof MlflowService>[0];

// What a developer's shell says about servers of their own.
for (const name of Object.keys(process.env)) if (/^(MLFLOW|OTEL|RUNSPAN)_/.test(name)) delete process.env[name];

/** Makes a service with a journal of its own; it is stopped after the test. */
export function makeService(options: Options): MlflowService {
  const logger = new LoggerService({ level: 'CRITICAL', otel: 'off' });
  const own = { directory: makeFolder(), exitHooks: false, logSystemMetrics: false };
  const service = new MlflowService({ logger, ...own, ...options });
  onTestFinished(() => service.stop({ timeoutMs: 1_000 }));
  return service;
}

/** The same, started. */
export async function startService(options: Options): Promise<MlflowService> {
  const service = makeService(options);
  await service.start();
  return service;
}
