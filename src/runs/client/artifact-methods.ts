// Artifacts of MlflowClient: files, folders, texts, objects, images, tables and figures of a run, sent at once and waited for.
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, posix } from 'node:path';
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { encodeFigure, type FigureInput } from '../../artifacts/content/figure.ts';
import { getFolder, putFolder } from '../../artifacts/repositories/folders.ts';
import { encodeImage, encodeImageFor, type ImageInput } from '../../artifacts/content/image.ts';
import { imagePaths, tableImagePaths } from '../../artifacts/content/image-names.ts';
import { serializeDict } from '../../artifacts/content/serialize.ts';
import {
  addTableToTag,
  checkTableName,
  concatTables,
  parseTable,
  rowsOf,
  serializeTable,
  takeImages,
  toTable,
  type Table,
  type TableInput,
} from '../../artifacts/content/table.ts';
import { withTemporaryFile, type ByteInput } from '../../artifacts/transfer/temporary-file.ts';
import { mlflowError, RunspanError } from '../../errors.ts';
import type { FileInfo, RunEntity } from '../../model/entities.ts';
import { toJsonValue } from '../../model/mend-text.ts';
import { checkImageOptions, type ImageOptions } from '../image-options.ts';
import { DatasetMethods } from './dataset-methods.ts';

/** The most values of one object that is kept as a file. */
const MAX_DICT_VALUE_COUNT = 10_000_000;

const TAG_TABLES = 'mlflow.loggedArtifacts';
const TAG_IMAGES = 'mlflow.loggedImages';

/** The methods of the client for a run's files. */
export abstract class ArtifactMethods extends DatasetMethods {
  /** Lists one folder of a run's files; the root where none is given. */
  async listArtifacts(runId: string, options: { readonly path?: string } = {}): Promise<readonly FileInfo[]> {
    return this.#with(runId, (repository) => repository.list(options.path));
  }

  /**
   * Downloads a file, or a folder with all that is in it; `''` is all of them.
   *
   * @param options `dstPath` is a folder that exists; without it a temporary one is made
   * @returns where the file or folder is now: under its own name in that folder, as in Python
   */
  async downloadArtifacts(runId: string, path: string, options: { readonly dstPath?: string } = {}): Promise<string> {
    const { dstPath } = options;
    if (dstPath !== undefined) await mustBeFolder(dstPath);
    return this.#with(runId, async (repository) => {
      const targetFolder = dstPath ?? (await mkdtemp(join(tmpdir(), 'mlflow-artifacts-')));
      return getFolder(repository, path, { targetFolder, isFlat: true });
    });
  }

  /** Uploads a file under its own name, or a folder with its name, below folder `artifactPath` where given. */
  async logArtifact(runId: string, localPath: string, options: { readonly artifactPath?: string } = {}): Promise<void> {
    const path = posix.join(options.artifactPath ?? '', basename(localPath));
    const isFolder = await stat(localPath).then(
      (found) => found.isDirectory(),
      () => false, // the upload says that it cannot be read
    );
    await this.#with(runId, async (repository) => {
      if (isFolder) await putFolder(repository, localPath, { path });
      else await repository.putFile(path, localPath);
    });
  }

  /** Uploads what is in a folder, eight files at once, below folder `artifactPath` where given. */
  async logArtifacts(runId: string, localDir: string, options: { readonly artifactPath?: string } = {}): Promise<void> {
    const path = options.artifactPath ?? '';
    await this.#with(runId, async (repository) => void (await putFolder(repository, localDir, { path })));
  }

  /** Lists one folder of a logged model's files; the root where none is given. */
  async listLoggedModelArtifacts(
    modelId: string,
    options: { readonly path?: string } = {},
  ): Promise<readonly FileInfo[]> {
    const { artifactUri } = await this.getLoggedModel(modelId);
    return this.#use(artifactUri, (repository) => repository.list(options.path));
  }

  /** Uploads a file into a logged model's folder, below `artifactPath` where given. */
  async logModelArtifact(
    modelId: string,
    localPath: string,
    options: { readonly artifactPath?: string } = {},
  ): Promise<void> {
    const path = posix.join(options.artifactPath ?? '', basename(localPath));
    const { artifactUri } = await this.getLoggedModel(modelId);
    await this.#use(artifactUri, (repository) => repository.putFile(path, localPath));
  }

  /** Uploads what is in a folder into a logged model's folder, below `artifactPath` where given. */
  async logModelArtifacts(
    modelId: string,
    localDir: string,
    options: { readonly artifactPath?: string } = {},
  ): Promise<void> {
    const { artifactUri } = await this.getLoggedModel(modelId);
    const path = options.artifactPath ?? '';
    await this.#use(artifactUri, async (repository) => void (await putFolder(repository, localDir, { path })));
  }

  /** Writes a text as a file. */
  async logText(runId: string, text: string, artifactFile: string): Promise<void> {
    if (typeof text !== 'string') throw invalid(`A text is a string, not ${typeof text}.`);
    await this.#put(runId, artifactFile, Buffer.from(text));
  }

  /** Writes an object as YAML where the name ends in `.yaml` or `.yml`, else as JSON. */
  async logDict(runId: string, dictionary: unknown, artifactFile: string): Promise<void> {
    const text = serializeDict(toJsonValue(dictionary, MAX_DICT_VALUE_COUNT), artifactFile);
    await this.#put(runId, artifactFile, Buffer.from(text));
  }

  /** Writes what a stream brings; never more than a piece of it is in memory. */
  async logStream(runId: string, stream: ByteInput, artifactFile: string): Promise<void> {
    await this.#put(runId, artifactFile, stream);
  }

  /**
   * Keeps an image, a PNG's bytes or pixels: under a name (`.png`, `.webp`; the bytes of another format as they are), or as one of a row of
   * steps that MLflow's page shows with a slider, with a small WebP beside it.
   */
  async logImage(runId: string, image: ImageInput, options: ImageOptions): Promise<void> {
    checkImageOptions(options);
    if (options.artifactFile !== undefined) {
      return this.#put(runId, options.artifactFile, encodeImageFor(options.artifactFile, image));
    }
    const { key, step = 0, timestampMs = this.now() } = options;
    const paths = imagePaths({ key, step, timestampMs });
    const { png, webp } = encodeImage(image);
    await this.#with(runId, async (repository) => {
      await putBytes(repository, paths.png, png);
      await putBytes(repository, paths.webp, webp);
    });
    await this.setTag(runId, TAG_IMAGES, 'True');
  }

  /** Keeps a figure: the text of an SVG, a picture's bytes, or Plotly's or Vega-Lite's JSON as `.html` or `.json`. */
  async logFigure(runId: string, figure: FigureInput, artifactFile: string): Promise<void> {
    await this.#put(runId, artifactFile, encodeFigure(figure, artifactFile));
  }

  /** Keeps a table as `.json`, after the rows that the file has already; MLflow's page compares it over runs. */
  async logTable(runId: string, data: TableInput, artifactFile: string): Promise<void> {
    const name = checkTableName(artifactFile);
    const { table, images } = takeImages(toTable(data), () => tableImagePaths(name));
    const run = await this.getRun(runId);
    await this.#use(run.info.artifactUri, async (repository) => {
      for (const { image, paths } of images) {
        const { png, webp } = encodeImage(image);
        await putBytes(repository, paths.png, png);
        await putBytes(repository, paths.webp, webp);
      }
      const before = await readTable(repository, name);
      const whole = before === undefined ? table : concatTables(before, table);
      await putBytes(repository, name, Buffer.from(serializeTable(whole)));
    });
    const tag = addTableToTag(run.data.tags[TAG_TABLES], name);
    if (tag !== undefined) await this.setTag(runId, TAG_TABLES, tag);
  }

  /**
   * Reads a table of several runs, one row an object, one run after the other.
   *
   * @param options `runIds`: all runs of the experiment that have it, where not given. `extraColumns`: what of a run each row is to have,
   *   such as `run_id`, `status` or `params.lr`; with `_` behind where the table has such a column
   */
  async loadTable(
    experimentId: string,
    artifactFile: string,
    options: { readonly runIds?: readonly string[]; readonly extraColumns?: readonly string[] } = {},
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const name = checkTableName(artifactFile);
    const { runIds = [], extraColumns = [] } = options;
    const ofRuns = runIds.map((id) => `'${id.replaceAll("'", '')}'`).join(',');
    const filterString =
      `tags.${TAG_TABLES} LIKE '%"path"%:%"${name}",%"type"%:%"table"%'` +
      (ofRuns === '' ? '' : ` AND attributes.run_id IN (${ofRuns})`);
    const rows: Record<string, unknown>[] = [];
    let count = 0;
    for await (const run of this.searchRuns([experimentId], { filterString })) {
      count += 1;
      const table = await this.#use(run.info.artifactUri, (repository) => readTable(repository, name));
      if (table === undefined) throw notFound(`Artifact ${name} not found for run ${run.info.runId}.`);
      const extra = extraColumns.map((column) => [withoutClash(table, column), columnOf(run, column)] as const);
      for (const row of rowsOf(table)) rows.push({ ...row, ...Object.fromEntries(extra) });
    }
    if (count === 0) throw notFound('No runs found with the corresponding table artifact.');
    return rows;
  }

  async #put(runId: string, artifactFile: string, bytes: ByteInput): Promise<void> {
    await this.#with(runId, (repository) => putBytes(repository, artifactFile, bytes));
  }

  /** Behind what is already accepted: where the run's files are is asked by way of the journal. */
  async #with<T>(runId: string, use: (repository: ArtifactRepository) => Promise<T>): Promise<T> {
    return this.#use((await this.getRun(runId)).info.artifactUri, use);
  }

  async #use<T>(artifactUri: string, use: (repository: ArtifactRepository) => Promise<T>): Promise<T> {
    const repository = await this.openArtifacts(artifactUri);
    try {
      return await use(repository);
    } finally {
      await repository.close();
    }
  }
}

async function putBytes(repository: ArtifactRepository, path: string, bytes: ByteInput): Promise<void> {
  await withTemporaryFile(bytes, (file) => repository.putFile(path, file));
}

async function readTable(repository: ArtifactRepository, name: string): Promise<Table | undefined> {
  const folder = posix.dirname(name);
  const siblings = await repository.list(folder === '.' ? undefined : folder);
  if (!siblings.some((file) => file.path === name && !file.isDir)) return undefined;
  return parseTable(Buffer.from(await repository.readFile(name)).toString('utf8'), name);
}

async function mustBeFolder(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false, // it is not there
  );
  if (!isFolder) throw invalid(`Cannot download to '${path}': it is no folder that exists.`);
}

function withoutClash(table: Table, column: string): string {
  return table.columns.includes(column) ? `${column}_` : column;
}

/** A column of Python's search_runs. */
function columnOf(run: RunEntity, column: string): unknown {
  const { info, data } = run;
  const [, kind, key = ''] = /^(metrics|params|tags)\.(.*)$/s.exec(column) ?? [];
  if (kind === 'metrics') return data.metrics[key] ?? null;
  if (kind === 'params') return data.params[key] ?? null;
  if (kind === 'tags') return data.tags[key] ?? null;
  const known: Readonly<Record<string, unknown>> = {
    run_id: info.runId,
    experiment_id: info.experimentId,
    status: info.status,
    artifact_uri: info.artifactUri,
    start_time: info.startTimeMs,
    end_time: info.endTimeMs,
  };
  if (column in known) return known[column] ?? null;
  throw invalid(`Runs have no column '${column}': give run_id, status, params.… and the like.`);
}

function invalid(message: string): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', message);
}

function notFound(message: string): Error {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', message);
}
