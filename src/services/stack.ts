// Several services as one: started in order, linked to each other, stopped in reverse.
import { RunspanError } from '../errors.ts';
import { AlertsService } from './alerts/alerts-service.ts';
import { LoggerService } from './logger/logger-service.ts';
import { MlflowService } from './mlflow/mlflow-service.ts';
import type { Service } from './lifecycle/service.ts';
import { isError } from '../model/any-realm.ts';

/** Started services. */
export interface ServiceStack {
  /**
   * Stops all in reverse order within one deadline, even if one fails (`AggregateError`). Resolves to nothing: what was delivered by then is
   * what `mlflow.flush()` before it resolves to.
   */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts services in the order given (logger, alerts, mlflow) and links them: runs log through the logger and alert through the alerts.
 * Where one fails to start, those before it are stopped and its error is thrown.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for what is no service, such as a list of them; what a start() throws
 * @example
 * const services = await startServices(new LoggerService(), new AlertsService(), new MlflowService());
 * await services.stop();
 */
export async function startServices(...services: readonly Service[]): Promise<ServiceStack> {
  for (const [at, service] of services.entries()) requireService(service, at + 1);
  const alerts = services.find((service): service is AlertsService => service instanceof AlertsService);
  const logger = services.find((service): service is LoggerService => service instanceof LoggerService);
  for (const service of services) if (service instanceof MlflowService) service.link({ alerts, logger });
  const started: Service[] = [];
  try {
    for (const service of services) {
      await service.start();
      started.push(service);
    }
  } catch (error) {
    await stopAll(started, {}).catch((stopError: unknown) => {
      // The start's own error is what the user must see; that of the clean-up goes with it.
      if (isError(error)) error.cause ??= stopError;
    });
    throw error;
  }
  const stop = (options: { readonly timeoutMs?: number } = {}): Promise<void> => stopAll(started, options);
  return { stop, [Symbol.asyncDispose]: () => stop() };
}

/** By its methods: a service of another copy of this package is one too. */
function requireService(given: unknown, position: number): void {
  const { start, stop } = (given ?? {}) as Partial<Record<'start' | 'stop', unknown>>;
  if (typeof start === 'function' && typeof stop === 'function') return;
  const mend = Array.isArray(given)
    ? 'Hand them over one by one: startServices(logger, alerts, mlflow).'
    : 'Make it with new.';
  throw new RunspanError('INVALID_ARGUMENT', `Argument ${position} of startServices is no service. ${mend}`);
}

async function stopAll(services: readonly Service[], options: { readonly timeoutMs?: number }): Promise<void> {
  const { timeoutMs } = options;
  const deadlineMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  const errors: unknown[] = [];
  for (const service of services.toReversed()) {
    const leftMs = deadlineMs === undefined ? {} : { timeoutMs: Math.max(0, deadlineMs - performance.now()) };
    await service.stop(leftMs).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `${errors.length} of ${services.length} services did not stop cleanly`);
}
