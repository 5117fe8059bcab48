// What the rooms above see of a Collector: where its two doors are, and how it answered.

/** What OpenTelemetry exports here. */
export type Signal = 'traces' | 'logs';

/** One door of a Collector; known at sending time only and never written to disk. */
export interface OtlpTarget {
  /** The whole URL, such as `http://localhost:4318/v1/logs`. */
  readonly url: string;
  /** Sent to this URL and nowhere else: redirects are not followed. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly isCompressed?: boolean | undefined;
  /** Files in PEM, as OpenTelemetry's variables name them. */
  readonly tls?: TlsFiles | undefined;
}

/** Files in PEM: whom to trust, and who we are. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The doors of a Collector; a signal that goes nowhere has none. */
export type OtlpTargets = Readonly<Partial<Record<Signal, OtlpTarget>>>;

/** One request as it goes over the wire. */
export interface OtlpRequest {
  readonly body: Uint8Array;
  readonly contentType: 'application/json' | 'application/x-protobuf';
  /** Reads the body of an answer that is no JSON. */
  readonly decode?: (body: Uint8Array) => unknown;
}

/** What became of one request. */
export type Answer =
  /** Taken; of `rejectedCount` records in it the Collector said in `message` why not. */
  | { readonly status: 'sent'; readonly rejectedCount: number; readonly message: string }
  /** Time may mend it: no answer at all (`isAnswered` false), or one that asks to come back. */
  | {
      readonly status: 'away';
      readonly reason: string;
      readonly isAnswered: boolean;
      readonly retryAfterMs: number | undefined;
    }
  /** The user can mend it: credentials or the URL are wrong. No record's fault. */
  | { readonly status: 'refused'; readonly reason: string; readonly httpStatus: number }
  /** Nothing mends it: this very request is refused for good. */
  | { readonly status: 'rejected'; readonly reason: string; readonly httpStatus: number };
