// Artifacts in a folder of this machine, laid out as MLflow's own local repository has them.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { MlflowError, mlflowError, RunspanError } from '../../errors.ts';
import type { FileInfo } from '../../model/entities.ts';
import type { ArtifactRepository } from '../contract.ts';
import { assertArtifactPath, invalidPath } from '../paths.ts';
import { readableSize } from '../transfer/source-file.ts';
import { isError } from '../../model/any-realm.ts';

/** A file on its way; a crash may leave one behind, and it is never listed. */
const TEMPORARY = /^\.runspan-[0-9a-f]{16}\.tmp$/;

/** What says that this one path cannot be: a file where a folder is needed or the reverse, a name too long. */
const UNFIT_PATH = new Set(['EEXIST', 'EISDIR', 'ENAMETOOLONG', 'ENOTDIR', 'ENOTEMPTY']);

/** What another try cannot mend: the place is wrong or forbidden. */
const DEFINITE = new Set(['EACCES', 'EPERM', 'EROFS', 'ELOOP']);

/**
 * Opens the artifacts in a folder, which is made when the first file comes.
 *
 * @param root absolute
 * @example
 * const artifacts = openLocalArtifacts(run.info.artifactUri);
 * await artifacts.putFile('model/weights.bin', '/tmp/weights.bin');
 */
export function openLocalArtifacts(root: string): ArtifactRepository {
  return new LocalArtifacts(resolve(root));
}

class LocalArtifacts implements ArtifactRepository {
  readonly uri: string;
  readonly supports = { delete: true } as const;
  readonly #root: string;

  constructor(root: string) {
    this.uri = root;
    this.#root = root;
  }

  async putFile(path: string, sourceFile: string): Promise<void> {
    const target = join(this.#root, assertArtifactPath(path));
    await this.#assertInside(dirname(target), path);
    await readableSize(sourceFile);
    await this.#touching(path, async () => {
      await mkdir(dirname(target), { recursive: true });
      await copyWhole(sourceFile, target);
    });
  }

  async list(path?: string): Promise<readonly FileInfo[]> {
    const folder = path === undefined || path === '' ? '' : assertArtifactPath(path);
    await this.#assertInside(join(this.#root, folder), folder);
    return this.#touching(folder, async () => {
      const names = (await namesIn(join(this.#root, folder))).filter((name) => !TEMPORARY.test(name));
      const found = await Promise.all(names.map((name) => this.#describe(folder === '' ? name : `${folder}/${name}`)));
      return found.filter((file) => file !== undefined).sort((a, b) => (a.path < b.path ? -1 : 1));
    });
  }

  async getFile(path: string, targetFile: string): Promise<void> {
    await this.#reading(path, (source) => copyWhole(source, targetFile));
  }

  async readFile(path: string): Promise<Uint8Array> {
    return this.#reading(path, (source) => readFile(source));
  }

  async delete(path?: string): Promise<void> {
    const name = path === undefined || path === '' ? '' : assertArtifactPath(path);
    const target = join(this.#root, name);
    // a link is removed, not what it leads to; only the folders on the way to it must be inside
    if (name !== '') await this.#assertInside(dirname(target), name);
    await this.#touching(name, () => rm(target, { recursive: true, force: true }));
  }

  async close(): Promise<void> {
    // a folder holds nothing open
  }

  /** Hands on the absolute path of a file that is there. */
  async #reading<T>(path: string, read: (source: string) => Promise<T>): Promise<T> {
    const source = join(this.#root, assertArtifactPath(path));
    await this.#assertInside(source, path);
    return this.#touching(path, async () => {
      const found = await stat(source).catch(undefinedIfMissing);
      if (found === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No such artifact: '${path}'`);
      if (found.isDirectory()) {
        throw mlflowError('INVALID_PARAMETER_VALUE', `Cannot download '${path}': it is a folder. List it instead.`);
      }
      return await read(source);
    });
  }

  /** Refuses what a link leads out of the root, judged by the deepest part that exists, so that nothing is made outside. */
  async #assertInside(target: string, path: string): Promise<void> {
    const root = await realpath(this.#root).catch(undefinedIfMissing);
    if (root === undefined) return; // the root itself is still to be made, so there is no link in it
    let existing = target;
    let real = await realpath(existing).catch(undefinedIfMissing);
    while (real === undefined && existing !== this.#root) {
      existing = dirname(existing);
      real = await realpath(existing).catch(undefinedIfMissing);
    }
    const way = relative(root, real ?? root);
    if (way === '..' || way.startsWith(`..${sep}`)) throw invalidPath(path, 'a link in it leads out of the root');
  }

  async #describe(path: string): Promise<FileInfo | undefined> {
    const file = join(this.#root, path);
    const isOutside = await this.#assertInside(file, path).then(
      () => false,
      (error: unknown) => error instanceof RunspanError && error.code === 'INVALID_PATH',
    );
    const found = isOutside ? undefined : await stat(file).catch(undefinedIfMissing);
    if (found === undefined) return undefined; // gone since the folder was read, or a link to nowhere or out of the root
    return { path, isDir: found.isDirectory(), fileSize: found.isDirectory() ? undefined : found.size };
  }

  async #touching<T>(path: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (error instanceof RunspanError) throw error;
      throw fileError(error, join(this.#root, path));
    }
  }
}

/** Copies under another name first, as a clone where the file system can, so that no half file ever has the right name. */
async function copyWhole(source: string, target: string): Promise<void> {
  const temporary = join(dirname(target), `.runspan-${randomBytes(8).toString('hex')}.tmp`);
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []; // no folder: nothing in it, as MLflow answers
    throw error;
  }
}

function fileError(error: unknown, file: string): MlflowError {
  const isUnfit = UNFIT_PATH.has(codeOf(error) ?? '');
  const isDefinite = isUnfit || DEFINITE.has(codeOf(error) ?? '');
  const message = `Cannot use '${file}' ${isDefinite ? '' : 'now'}: ${reasonOf(error)}`.replace(' :', ':');
  if (isUnfit) return mlflowError('INVALID_PARAMETER_VALUE', message, error);
  if (!isDefinite) return mlflowError('TEMPORARILY_UNAVAILABLE', message, error);
  return new MlflowError(message, { errorCode: 'PERMISSION_DENIED', status: 403, isRetryable: false, cause: error });
}

/** Turns "there is none" into undefined; anything else stays an error. */
function undefinedIfMissing(error: unknown): undefined {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function reasonOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
