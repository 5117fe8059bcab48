// The keys of one run: what each one given is sent as, so that no two of them become one series.
import { mendKey, mendKeyApart } from '../../model/mend.ts';
import type { MendedKey } from '../../model/mend.ts';

/** How many distinct keys a run remembers; a mended key beyond it is told apart by its hash without being remembered. */
const MAX_REMEMBERED_KEYS = 10_000;

/**
 * Gives the key that a given one is sent as, for the life of a run.
 *
 * @example
 * const book = new KeyBook();
 * book.mend('a*b'); // { key: 'a_b', original: 'a*b' }
 * book.mend('a?b'); // { key: 'a_b-' and 8 hex of its hash, original: 'a?b' }
 */
export class KeyBook {
  readonly #sent = new Map<string, string>();
  /** Which original a sent key belongs to. */
  readonly #owners = new Map<string, string>();
  readonly #maxCount: number;

  constructor(maxCount: number = MAX_REMEMBERED_KEYS) {
    this.#maxCount = maxCount;
  }

  /** What a key was sent as before; the hot path. */
  find(given: string): string | undefined {
    return this.#sent.get(given);
  }

  /** Mends a key; `original` is there where it is sent as another one. Remembers nothing: see {@link remember}. */
  mend(given: string): MendedKey {
    const known = this.#sent.get(given);
    if (known !== undefined) return known === given ? { key: known } : { key: known, original: given };
    const mended = mendKey(given);
    const owner = this.#owners.get(mended.key);
    const isTaken = owner !== undefined && owner !== given;
    const isForgettable = mended.original !== undefined && this.#sent.size >= this.#maxCount;
    return isTaken || isForgettable ? mendKeyApart(given) : mended;
  }

  /** Keeps a key as it was sent, as long as there is room. */
  remember(given: string, sent: string): void {
    if (this.#sent.size >= this.#maxCount) return;
    this.#sent.set(given, sent);
    this.#owners.set(sent, given);
  }
}
