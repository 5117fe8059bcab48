// What one endpoint of MLflow's API is: method, path, what a repeat does, how a request is written and an answer read.

/**
 * What sending a request again does: nothing (`read`), the same once more with the same outcome (`repeatable`), or a second
 * thing (`once`).
 */
export type Effect = 'read' | 'repeatable' | 'once';

/** A request's fields as MLflow names them: a JSON body, or a query where the method is GET. */
export type WireFields = Readonly<Record<string, unknown>>;

/** Turns one answer's JSON into what the caller wants; throws where the shape is another. */
export interface Decoder<T> {
  parse(json: unknown): T;
}

/** One endpoint: `Q` is what it is asked, `A` what it answers. */
export interface Endpoint<Q, A> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the server's address; `{model_id}` stands for that field of the request, which a body holds too, and a query does not. */
  readonly path: string;
  readonly effect: Effect;
  /** @throws {RunspanError} `INVALID_VALUE` for what must not go on the wire */
  readonly encode: (request: Q) => WireFields;
  /** Headers of its own. */
  readonly headers?: (request: Q) => Readonly<Record<string, string>>;
  readonly answer: Decoder<A>;
  /** Whether its integers may be beyond ±(2^53 − 1): they then are bigints. @default false */
  readonly isExact?: boolean;
  /** Whether an empty body is an answer. @default false: it is none of MLflow's API */
  readonly isSilent?: boolean;
}

/** Where most of the API is. */
export const API_2 = '/api/2.0/mlflow/';

/** Where what came with MLflow 3 is. */
export const API_3 = '/api/3.0/mlflow/';

/** An endpoint that reads. */
export function get<Q, A>(path: string, encode: Endpoint<Q, A>['encode'], answer: Decoder<A>): Endpoint<Q, A> {
  return { method: 'GET', path, effect: 'read', encode, answer };
}

/** An endpoint that is told something in a body. */
export function post<Q, A>(
  path: string,
  effect: Effect,
  encode: Endpoint<Q, A>['encode'],
  answer: Decoder<A>,
): Endpoint<Q, A> {
  return { method: 'POST', path, effect, encode, answer };
}

/** The same with another method. */
export function by<Q, A>(method: Endpoint<Q, A>['method'], endpoint: Endpoint<Q, A>): Endpoint<Q, A> {
  return { ...endpoint, method };
}
