// Where a model's URI leads: to its files in an artifact repository, through the store that knows the model.
import type { ArtifactRepository } from '../artifacts/contract.ts';
import { loadTfjs } from '../autolog/load-tfjs.ts';
import type { LoadedTfjsModel, TfjsLoader } from '../autolog/load-tfjs.ts';
import type { MlflowSettings } from '../config/mlflow-settings.ts';
import { RunspanError } from '../errors.ts';
import type { LoggedModel } from '../model/entities.ts';

/** What finding a model stands on. */
export interface ModelPlaces {
  readonly settings: MlflowSettings;
  readonly getLoggedModel: (modelId: string) => Promise<LoggedModel>;
}

/**
 * Loads a model of TensorFlow.js from `models:/m-…` or from a folder.
 *
 * @throws {RunspanError} `NOT_SUPPORTED` for a registered model's name
 */
export async function loadModel<M>(uri: string, tf: TfjsLoader<M>, places: ModelPlaces): Promise<LoadedTfjsModel<M>> {
  const repository = await openArtifacts(await artifactUriOf(uri, places), places.settings);
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
  const { openArtifacts: open } = await import('../artifacts/open.ts');
  return open(artifactUri, { trackingUri, connection });
}

async function artifactUriOf(uri: string, { getLoggedModel }: ModelPlaces): Promise<string> {
  const [, name] = /^models:\/+(.*)$/s.exec(uri) ?? [];
  if (name === undefined) return uri;
  if (/^m-[0-9a-f]{32}$/.test(name)) return (await getLoggedModel(name)).artifactUri;
  throw new RunspanError(
    'NOT_SUPPORTED',
    `Cannot load '${uri}': names of registered models come with a later version. Give models:/m-… or a folder.`,
  );
}
