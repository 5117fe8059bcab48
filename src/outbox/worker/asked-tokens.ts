// The drain thread's end of a rotating token: asks the job's thread, and does with the last one while that thread is busy.
import type { GetToken } from '../../model/get-token.ts';
import type { Clock } from '../machine/system.ts';
import { fromWire } from './messages.ts';
import type { TokenGiven, TokenWanted } from './messages.ts';

/** What asking needs. */
export interface AskedTokensOptions {
  readonly clock: Clock;
  /** Sends the question to the job's thread; its answer comes by `receive`. */
  readonly ask: (wanted: TokenWanted) => void;
}

/** How long the job's thread may take before the last token is sent once more, in milliseconds. */
export const BUSY_AFTER_MS = 250;

/** Tokens from another thread. */
export class AskedTokens {
  readonly #options: AskedTokensOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #nextId = 1;
  /** What was given last and not refused since. */
  #last: string | undefined;
  /** The job's thread has left a question unanswered: while it computes, and in `exit` for good. */
  #isBusy = false;

  constructor(options: AskedTokensOptions) {
    this.#options = options;
  }

  /** Asks for a token; waits for as long as the caller does where there is no good one to fall back on. */
  readonly getToken: GetToken = async ({ isRefused }) => {
    if (isRefused) this.#last = undefined;
    const kept = this.#last;
    // Its questions would only pile up before that thread.
    if (kept !== undefined && this.#isBusy) return kept;
    const answer = this.#ask(isRefused);
    return kept === undefined ? await answer : await this.#unlessBusy(answer, kept);
  };

  /** Takes an answer of the job's thread. */
  receive(given: TokenGiven): void {
    this.#isBusy = false;
    const waiting = this.#waiting.get(given.id);
    this.#waiting.delete(given.id);
    if ('error' in given) {
      waiting?.reject(fromWire(given.error));
      return;
    }
    this.#last = given.token;
    waiting?.resolve(given.token);
  }

  #ask(isRefused: boolean): Promise<string> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<string>();
    // Where nobody waits any more it is no unhandled rejection.
    waiting.promise.catch(() => undefined);
    this.#waiting.set(id, waiting);
    this.#options.ask({ kind: 'token-wanted', id, isRefused });
    return waiting.promise;
  }

  async #unlessBusy(answer: Promise<string>, kept: string): Promise<string> {
    const late = Promise.withResolvers<string>();
    const cancel = this.#options.clock.after(BUSY_AFTER_MS, () => {
      this.#isBusy = true;
      late.resolve(kept);
    });
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      cancel();
    }
  }
}
