// The errors of a configuration: which file and line, which path, why, and the mend; never a value of it.
import { RunspanError } from '../../errors.ts';
import { formatPath } from './config-values.ts';
import type { KeyPath } from './config-values.ts';
import { placeOf } from './places.ts';
import type { Place } from './places.ts';
import { isError } from '../../model/any-realm.ts';

/** What is wrong, and how it is mended: two sentences without a value of the configuration. */
export interface Fault {
  readonly reason: string;
  readonly mend: string;
  readonly path?: KeyPath;
  readonly place?: Place | undefined;
  readonly cause?: unknown;
}

/**
 * Returns the error of a configuration.
 *
 * @example
 * throw configError({ path: ['a', 'b'], reason: 'it is nested too deep', mend: 'Flatten it.' });
 */
export function configError({ reason, mend, path, place, cause }: Fault): RunspanError {
  const dotted = path === undefined ? undefined : formatPath(path);
  const subject = place === undefined ? 'the configuration' : `'${describePlace(place)}'`;
  const at = dotted === undefined || dotted === '' ? '' : ` at '${dotted}'`;
  const details: Record<string, unknown> = {};
  if (place !== undefined) Object.assign(details, place);
  if (dotted !== undefined) details['path'] = dotted;
  return new RunspanError('INVALID_CONFIG', `Cannot use ${subject}${at}: ${reason}. ${mend}`, { cause, details });
}

/** Returns the error for the value under a key, with the place it was read from. */
export function valueError(container: object, path: KeyPath, fault: Pick<Fault, 'reason' | 'mend'>): RunspanError {
  const key = path.at(-1);
  return configError({ ...fault, path, place: key === undefined ? undefined : placeOf(container, key) });
}

/** Refuses options that there are not: a misspelt one would change nothing, and nobody would hear of it. */
export function requireOptions(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw configError({ reason: `there is no option '${unknown}'`, mend: `Use ${known.join(', ')}.` });
}

/** Runs what may meet anything a caller hands in, so that whatever it throws is an error of ours. */
export function asConfigError<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof RunspanError) throw error;
    const isStack = error instanceof RangeError;
    const kind = isError(error) ? error.name : typeof error;
    // The error itself does not go on: a parser's or a schema's may quote a secret.
    throw configError({
      reason: isStack ? 'it is too large or nested too deep' : `it cannot be read (${kind})`,
      mend: isStack ? 'Flatten it.' : 'Hand in plain data.',
    });
  }
}

function describePlace({ file, line, column }: Place): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}
