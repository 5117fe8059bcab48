// Which image of a run it is that is logged.
import { RunspanError } from '../errors.ts';

/** A file of its own name, or one of a row of steps. */
export type ImageOptions =
  | {
      /** Such as `plots/first.png`; `.png` or `.webp`, the bytes of another format under any name. */
      readonly artifactFile: string;
      readonly key?: never;
      readonly step?: never;
      readonly timestampMs?: never;
    }
  | {
      /** What the row is called: letters, digits, `_`, `-`, `.`, space and `/`. */
      readonly key: string;
      /** An integer. @default 0 */
      readonly step?: number;
      /** Milliseconds since the epoch. @default the time of the call */
      readonly timestampMs?: number;
      readonly artifactFile?: never;
    };

/**
 * Checks that it is exactly one of the two, as Python does.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT`
 */
export function checkImageOptions(options: ImageOptions): ImageOptions {
  const { artifactFile, key, step, timestampMs } = (options ?? {}) as ImageOptions;
  const isOfStep = key !== undefined || step !== undefined || timestampMs !== undefined;
  if (artifactFile !== undefined && isOfStep)
    throw invalid('an image has an artifactFile, or a key with its step, not both');
  if (artifactFile === undefined && key === undefined) throw invalid('an image has an artifactFile or a key');
  return options;
}

function invalid(message: string): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', `Cannot log an image: ${message}.`);
}
