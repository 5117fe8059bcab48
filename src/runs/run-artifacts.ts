// The files of a run: texts kept in this turn, files spooled beside it, and the wait for the latter at the run's end.
import { basename, posix } from 'node:path';
import { assertArtifactPath } from '../artifacts/paths.ts';
import { settlesWithin } from '../otel/deadline.ts';
import { describeError } from '../otel/error-type.ts';
import type { Outbox } from '../outbox/contract.ts';
import type { RunIntake } from './run-intake.ts';

/** What {@link RunArtifacts} stands on. */
export interface RunArtifactsOptions {
  readonly runKey: string;
  readonly intake: RunIntake;
  readonly outbox: Pick<Outbox, 'spoolFile'>;
}

/** Keeps the files of one run; whatever cannot be kept is refused and counted. */
export class RunArtifacts {
  readonly #options: RunArtifactsOptions;
  readonly #spooling = new Set<Promise<void>>();

  constructor(options: RunArtifactsOptions) {
    this.#options = options;
  }

  /** Keeps what `write` returns as the file of this name. */
  keepText(artifactFile: string, write: () => string): void {
    const { intake } = this.#options;
    try {
      intake.acceptBytes(assertArtifactPath(artifactFile), Buffer.from(write()));
    } catch (error) {
      intake.refuse('artifact', `Artifact '${String(artifactFile)}' was not kept: ${describeError(error).message}`);
    }
  }

  /** Keeps a file of the user's under its own name, in a folder where one is given. */
  keepFile(localPath: string, artifactPath: string | undefined): Promise<void> {
    const spooling = this.#spool(localPath, artifactPath);
    const settled = spooling.catch(() => undefined).finally(() => this.#spooling.delete(settled));
    this.#spooling.add(settled);
    return spooling;
  }

  /** Whether files are being spooled. */
  get isSpooling(): boolean {
    return this.#spooling.size > 0;
  }

  /** Waits for the files that are being spooled, but no longer than this. */
  async whenSpooled(timeoutMs: number): Promise<void> {
    await settlesWithin(Promise.all(this.#spooling), timeoutMs);
  }

  async #spool(localPath: string, artifactPath: string | undefined): Promise<void> {
    const { intake, outbox, runKey } = this.#options;
    try {
      const path = assertArtifactPath(posix.join(artifactPath ?? '', basename(localPath)));
      const source = await outbox.spoolFile(localPath);
      intake.acceptWrite({ kind: 'artifact', runKey, path, source });
    } catch (error) {
      intake.refuse('artifact', `File '${String(localPath)}' was not kept: ${describeError(error).message}`);
    }
  }
}
