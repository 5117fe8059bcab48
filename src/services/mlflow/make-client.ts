// MlflowClient with what a service's settings say: where it asks, how long, as whom, and how a run's artifacts are opened.
import { MlflowClient } from '../../runs/client/mlflow-client.ts';
import type { MlflowClientOptions } from '../../runs/client/mlflow-client.ts';
import type { MlflowSettings } from '../../config/settings/mlflow-settings.ts';
import { openArtifacts as openReal } from './load-model.ts';
import type { MlflowDependencies } from './mlflow-links.ts';

/** Makes a client. */
export function makeClient(
  settings: MlflowSettings,
  {
    outbox,
    now,
    openArtifacts,
    sourceTags,
    activeModelId,
  }: Pick<MlflowClientOptions, 'outbox' | 'now' | 'sourceTags' | 'activeModelId'> &
    Pick<MlflowDependencies, 'openArtifacts'>,
): MlflowClient {
  const { trackingUri, registryUri, experimentName, clientTimeoutMs: timeoutMs, username } = settings;
  const open = openArtifacts ?? ((artifactUri: string) => openReal(artifactUri, settings));
  const where = { trackingUri, registryUri, experimentName };
  return new MlflowClient({
    ...where,
    outbox,
    timeoutMs,
    now,
    username,
    sourceTags,
    activeModelId,
    openArtifacts: open,
  });
}
