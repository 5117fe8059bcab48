// The table of ways out: what `way-out.mjs` does, and how its run, its span, its exit code and its alert come out.

/** One row. */
export interface WayOut {
  readonly way: string;
  readonly status: string;
  readonly isError: boolean;
  readonly code?: number;
  readonly killedBy?: NodeJS.Signals;
  readonly signal?: NodeJS.Signals;
  /** The class of what was thrown. */
  readonly error?: string;
  /** Part of the span's status message. */
  readonly message?: string;
  readonly stderr?: string;
}

/** All rows in which the process itself has the last word. */
export const rows: readonly WayOut[] = [
  { way: 'returns', status: 'FINISHED', isError: false, code: 0 },
  { way: 'fails', status: 'FAILED', isError: true, code: 0, message: 'score too low' },
  { way: 'span-error', status: 'FAILED', isError: true, code: 0, message: 'by hand' },
  {
    way: 'throws',
    status: 'FAILED',
    isError: true,
    code: 1,
    error: 'TypeError',
    message: 'boom',
    stderr: 'TypeError: boom',
  },
  { way: 'throws-undefined', status: 'FAILED', isError: true, code: 1, error: '_OTHER', message: 'undefined' },
  {
    way: 'uncaught',
    status: 'FAILED',
    isError: true,
    code: 1,
    error: 'RangeError',
    message: 'late',
    stderr: 'RangeError: late',
  },
  {
    way: 'rejects',
    status: 'FAILED',
    isError: true,
    code: 1,
    error: 'RangeError',
    message: 'nobody waits',
    stderr: 'nobody waits',
  },
  { way: 'exit-0', status: 'FINISHED', isError: false, code: 0 },
  { way: 'exit-3', status: 'FAILED', isError: true, code: 3, message: 'code 3' },
  { way: 'ended-killed', status: 'KILLED', isError: true, code: 0 },
  { way: 'ended-failed', status: 'FAILED', isError: true, code: 0 },
  { way: 'ended-finished', status: 'FINISHED', isError: false, code: 6 },
  { way: 'sigterm', signal: 'SIGTERM', status: 'KILLED', isError: true, killedBy: 'SIGTERM', message: 'SIGTERM' },
  { way: 'sigint', signal: 'SIGINT', status: 'KILLED', isError: true, killedBy: 'SIGINT', message: 'SIGINT' },
  { way: 'sighup', signal: 'SIGHUP', status: 'KILLED', isError: true, killedBy: 'SIGHUP', message: 'SIGHUP' },
  { way: 'busy-signal', signal: 'SIGTERM', status: 'KILLED', isError: true, killedBy: 'SIGTERM', message: 'SIGTERM' },
  { way: 'handled-signal', signal: 'SIGTERM', status: 'FAILED', isError: true, code: 7, message: 'code 7' },
];
