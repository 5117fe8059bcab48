// A bearer token that code gives instead of a setting: for tokens that change while a job runs.

/** What is said to whoever is asked for a token. */
export interface TokenRequest {
  /** The server has just answered 401 to the last one: one that was kept is of no use. */
  readonly isRefused: boolean;
}

/** Gives a bearer token; asked before each request, so it keeps one for as long as that is good. */
export type GetToken = (request: TokenRequest) => string | PromiseLike<string>;
