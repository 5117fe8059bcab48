// A bearer token that a function gives, asked before each request: what it gave lately is remembered only so that no message shows it.
import { MlflowError } from '../../errors.ts';
import type { GetToken, TokenRequest } from '../../model/get-token.ts';
import { createRedactor } from '../../model/redact.ts';
import { isError } from '../../model/any-realm.ts';

/** Tokens of requests that may still be under way. */
const REMEMBERED_COUNT = 8;

const redactor = createRedactor();

/** Asks for tokens, and remembers what not to show. */
export class TokenSource {
  readonly #getToken: GetToken;
  readonly #secrets: string[];
  readonly #recent: string[] = [];

  /** @param secrets gets every token that is given, and loses the oldest ones */
  constructor(getToken: GetToken, secrets: string[]) {
    this.#getToken = getToken;
    this.#secrets = secrets;
  }

  /**
   * Returns a header for one request.
   *
   * @throws {MlflowError} `UNAUTHENTICATED`, to be tried again: nothing was sent, and the next token may be there
   */
  async authorize(request: TokenRequest): Promise<string> {
    let token: unknown;
    try {
      token = await this.#getToken(request);
    } catch (cause) {
      const said = redactor.redactText(isError(cause) ? cause.message : String(cause));
      throw unauthenticated(`it threw: ${said}`, cause);
    }
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      // the value itself may be the secret, so it is not named
      throw unauthenticated('what it gave is no text that a header can hold');
    }
    this.#remember(token);
    return `Bearer ${token}`;
  }

  #remember(token: string): void {
    if (this.#recent.includes(token)) return;
    this.#recent.push(token);
    this.#secrets.push(token);
    if (this.#recent.length <= REMEMBERED_COUNT) return;
    const oldest = this.#recent.shift();
    const at = oldest === undefined ? -1 : this.#secrets.indexOf(oldest);
    if (at >= 0) this.#secrets.splice(at, 1);
  }
}

function unauthenticated(why: string, cause?: unknown): MlflowError {
  return new MlflowError(`The function that gives the token for MLflow gave none: ${why}`, {
    errorCode: 'UNAUTHENTICATED',
    status: 0,
    isRetryable: true,
    cause,
  });
}
