// An alert as one line on stdout or stderr, written in the turn it is raised: it also works while the process ends.
import { writeSync } from 'node:fs';

/** The streams of a process that a line may go to. */
export const STDOUT = 1;
export const STDERR = 2;
/** How long a full pipe is waited for; a reader that is slower than this must not hold up the job. */
const MAX_WAIT_MS = 200;
const WAIT_STEP_MS = 2;

/**
 * Writes a text to a stream, whole and synchronously; never throws. A pipe that stays full for 200 ms and a reader that has gone
 * lose what is left: there is nobody to tell.
 *
 * @returns whether all of it was written
 */
export function writeNow(text: string, fd: number): boolean {
  const bytes = Buffer.from(text);
  const deadlineMs = performance.now() + MAX_WAIT_MS;
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN'; // fs throws nothing else
      if (!isFull || performance.now() >= deadlineMs) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_STEP_MS);
    }
  }
  return true;
}
