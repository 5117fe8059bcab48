// Whom the functions without an instance ask: the service that was started last, else services from env.
import { chooseExperiment } from '../mlflow/choose-experiment.ts';
import { startDefaultServices } from './default-services.ts';
import type { FluentClient } from '../mlflow/fluent-client.ts';
import { startedServices, type StartedService } from '../mlflow/run-registry.ts';

/** The service. */
export async function defaultService(): Promise<Pick<StartedService, 'client' | 'settings' | 'setExperiment'>> {
  return startedServices().at(-1) ?? startDefaultServices();
}

/** Its client. */
export async function defaultClient(): Promise<FluentClient> {
  return (await defaultService()).client();
}

/** The id of the service's experiment, which is made where it is not there. */
export async function defaultExperimentId(): Promise<string> {
  const service = await defaultService();
  return (await chooseExperiment(service.client(), service.settings.experimentName)).experimentId;
}
