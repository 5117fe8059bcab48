// How MLflow names the images of a step, which is how its page finds them.
import { randomUUID } from 'node:crypto';
import { RunspanError } from '../../errors.ts';

/** Which image it is. */
export interface ImageKey {
  /** Letters, digits, `_`, `-`, `.`, space and `/`. */
  readonly key: string;
  readonly step: number;
  readonly timestampMs: number;
}

/** Where an image and its small copy go. */
export interface ImagePaths {
  readonly png: string;
  readonly webp: string;
}

/**
 * Names an image: `images/<key>+step+<n>+timestamp+<ms>+<uuid>.png`, `/` as `~` (mlflow/tracking/client.py, log_image).
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for another character, or a step that is not whole
 */
export function imagePaths({ key, step, timestampMs }: ImageKey): ImagePaths {
  if (typeof key !== 'string' || !/^[a-zA-Z0-9_\-./ ]+$/.test(key)) {
    const message = `The key of an image may have letters, digits, '_', '-', '.', ' ' and '/', not '${String(key)}'.`;
    throw new RunspanError('INVALID_ARGUMENT', message);
  }
  if (!Number.isSafeInteger(step) || !Number.isSafeInteger(timestampMs)) {
    throw new RunspanError('INVALID_ARGUMENT', `An image has a whole step and time, not ${step} and ${timestampMs}.`);
  }
  const name = `images/${key.replaceAll('/', '~')}+step+${step}+timestamp+${timestampMs}+${randomUUID()}`;
  return { png: `${name}.png`, webp: `${name}+compressed.webp` };
}

/** Names an image in a table, by the table's own name. */
export function tableImagePaths(artifactFile: string): ImagePaths {
  const name = `table_images/${artifactFile.replace(/\.[^./]*$/, '')}/${randomUUID()}`;
  return { png: `${name}.png`, webp: `${name}.webp` };
}
