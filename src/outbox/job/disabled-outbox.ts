// RUNSPAN_DISABLED=1: bodies run, nothing is written or sent.
import { RunspanError } from '../../errors.ts';
import type { FlushResult, Outbox } from '../contract.ts';

const NOTHING: FlushResult = { isComplete: true, delivered: 0, pending: 0, deadLettered: 0, durability: 'memory' };

/** Makes an outbox that takes everything and keeps nothing. */
export function openDisabledOutbox(): Outbox {
  return {
    append: () => 0,
    writeBuffered: () => undefined,
    spoolBytes: () => ({ kind: 'spool', file: '' }),
    spoolFile: () => Promise.resolve({ kind: 'spool', file: '' }),
    flush: () => Promise.resolve(NOTHING),
    call: (method) =>
      Promise.reject(
        new RunspanError('NOT_SUPPORTED', `MlflowClient.${method} cannot be called while RUNSPAN_DISABLED is set.`),
      ),
    stats: () => ({
      accepted: 0,
      delivered: 0,
      pending: 0,
      deadLettered: 0,
      runs: {},
      refused: {},
      drainDeaths: 0,
      durability: 'memory',
      directory: '',
    }),
    drainInExit: () => undefined,
    stop: () => Promise.resolve(NOTHING),
  };
}
