// The tracking server of a world: one honest store, and a road to it that loses, repeats, delays and lies.
import { MlflowError } from '../../../src/errors.ts';
import type { ArtifactRepository } from '../../../src/artifacts/contract.ts';
import type { Openers } from '../../../src/outbox/delivery/destination.ts';
import type { Store } from '../../../src/stores/contract.ts';
import { MemoryStore } from '../memory-store.ts';
import type { SimClock } from './sim-clock.ts';
import type { DiskView } from './sim-disk.ts';
import type { Choices } from './random.ts';

/** How the road is. */
export type Weather = 'fair' | 'rough' | 'away' | 'locked';

/** What becomes of one call. */
type Fate =
  | 'answered'
  | 'lost'
  | 'commit-500'
  | 'commit-timeout'
  | 'late-commit'
  | 'half'
  | 'html'
  | 'busy'
  | 'twice'
  | 'unauthenticated';

/** Calls that a second time would do something else. */
const ONCE: ReadonlySet<string> = new Set(['createExperiment', 'createRun', 'deleteRun']);
/** Calls that change nothing: their loss is never ambiguous. */
const READS = /^(get|search|find)/;
const TIMEOUT_MS = 5000;

/** Who calls: a process that may die while its call is under way. */
export interface Caller {
  readonly isDead: () => boolean;
  readonly disk: DiskView;
  /** What the server carried out for it, in order. */
  readonly onApplied: (method: string, request: unknown) => void;
}

export interface SimServerOptions {
  readonly clock: SimClock;
  readonly choices: Choices;
  /** The store takes a run's key as its id, as the embedded ones do. */
  readonly chosenRunId: boolean;
}

/** The server. */
export class SimServer {
  readonly store: MemoryStore;
  readonly artifacts: Map<string, string> = new Map();
  weather: Weather = 'fair';
  readonly #options: SimServerOptions;

  constructor(options: SimServerOptions) {
    this.#options = options;
    this.store = new MemoryStore({ chosenRunId: options.chosenRunId });
  }

  /** How a process reaches it. */
  openersFor(caller: Caller): Openers {
    const road = new Proxy(this.store, {
      get: (store, name) => {
        const member: unknown = Reflect.get(store, name);
        if (typeof member !== 'function' || typeof name !== 'string' || name === 'close') return member;
        const method = (member as (...args: readonly unknown[]) => Promise<unknown>).bind(store);
        return (...args: readonly unknown[]) =>
          this.#send(caller, name, () => {
            caller.onApplied(name, args[0]);
            return method(...args);
          });
      },
    });
    return {
      openStore: () => Promise.resolve(road as Store),
      openArtifacts: (uri) => Promise.resolve(this.#repository(uri, caller)),
    };
  }

  #repository(uri: string, caller: Caller): ArtifactRepository {
    const put = (path: string, file: string): Promise<void> => {
      const text = caller.disk.bytesOf(file).toString('utf8');
      return this.#send(caller, 'putFile', async () => void this.artifacts.set(`${uri}/${path}`, text));
    };
    // Only what the drain asks of a repository.
    return { uri, putFile: put, close: () => Promise.resolve() } as unknown as ArtifactRepository;
  }

  async #send<T>(caller: Caller, method: string, act: () => Promise<T>): Promise<T> {
    const { choices } = this.#options;
    const fate = this.#fateOf(method);
    await this.#pass(caller, choices.below(30) + 1);
    switch (fate) {
      case 'answered':
        return this.#answer(caller, act());
      case 'twice':
        await act();
        return this.#answer(caller, act());
      case 'lost':
        throw failed(0, { isRetryable: true });
      case 'busy':
        throw failed(429, { isRetryable: true, retryAfterMs: 1000 * choices.below(4) });
      case 'unauthenticated':
        throw failed(401, { isRetryable: false });
      case 'late-commit': {
        // After the caller has given up, and before it can have tried again.
        await this.#pass(caller, TIMEOUT_MS);
        void this.#pass({ isDead: () => false }, 100).then(() => act().catch(() => undefined));
        throw failed(0, { isRetryable: true, isAmbiguous: !READS.test(method) });
      }
      case 'commit-500':
      case 'commit-timeout':
      case 'half':
      case 'html': {
        await act();
        await this.#pass(caller, fate === 'commit-timeout' ? TIMEOUT_MS : 5);
        const status = fate === 'commit-500' ? 500 : fate === 'html' ? 200 : 0;
        throw failed(status, { isRetryable: true, isAmbiguous: !READS.test(method) });
      }
    }
  }

  #fateOf(method: string): Fate {
    const { choices } = this.#options;
    if (this.weather === 'fair') return 'answered';
    if (this.weather === 'locked') return 'unauthenticated';
    if (this.weather === 'away') return choices.isChance(0.9) ? 'lost' : 'commit-timeout';
    const fate = choices.weighted<Fate>({
      answered: 50,
      lost: 8,
      'commit-500': 8,
      'commit-timeout': 8,
      'late-commit': 4,
      half: 6,
      html: 4,
      busy: 6,
      twice: 6,
      unauthenticated: 0,
    });
    // A network that repeats a create behind the client's back cannot be seen by anybody.
    return fate === 'twice' && ONCE.has(method) ? 'answered' : fate;
  }

  async #answer<T>(caller: Caller, answer: Promise<T>): Promise<T> {
    const value = await answer;
    await this.#pass(caller, 1);
    return value;
  }

  /** For a caller who dies meanwhile it never ends. */
  #pass(caller: Pick<Caller, 'isDead'>, ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(ms, () => {
        if (!caller.isDead()) resolve();
      });
    });
  }
}

function failed(
  status: number,
  options: { readonly isRetryable: boolean; readonly isAmbiguous?: boolean; readonly retryAfterMs?: number },
): MlflowError {
  return new MlflowError(`The road failed (${status}).`, { errorCode: 'SIMULATED', status, ...options });
}
