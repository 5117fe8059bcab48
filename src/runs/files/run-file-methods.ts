// The methods of an open run that keep files: each hands on to what makes the file and to the spool.
import type { FigureInput } from '../../artifacts/content/figure.ts';
import type { ImageInput } from '../../artifacts/content/image.ts';
import type { TableInput } from '../../artifacts/content/table.ts';
import type { ImageOptions } from '../image-options.ts';
import { RunArtifacts, type RunArtifactsOptions } from './run-artifacts.ts';
import { RunMedia } from './run-media.ts';

/** What a run's files stand on. */
export interface RunFileOptions extends RunArtifactsOptions {
  readonly now: () => number;
}

/** A run's files, by the names of MLflow's own functions. */
export abstract class RunFileMethods {
  readonly #artifacts: RunArtifacts;
  readonly #media: RunMedia;

  constructor(options: RunFileOptions) {
    this.#artifacts = new RunArtifacts(options);
    this.#media = new RunMedia(options);
  }

  logText(text: string, artifactFile: string): void {
    this.#artifacts.keepText(text, artifactFile);
  }

  logDict(dictionary: unknown, artifactFile: string): void {
    this.#artifacts.keepDict(dictionary, artifactFile);
  }

  logArtifact(localPath: string, artifactPath?: string): Promise<void> {
    return this.#artifacts.keepFile(localPath, artifactPath);
  }

  logArtifacts(localDir: string, artifactPath?: string): Promise<void> {
    return this.#artifacts.keepFolder(localDir, artifactPath);
  }

  logImage(image: ImageInput, options: ImageOptions): void {
    this.#media.keepImage(image, options);
  }

  logTable(data: TableInput, artifactFile: string): void {
    this.#media.keepTable(data, artifactFile);
  }

  logFigure(figure: FigureInput, artifactFile: string): void {
    this.#media.keepFigure(figure, artifactFile);
  }

  /** Waits for the files that are still being spooled. */
  protected settleFiles(timeoutMs: number): Promise<void> {
    return this.#artifacts.settle(timeoutMs);
  }
}
