// Where a model's URI leads: to its files in an artifact repository, through the store that knows the model.
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { loadTfjs } from '../../autolog/load-tfjs.ts';
import type { LoadedTfjsModel, TfjsLoader } from '../../autolog/load-tfjs.ts';
import type { MlflowSettings } from '../../config/settings/mlflow-settings.ts';
import { isModelUri, isRunsUri } from '../../model/model-uri.ts';

/** What finding a model stands on. */
export interface ModelPlaces {
  readonly settings: MlflowSettings;
  /** Where the files behind a `models:/` or `runs:/` URI are. */
  readonly resolve: (uri: string) => Promise<string>;
}

/**
 * Loads a model of TensorFlow.js by its URI, or from a folder.
 */
export async function loadModel<M>(uri: string, tf: TfjsLoader<M>, places: ModelPlaces): Promise<LoadedTfjsModel<M>> {
  const isNamed = isModelUri(uri) || isRunsUri(uri);
  const repository = await openArtifacts(isNamed ? await places.resolve(uri) : uri, places.settings);
  try {
    return await loadTfjs(repository, tf);
  } finally {
    await repository.close();
  }
}

/** Opens the artifacts under a URI, with what the settings say of the tracking server and of S3; the code behind is imported then. */
export async function openArtifacts(
  artifactUri: string,
  { absoluteTrackingUri: trackingUri, connection }: MlflowSettings,
): Promise<ArtifactRepository> {
  const { openArtifacts: open } = await import('../../artifacts/repositories/open.ts');
  return open(artifactUri, { trackingUri, connection });
}
