// Errors of this realm and of others, and what only looks like one.
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { RunspanError } from '../../src/errors.ts';
import { isError } from '../../src/model/any-realm.ts';

/** As errors were made before classes. */
function OldError(): void {
  // Its prototype is what makes it one.
}
OldError.prototype = Object.create(Error.prototype) as object;

it.each([
  ['an error', new RangeError('high')],
  ['one of a class of ours', new RunspanError('OUTBOX_FULL', 'full')],
  ['one of another realm', runInNewContext('new TypeError("none")')],
  ['an abort', new DOMException('over', 'AbortError')],
  ['one without a stack of its own', Reflect.construct(OldError, [])],
])('knows %s', (_, value) => expect(isError(value)).toBe(true));

it.each([[undefined], [null], ['Error'], [{ name: 'Error', message: 'high', stack: '' }], [runInNewContext('({})')]])(
  'is not taken in by %j',
  (value) => expect(isError(value)).toBe(false),
);
