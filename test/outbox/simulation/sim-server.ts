// The tracking server of a world: one honest store, and a road to it that loses, repeats, delays and lies.
import { MlflowError } from '../../../src/errors.ts';
import type { ArtifactRepository } from '../../../src/artifacts/contract.ts';
import { RUN_KEY_TAG } from '../../../src/outbox/delivery/delivery.ts';
import type { Openers } from '../../../src/outbox/delivery/destination.ts';
import type { Store } from '../../../src/stores/contract.ts';
import { MemoryStore } from '../memory-store.ts';
import type { SimClock } from './sim-clock.ts';
import type { DiskView } from './disk-view.ts';
import type { Choices } from './random.ts';

/** How the road is. */
export type Weather = 'fair' | 'rough' | 'away' | 'locked';

/** What becomes of one call. */
type Fate =
  | 'answered'
  | 'lost'
  | 'slow'
  | 'hang'
  | 'reset'
  | 'commit-500'
  | 'commit-timeout'
  | 'late-commit'
  | 'half'
  | 'html'
  | 'busy'
  | 'twice'
  | 'unauthenticated';

/** By weight, what becomes of a call where nobody answers, or some do. */
const AWAY = { lost: 16, hang: 2, 'commit-timeout': 2 } as const;
const ROUGH = {
  answered: 50,
  slow: 6,
  lost: 6,
  hang: 3,
  reset: 5,
  'commit-500': 7,
  'commit-timeout': 7,
  'late-commit': 4,
  half: 6,
  html: 4,
  busy: 6,
  twice: 6,
} as const;

/** Calls that a second time would do something else. */
const ONCE: ReadonlySet<string> = new Set(['createExperiment', 'createRun', 'deleteRun']);
/** Calls that write to a run that is there, and name it. */
const WRITES: ReadonlySet<string> = new Set(['logBatch', 'updateRun']);
/** Calls that change nothing: their loss is never ambiguous. */
const READS = /^(get|search|find)/;
const TIMEOUT_MS = 5000;
/** How long after that a request may still be carried out. */
const LATE_MS = 100;
const LATEST_MS = 2000;
/** How long a create may take. */
const SLOW_MS = 1500;

/** Who calls: a process that may die while its call is under way. */
export interface Caller {
  readonly isDead: () => boolean;
  readonly disk: DiskView;
  /** What the server carried out for it, in order. */
  readonly onApplied: (method: string, request: unknown) => void;
  /** Told of what no drain may send. */
  readonly onWrong: (what: string) => void;
}

interface Call {
  readonly method: string;
  readonly request: unknown;
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
  readonly #underWay = new Map<Caller, Set<string>>();

  constructor(options: SimServerOptions) {
    this.#options = options;
    // As of a real one: what takes a run's key as its id is a file, and written by one after the other.
    this.store = new MemoryStore({
      chosenRunId: options.chosenRunId,
      batchesAtOnce: options.chosenRunId ? 1 : 2,
    });
  }

  /** How a process reaches it. */
  openersFor(caller: Caller): Openers {
    const road = new Proxy(this.store, {
      get: (store, name) => {
        const member: unknown = Reflect.get(store, name);
        if (typeof member !== 'function' || typeof name !== 'string' || name === 'close') return member;
        const method = (member as (...args: readonly unknown[]) => Promise<unknown>).bind(store);
        return (...args: readonly unknown[]) =>
          this.#send(caller, { method: name, request: args[0] }, () => {
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
      return this.#send(
        caller,
        { method: 'putFile', request: path },
        async () => void this.artifacts.set(`${uri}/${path}`, text),
      );
    };
    // Only what the drain asks of a repository.
    return { uri, putFile: put, close: () => Promise.resolve() } as unknown as ArtifactRepository;
  }

  /** Of each run a process has one write under way; those of two runs are answered in any order. */
  async #send<T>(caller: Caller, call: Call, act: () => Promise<T>): Promise<T> {
    if (!WRITES.has(call.method)) return this.#carry(caller, call, act);
    // What the drain hands to these.
    const { runId } = call.request as { readonly runId: string };
    const runIds = this.#underWay.get(caller) ?? new Set();
    this.#underWay.set(caller, runIds);
    if (runIds.has(runId)) caller.onWrong(`sends ${call.method} of ${runId} beside another`);
    runIds.add(runId);
    try {
      return await this.#carry(caller, call, act);
    } finally {
      runIds.delete(runId);
    }
  }

  async #carry<T>(caller: Caller, { method, request }: Call, act: () => Promise<T>): Promise<T> {
    const { choices } = this.#options;
    const fate = this.#fateOf(method);
    await this.#pass(caller, choices.below(30) + 1);
    switch (fate) {
      case 'answered':
        return this.#answer(caller, act());
      case 'twice':
        await act();
        return this.#answer(caller, act());
      case 'slow':
        // Whoever dies meanwhile has sent it all the same.
        await this.#pass({ isDead: () => false }, choices.below(SLOW_MS));
        return this.#answer(caller, act());
      case 'lost':
        throw failed(0, { isRetryable: true });
      case 'hang':
      case 'reset':
        // Not carried out, and nobody but the server knows that.
        await this.#pass(caller, fate === 'hang' ? TIMEOUT_MS : 5);
        throw failed(0, { isRetryable: true, isAmbiguous: !READS.test(method) });
      case 'busy':
        throw failed(429, { isRetryable: true, retryAfterMs: 1000 * choices.below(4) });
      case 'unauthenticated':
        throw failed(401, { isRetryable: false });
      case 'late-commit':
        await this.#pass(caller, TIMEOUT_MS);
        this.#carryOutLate(method, request, act);
        throw failed(0, { isRetryable: true, isAmbiguous: !READS.test(method) });
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

  /**
   * After the caller has given up, and before it can have tried again; a create even later, when the client may have made the run a second
   * time, but not when it has ended, for then nobody looks for it any more.
   */
  #carryOutLate(method: string, request: unknown, act: () => Promise<unknown>): void {
    const lateMs = method === 'createRun' ? LATE_MS + this.#options.choices.below(LATEST_MS - LATE_MS) : LATE_MS;
    this.#options.clock.after(lateMs, () => {
      if (method === 'createRun' && this.#hasEnded(request)) return;
      act().catch(() => undefined);
    });
  }

  #hasEnded(request: unknown): boolean {
    // What the drain hands to a store's createRun.
    const { tags } = request as { readonly tags: readonly { readonly key: string; readonly value: string }[] };
    const key = tags.find((tag) => tag.key === RUN_KEY_TAG)?.value;
    return this.store.activeRuns().some((run) => run.tags.get(RUN_KEY_TAG) === key && run.info.status !== 'RUNNING');
  }

  #fateOf(method: string): Fate {
    const { choices } = this.#options;
    if (this.weather === 'fair') return 'answered';
    if (this.weather === 'locked') return 'unauthenticated';
    if (this.weather === 'away') return choices.weighted(AWAY);
    const fate = choices.weighted(ROUGH);
    // A network that repeats a create behind the client's back cannot be seen by anybody.
    if (fate === 'twice' && ONCE.has(method)) return 'answered';
    // Of anything else that a dead process sent, a later one could undo what its adopter sends.
    return fate === 'slow' && method !== 'createRun' ? 'answered' : fate;
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
