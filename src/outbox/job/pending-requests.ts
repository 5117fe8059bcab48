// Requests to the drain that wait for an answer, each with its own deadline.
import { MlflowError, RunspanError } from '../../errors.ts';
import type { HostReply, HostRequest } from '../worker/messages.ts';
import { fromWire } from '../worker/messages.ts';
import type { Clock } from '../machine/system.ts';
import { isError } from '../../model/any-realm.ts';

/** How a request ended. */
export type Answer =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly error: Error }
  | { readonly kind: 'timeout' };

/** A request before it has an id. */
export type Question = DistributiveOmit<Extract<HostRequest, { kind: 'flush' | 'call' | 'stop' }>, 'id'>;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

interface Pending {
  readonly request: HostRequest;
  readonly resolve: (answer: Answer) => void;
}

/** Asks and matches answers by id. While somebody waits, the process stays alive, unless they say that it need not. */
export class PendingRequests {
  readonly #clock: Clock;
  readonly #send: (request: HostRequest) => void;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  constructor(clock: Clock, send: (request: HostRequest) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Resolves with the answer, or `timeout`. Never rejects. */
  ask(question: Question, timeoutMs: number, isHolding = true): Promise<Answer> {
    const id = this.#nextId++;
    const request: HostRequest = { ...question, id };
    return new Promise((resolve) => {
      const cancel = this.#clock[isHolding ? 'afterHolding' : 'after'](timeoutMs, () => {
        this.#pending.delete(id);
        this.#send({ kind: 'forget', id });
        resolve({ kind: 'timeout' });
      });
      const settle = (answer: Answer): void => {
        cancel();
        resolve(answer);
      };
      this.#pending.set(id, { request, resolve: settle });
      try {
        this.#send(request);
      } catch (error) {
        // An argument that cannot be cloned to another thread.
        this.#pending.delete(id);
        settle({ kind: 'failure', error: isError(error) ? error : new Error(String(error)) });
      }
    });
  }

  /** Takes the drain's answer; one that came too late has no reader. */
  settle(reply: Extract<HostReply, { kind: 'answer' | 'failure' }>): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.kind === 'answer') pending?.resolve({ kind: 'answer', value: reply.value });
    else pending?.resolve({ kind: 'failure', error: fromWire(reply.error) });
  }

  /** There is no drain any more: nobody answers, and nobody need wait for their deadline. */
  abandon(): void {
    for (const { request, resolve } of this.#pending.values()) {
      if (request.kind === 'call') {
        const message = `The outbox was stopped during ${request.method}: whether it was carried out is unknown.`;
        resolve({ kind: 'failure', error: new RunspanError('SERVICE_STOPPED', message) });
      } else resolve({ kind: 'timeout' });
    }
    this.#pending.clear();
  }

  /** A new drain took over: waits go on, calls fail, because nobody knows whether they were carried out. */
  repeat(): void {
    for (const [id, { request, resolve }] of this.#pending) {
      if (request.kind !== 'call') {
        this.#send(request);
        continue;
      }
      this.#pending.delete(id);
      const message = `The drain's thread died during ${request.method}: whether it was carried out is unknown.`;
      const error = new MlflowError(message, {
        errorCode: 'INTERNAL_ERROR',
        status: 0,
        isRetryable: true,
        isAmbiguous: true,
      });
      resolve({ kind: 'failure', error });
    }
  }
}
