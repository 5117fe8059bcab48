// Why a run did not finish, on the run itself: message and stack as tags, the stack whole as an artifact. Its type is a tag by the mirror rule.
import type { RunStatus } from '../../model/entities.ts';
import { mendTagValue } from '../../model/mend.ts';
import { END_REASON_TAG } from '../../model/write.ts';
import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE } from '../../otel/attribute-names.ts';
import type { RunSpan } from '../../otel/run/run-span.ts';
import type { RunIntake } from './run-intake.ts';

/** Where the whole of it lies among the run's artifacts. */
const ERROR_FILE = 'runspan/error.txt';

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
    if (reason !== '') intake.acceptTags({ [END_REASON_TAG]: mendTagValue(reason).value });
    return;
  }
  const { type, message, stack = '' } = error;
  // Cut here, where the whole is in the artifact: nothing of the user's is mended by it.
  intake.acceptTags({
    [ATTR_EXCEPTION_MESSAGE]: mendTagValue(message).value,
    ...(stack === '' ? {} : { [ATTR_EXCEPTION_STACKTRACE]: mendTagValue(stack).value }),
  });
  const head = `${type}: ${message}`;
  intake.acceptBytes(ERROR_FILE, Buffer.from(`${stack.includes(message) ? stack : [head, stack].join('\n').trim()}\n`));
}
