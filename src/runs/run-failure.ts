// Why a run did not finish, on the run itself: message and stack as tags, the stack whole as an artifact. Its type is a tag by the mirror rule.
import type { RunStatus } from '../model/entities.ts';
import { MAX_TAG_VALUE_LENGTH, takeCodePoints } from '../model/limits.ts';
import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE } from '../otel/attribute-names.ts';
import type { RunSpan } from '../otel/run-span.ts';
import type { RunIntake } from './run-intake.ts';

/** Where the whole of it lies among the run's artifacts. */
const ERROR_FILE = 'runspan/error.txt';
/** The tag that says why a run ended where nothing was thrown; the reaper's has the same name. */
const END_REASON_TAG = 'runspan.end_reason';

/** Keeps what the run's span says of a failure, which is masked already; nothing of a run that finished. */
export function keepFailure(
  status: RunStatus,
  span: Pick<RunSpan, 'error' | 'status'>,
  intake: Pick<RunIntake, 'acceptTags' | 'acceptBytes'>,
): void {
  if (status === 'FINISHED') return;
  const { error } = span;
  if (error === undefined) {
    const reason = span.status.message ?? '';
    if (reason !== '') intake.acceptTags({ [END_REASON_TAG]: cut(reason) });
    return;
  }
  const { type, message, stack = '' } = error;
  intake.acceptTags({
    [ATTR_EXCEPTION_MESSAGE]: cut(message),
    ...(stack === '' ? {} : { [ATTR_EXCEPTION_STACKTRACE]: cut(stack) }),
  });
  const head = `${type}: ${message}`;
  intake.acceptBytes(ERROR_FILE, Buffer.from(`${stack.includes(message) ? stack : [head, stack].join('\n').trim()}\n`));
}

/** The whole is in the artifact. */
function cut(text: string): string {
  return text.length <= MAX_TAG_VALUE_LENGTH ? text : `${takeCodePoints(text, MAX_TAG_VALUE_LENGTH - 1)}…`;
}
