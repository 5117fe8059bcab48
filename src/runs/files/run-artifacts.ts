// A run's files: texts and objects at once, files of the job's own by way of the spool.
import { basename, posix } from 'node:path';
import { findFiles, type SourceFile } from '../../artifacts/repositories/folders.ts';
import { inParallel } from '../../artifacts/transfer/parallel.ts';
import { assertArtifactPath } from '../../artifacts/paths.ts';
import { serializeDict } from '../../artifacts/content/serialize.ts';
import { isPartial, mendText, toJsonValue } from '../../model/mend-text.ts';
import { settlesWithin } from '../../otel/deadline.ts';
import { describeError } from '../../otel/error-type.ts';
import type { Outbox } from '../../outbox/contract.ts';
import type { RunIntake } from '../intake/run-intake.ts';

/** What {@link RunArtifacts} stands on. */
export interface RunArtifactsOptions {
  readonly runKey: string;
  readonly intake: RunIntake;
  readonly outbox: Pick<Outbox, 'spoolFile'>;
}

/** Files of one folder that are copied at once. */
const SPOOLED_AT_ONCE = 8;

/** The most values of one object that is kept as a file. */
const MAX_DICT_VALUE_COUNT = 10_000_000;

/** The artifacts of one run; whatever is given, nothing is thrown but where strict. */
export class RunArtifacts {
  readonly #options: RunArtifactsOptions;
  readonly #spooling = new Set<Promise<void>>();

  constructor(options: RunArtifactsOptions) {
    this.#options = options;
  }

  /** Keeps a text; what is none is kept as its text. */
  keepText(text: unknown, artifactFile: unknown): void {
    this.#keep(artifactFile, () => this.#toBytes(text));
  }

  /** Keeps an object as JSON or YAML, as the file's name says. */
  keepDict(dictionary: unknown, artifactFile: unknown): void {
    this.#keep(artifactFile, (path) => {
      if (dictionary === undefined) throw new TypeError('there is nothing to keep: it is undefined');
      const text = serializeDict(toJsonValue(dictionary, MAX_DICT_VALUE_COUNT), path);
      if (isPartial(text)) this.#options.intake.mend('partial', `A part of '${path}' cannot be said in JSON.`);
      return Buffer.from(text);
    });
  }

  /** Keeps a file, under a folder where given; resolves once it is spooled. */
  keepFile(localPath: unknown, artifactPath: unknown): Promise<void> {
    return this.#track(this.#spool(localPath, artifactPath));
  }

  /** Keeps what is in a folder, file by file; resolves once all of it is spooled. */
  keepFolder(localDir: unknown, artifactPath: unknown): Promise<void> {
    return this.#track(this.#spoolFolder(localDir, artifactPath));
  }

  /** Waits for the files that are still being spooled. */
  async settle(timeoutMs: number): Promise<void> {
    if (this.#spooling.size > 0) await settlesWithin(Promise.all(this.#spooling), timeoutMs);
  }

  /** The run's end waits for it. */
  #track(spooling: Promise<void>): Promise<void> {
    const settled = spooling.catch(() => undefined).finally(() => this.#spooling.delete(settled));
    this.#spooling.add(settled);
    return spooling;
  }

  async #spoolFolder(localDir: unknown, artifactPath: unknown): Promise<void> {
    const { intake } = this.#options;
    const refused: (readonly [string, unknown])[] = [];
    let files: readonly SourceFile[];
    try {
      if (typeof localDir !== 'string') throw new TypeError('the path of a folder is a text');
      const path = artifactPath === undefined || artifactPath === null ? '' : artifactPath;
      const root = path === '' ? '' : assertArtifactPath(path as string);
      files = await findFiles(localDir, root, (...each) => refused.push(each));
    } catch (error) {
      const message = `Folder '${say(localDir)}' was not kept: ${describeError(error).message}`;
      intake.refuse('artifact', message, error);
      return;
    }
    // One bad name costs its own file, not the folder.
    for (const [file, error] of refused)
      intake.refuse('artifact', `File '${file}' was not kept: ${describeError(error).message}`, error);
    await inParallel(files, SPOOLED_AT_ONCE, (source) => this.keepFile(source.file, posix.dirname(source.path)));
  }

  #toBytes(text: unknown): Uint8Array {
    const { intake } = this.#options;
    if (typeof text === 'string') {
      if (/\p{Cs}/u.test(text))
        intake.mend('text', 'A text has half of a surrogate pair, which UTF-8 cannot say: it became U+FFFD.');
      return Buffer.from(text);
    }
    if (text === undefined || text === null) throw new TypeError(`there is nothing to keep: it is ${String(text)}`);
    const isBytes = text instanceof Uint8Array;
    intake.mend(
      'text',
      `logText was given ${isBytes ? 'bytes, which were kept as they are' : `a ${typeof text}, which was kept as its text`}.`,
    );
    return isBytes ? text : Buffer.from(mendText(text) ?? '');
  }

  #keep(artifactFile: unknown, write: (path: string) => Uint8Array): void {
    const { intake } = this.#options;
    let kept: { readonly path: string; readonly bytes: Uint8Array };
    try {
      // It says itself what is no path.
      const path = assertArtifactPath(artifactFile as string);
      kept = { path, bytes: write(path) };
    } catch (error) {
      intake.refuse('artifact', `Artifact '${say(artifactFile)}' was not kept: ${describeError(error).message}`, error);
      return;
    }
    intake.acceptBytes(kept.path, kept.bytes);
  }

  async #spool(localPath: unknown, artifactPath: unknown): Promise<void> {
    const { intake, outbox, runKey } = this.#options;
    try {
      if (typeof localPath !== 'string') throw new TypeError('the path of a file is a text');
      if (artifactPath !== undefined && artifactPath !== null && typeof artifactPath !== 'string')
        throw new TypeError('the folder of an artifact is a text');
      const path = assertArtifactPath(posix.join(artifactPath ?? '', basename(localPath)));
      const source = await outbox.spoolFile(localPath);
      intake.acceptWrite({ kind: 'artifact', runKey, path, source });
    } catch (error) {
      intake.refuse('artifact', `File '${say(localPath)}' was not kept: ${describeError(error).message}`, error);
    }
  }
}

function say(given: unknown): string {
  return mendText(given) ?? 'undefined';
}
