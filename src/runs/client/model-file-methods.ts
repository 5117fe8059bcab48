// Models by their URIs in MlflowClient: a folder logged as one, registered under a name, found and brought back.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getFolder } from '../../artifacts/repositories/folders.ts';
import { MlflowError, mlflowError, uncodedError } from '../../errors.ts';
import type { LoggedModel, RunEntity } from '../../model/entities.ts';
import { isModelUri, isRunsUri, parseModelUri, parseRunsUri } from '../../model/model-uri.ts';
import { toPythonJson } from '../../model/python-json.ts';
import type { ModelVersion } from '../../model/registry.ts';
import { appendToUri } from '../../stores/rules/rules.ts';
import { ArtifactMethods } from './artifact-methods.ts';
import type { NewLoggedModelOptions } from './logged-model-methods.ts';
import { checkId } from './checks.ts';
import { refusePromptTag } from './registry-checks.ts';

/** How a model is registered. */
export interface RegisterModelOptions {
  /** What is noted of the version. */
  readonly tags?: Readonly<Record<string, unknown>>;
  /** How long it may take to become READY, in milliseconds; 0 waits for nothing. @default 300_000 */
  readonly awaitRegistrationForMs?: number;
}

/** What a version is to be made of. */
interface Registered {
  readonly source: string;
  readonly runId?: string;
  readonly modelId?: string;
}

/** A version may lead to a run, and that to a logged model; more would be a circle. */
const MAX_HOPS = 8;

/** Where MLflow notes of a logged model which versions it is. */
const MODEL_VERSIONS_TAG = 'mlflow.modelVersions';

/** The client's methods of whole models. */
export abstract class ModelFileMethods extends ArtifactMethods {
  /**
   * Logs a folder that holds an MLmodel file as a model of a run: made, uploaded, named as what the run made, and READY; where one of these
   * fails it is UPLOAD_FAILED, and the error goes on.
   */
  async logModel(
    runId: string,
    name: string,
    localDir: string,
    options: Pick<NewLoggedModelOptions, 'tags' | 'params' | 'modelType'> & { readonly step?: number } = {},
  ): Promise<LoggedModel> {
    const { step = 0, ...rest } = options;
    const { info } = await this.getRun(runId);
    const { modelId } = await this.createLoggedModel(info.experimentId, { ...rest, name, sourceRunId: info.runId });
    try {
      await this.logModelArtifacts(modelId, localDir);
      await this.logOutputs(info.runId, [{ modelId, step }]);
    } catch (error) {
      await this.finalizeLoggedModel(modelId, 'UPLOAD_FAILED');
      throw error;
    }
    return this.finalizeLoggedModel(modelId, 'READY');
  }

  /**
   * Makes the next version of a registered model, and the model where it is not there, of `runs:/…`, `models:/…` or any URI of files.
   * `runs:/<id>/<name>` is a folder among the run's artifacts, else the model of that name that the run logged.
   */
  async registerModel(modelUri: string, name: string, options: RegisterModelOptions = {}): Promise<ModelVersion> {
    const { tags, awaitRegistrationForMs: awaitCreationForMs } = options;
    refusePromptTag(tags);
    await this.makeRegisteredModel(name);
    const from = await this.#toRegistered(checkId(modelUri, 'A model URI'));
    const { source, ...origin } = from;
    const made = await this.createModelVersion(name, source, {
      ...origin,
      ...(tags === undefined ? {} : { tags }),
      ...(awaitCreationForMs === undefined ? {} : { awaitCreationForMs }),
    });
    if (from.modelId !== undefined) await this.#noteVersion(from.modelId, made);
    return made;
  }

  /** Finds where the files behind a URI are: of `models:/…` and `runs:/…` a URI of artifacts, of any other the URI itself. */
  async resolveModelUri(modelUri: string): Promise<string> {
    let uri = modelUri;
    for (let hops = 0; isModelUri(uri) || isRunsUri(uri); hops++) {
      if (hops === MAX_HOPS)
        throw mlflowError('INVALID_PARAMETER_VALUE', `'${modelUri}' leads from one model to the next without end.`);
      uri = isModelUri(uri) ? await this.#filesOfModel(uri) : await this.#filesOfRun(uri);
    }
    return uri;
  }

  /**
   * Downloads the files of a model, by any URI that {@link resolveModelUri} takes.
   *
   * @param options `dstPath` is a folder that exists; without it a temporary one is made
   * @returns the folder
   */
  async downloadModel(modelUri: string, options: { readonly dstPath?: string } = {}): Promise<string> {
    const repository = await this.openArtifacts(await this.resolveModelUri(modelUri));
    try {
      const targetFolder = options.dstPath ?? (await mkdtemp(join(tmpdir(), 'mlflow-model-')));
      return await getFolder(repository, '', { targetFolder });
    } finally {
      await repository.close();
    }
  }

  /**
   * A registry that is another server knows neither runs nor logged models of the tracking server: it takes a run's files by `runs:/…`, and
   * files that it can reach itself.
   */
  async #toRegistered(modelUri: string): Promise<Registered> {
    const { registryUri, trackingUri } = this;
    const from = await this.#findRegistered(modelUri);
    if (registryUri === trackingUri || !/^https?:/i.test(registryUri)) return from;
    const { runId, modelId } = from;
    if (modelId === undefined) return isRunsUri(modelUri) ? { ...from, source: modelUri } : from;
    const { artifactUri } = await this.getLoggedModel(modelId);
    const ofRun = runId === undefined ? {} : { runId };
    if (!/^(mlflow-artifacts|file):|^\//i.test(artifactUri)) return { source: artifactUri, ...ofRun };
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `The registry at ${registryUri} cannot reach the files of logged model '${modelId}', which ${trackingUri} keeps. ` +
        "Log them as files of a run too, and register 'runs:/<id>/<folder>'.",
    );
  }

  async #findRegistered(modelUri: string): Promise<Registered> {
    if (isModelUri(modelUri)) {
      const parsed = parseModelUri(modelUri);
      if (parsed.kind === 'model') return { source: modelUri, modelId: parsed.modelId };
      // What an alias points to now, as the server reads it too.
      const { name, version } = parsed.kind === 'version' ? parsed : await this.findVersion(parsed);
      return { source: `models:/${name}/${version}` };
    }
    if (!isRunsUri(modelUri)) return { source: modelUri };
    const { runId: asked, path } = parseRunsUri(modelUri);
    const run = await this.getRun(asked);
    const { runId, artifactUri } = run.info;
    const files = await this.listArtifacts(runId, { path });
    const mlmodel = path === '' ? 'MLmodel' : `${path}/MLmodel`;
    if (files.some((file) => file.path === mlmodel)) return { source: under(artifactUri, path), runId };
    const model = await this.#findLogged(run, path);
    if (model !== undefined) return { source: `models:/${model.modelId}`, runId, modelId: model.modelId };
    throw uncodedError(`Run ${runId} has no model at '${path}', and logged none of that name.`);
  }

  async #filesOfModel(uri: string): Promise<string> {
    const parsed = parseModelUri(uri);
    if (parsed.kind === 'model') return (await this.getLoggedModel(parsed.modelId)).artifactUri;
    if (parsed.kind === 'version') return this.ask('getModelVersionDownloadUri', parsed);
    const { name, version } = await this.findVersion(parsed);
    return this.ask('getModelVersionDownloadUri', { name, version });
  }

  async #filesOfRun(uri: string): Promise<string> {
    const { runId, path } = parseRunsUri(uri);
    const run = await this.getRun(runId);
    const { artifactUri } = run.info;
    if (path === '' || (await this.listArtifacts(runId, { path })).length > 0) return under(artifactUri, path);
    const [name = '', ...rest] = path.split('/');
    const model = await this.#findLogged(run, name);
    return model === undefined ? under(artifactUri, path) : under(model.artifactUri, rest.join('/'));
  }

  /** The model of a name that a run logged; of many the one of its last step. */
  async #findLogged(run: RunEntity, name: string): Promise<LoggedModel | undefined> {
    const models = await this.#loggedModelsOf(run, name);
    const steps = new Map(run.outputs.modelOutputs.map(({ modelId, step }) => [modelId, step]));
    const stepOf = ({ modelId }: LoggedModel): number => steps.get(modelId) ?? -1;
    return models.reduce<LoggedModel | undefined>(
      (last, model) => (last === undefined || stepOf(model) > stepOf(last) ? model : last),
      undefined,
    );
  }

  async #loggedModelsOf({ info }: RunEntity, name: string): Promise<readonly LoggedModel[]> {
    const filterString = `name = '${name.replaceAll("'", "''")}'`;
    const found = await this.searchLoggedModels([info.experimentId], { filterString }).all();
    return found.filter(({ sourceRunId }) => sourceRunId === info.runId);
  }

  /** As Python: where the logged model cannot be found, the version is made all the same. */
  async #noteVersion(modelId: string, { name, version }: ModelVersion): Promise<void> {
    try {
      const { tags } = await this.getLoggedModel(modelId);
      const versions = withVersion(tags[MODEL_VERSIONS_TAG], { name, version });
      if (versions !== undefined) await this.setLoggedModelTags(modelId, { [MODEL_VERSIONS_TAG]: versions });
    } catch (error) {
      if (!(error instanceof MlflowError) || error.errorCode !== 'RESOURCE_DOES_NOT_EXIST') throw error;
    }
  }
}

/** The tag with one more version; undefined where a server has noted it already, with a number for the text. */
function withVersion(tag: string | undefined, added: Pick<ModelVersion, 'name' | 'version'>): string | undefined {
  const parsed: unknown = JSON.parse(tag ?? '[]');
  const known = Array.isArray(parsed) ? (parsed as readonly Partial<Record<string, unknown>>[]) : [];
  const isThere = known.some((each) => each['name'] === added.name && String(each['version']) === added.version);
  return isThere ? undefined : toPythonJson([...known, added]);
}

function under(uri: string, path: string): string {
  return path === '' ? uri : appendToUri(uri, path);
}
