// What job and drain say to each other; plain data, so that a thread may lie between them.
import type { MessagePort } from 'node:worker_threads';
import { MlflowError, RunspanError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import type { TokenRequest } from '../../model/get-token.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import type { Durability, OutboxEvent, RegistryPlace, StoreMethod } from '../contract.ts';
import type { RunTally } from '../folder/run-tallies.ts';
import type { MemoryBlock } from '../journal/memory-queue.ts';
import { isError } from '../../model/any-realm.ts';

/** What a drain host is made of. */
export interface HostSettings {
  readonly directory: string;
  /** The name of our own folder; undefined where none could be made. */
  readonly folderName: string | undefined;
  readonly trackingUri: string;
  readonly experimentName: string;
  readonly connection: ConnectionOptions;
  readonly registry: RegistryPlace | undefined;
  readonly artifactRoot: string;
  readonly durability: Durability;
  /** On the job's thread: it must not block there. */
  readonly isInline: boolean;
  /** Nothing is sent: the folder is kept alive, and left for `runspan sync`. */
  readonly isOffline: boolean;
  readonly counters: SharedArrayBuffer;
  /** Records up to here may have been sent by a host before this one. */
  readonly replayedThrough: number;
}

/** What the drain's thread is started with. */
export interface ThreadData {
  readonly settings: HostSettings;
  readonly replies: MessagePort;
  /** Which connections had a function that gives tokens: it stayed with the job, and is asked by message. */
  readonly asksForToken: { readonly tracking: boolean; readonly registry: boolean };
}

/** From the drain's thread: a token is wanted. */
export interface TokenWanted extends TokenRequest {
  readonly kind: 'token-wanted';
  readonly id: number;
}

/** To the drain's thread: the token, or why there is none. */
export type TokenGiven = { readonly kind: 'token'; readonly id: number } & (
  { readonly token: string } | { readonly error: WireError }
);

/** To the drain. */
export type HostRequest =
  | { readonly kind: 'memory'; readonly block: MemoryBlock }
  | {
      readonly kind: 'flush';
      readonly id: number;
      readonly sequence: number;
      /** It is the last thing that the job waits for, so long: a destination that cannot be had is given up before. */
      readonly lastMs?: number | undefined;
    }
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly sequence: number;
      readonly method: StoreMethod;
      readonly args: readonly unknown[];
      readonly timeoutMs: number;
    }
  | { readonly kind: 'stop'; readonly id: number; readonly sequence: number; readonly timeoutMs: number }
  /** The job has heard that a run of a dead process was ended. */
  | { readonly kind: 'heard'; readonly runKey: string }
  /** Nobody waits for this answer any more. */
  | { readonly kind: 'forget'; readonly id: number };

/** From the drain. */
export type HostReply =
  | { readonly kind: 'event'; readonly event: WireEvent }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: WireError }
  /** What was done of runs whose counts have changed. */
  | { readonly kind: 'tallies'; readonly tallies: readonly RunTally[] }
  /** Our folder was taken away or deleted. */
  | { readonly kind: 'folder-lost'; readonly reason: string };

/** An event whose error, where it has one, can cross a thread. */
export type WireEvent = ToWire<OutboxEvent>;

type ToWire<E> = E extends { readonly error: Error } ? Omit<E, 'error'> & { readonly error: WireError } : E;

/** An error as plain data. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: ErrorCode | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly mlflow:
    | {
        readonly errorCode: string;
        readonly status: number;
        readonly isRetryable: boolean;
        readonly isAmbiguous: boolean;
        readonly retryAfterMs: number | undefined;
      }
    | undefined;
  readonly cause: WireError | undefined;
}

/** Posts what was asked for; an answer that cannot cross the thread becomes a failure. */
export function postAnswer(post: (reply: HostReply) => void, reply: Extract<HostReply, { readonly id: number }>): void {
  try {
    post(reply);
  } catch (error) {
    const why = isError(error) ? error.message : String(error);
    const failure = new RunspanError('MLFLOW_ERROR', `The store's answer cannot be passed on: ${why}`);
    post({ kind: 'failure', id: reply.id, error: toWire(failure) });
  }
}

/** Turns an error into plain data; its cause goes along. */
export function toWire(error: unknown): WireError {
  const known = isError(error) ? error : undefined;
  return {
    name: known?.name ?? 'Error',
    message: known?.message ?? String(error),
    stack: known?.stack,
    code: error instanceof RunspanError ? error.code : undefined,
    details: error instanceof RunspanError ? { ...error.details } : {},
    mlflow:
      error instanceof MlflowError
        ? {
            errorCode: error.errorCode,
            status: error.status,
            isRetryable: error.isRetryable,
            isAmbiguous: error.isAmbiguous,
            retryAfterMs: error.retryAfterMs,
          }
        : undefined,
    cause: isError(known?.cause) ? toWire(known.cause) : undefined,
  };
}

/** Makes the error again, of the class that it had. */
export function fromWire(wire: WireError): Error {
  const cause = wire.cause === undefined ? undefined : fromWire(wire.cause);
  const { details } = wire;
  let error: Error;
  if (wire.mlflow !== undefined) {
    const { retryAfterMs, ...rest } = wire.mlflow;
    error = new MlflowError(wire.message, {
      ...rest,
      details,
      cause,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  } else if (wire.code !== undefined) {
    error = new RunspanError(wire.code, wire.message, { details, cause });
  } else {
    error = new Error(wire.message, cause === undefined ? undefined : { cause });
    error.name = wire.name;
  }
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
