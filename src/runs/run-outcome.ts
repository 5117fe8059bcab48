// Why a run ends and what that means for it: the README's table of ways out, as one pure function.
import type { TerminalStatus } from '../model/entities.ts';

/** Why a run ends; each kind is a row of the README's table of ways out. */
export type RunOutcome =
  | { readonly kind: 'returned' }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'exited'; readonly code: number }
  /** Nothing was left to do in the process, and the run was still open. */
  | { readonly kind: 'ran-dry'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'set'; readonly status: TerminalStatus };

/** What an outcome means for the run. */
export interface Verdict {
  /** Undefined: FAILED where the run has failed by its own word or its span, else FINISHED. */
  readonly status?: TerminalStatus;
  /** What the span and the alert say. */
  readonly failure?: { readonly error: unknown } | { readonly reason: string };
}

/** What else is known of the run. */
export interface RunCircumstances {
  /** Whether a body of runContext is under way. */
  readonly isInBody: boolean;
  /** An error that is ending the process. */
  readonly uncaught: { readonly error: unknown } | undefined;
}

/**
 * Judges an outcome.
 *
 * @example
 * judgeOutcome({ kind: 'exited', code: 3 }, { isInBody: true, uncaught: undefined });
 * // { failure: { reason: 'The process exited with code 3.' } }
 */
export function judgeOutcome(outcome: RunOutcome, { isInBody, uncaught }: RunCircumstances): Verdict {
  switch (outcome.kind) {
    case 'set': {
      const { status } = outcome;
      return status === 'FINISHED' ? { status } : { status, failure: { reason: `The run was ended as ${status}.` } };
    }
    case 'signalled':
      return { status: 'KILLED', failure: { reason: `The process received ${outcome.signal}.` } };
    case 'threw':
      return { failure: { error: outcome.error } };
    case 'returned':
      return uncaught === undefined ? {} : { failure: uncaught };
    case 'exited':
    case 'ran-dry':
      if (uncaught !== undefined) return { failure: uncaught };
      if (outcome.code !== 0) return { failure: { reason: `The process exited with code ${outcome.code}.` } };
      if (outcome.kind === 'ran-dry' && isInBody)
        return {
          failure: { reason: 'The process ended before the body of the run did: it waited for what never came.' },
        };
      return {};
  }
}
