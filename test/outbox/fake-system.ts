// A machine of the test's own: the real disk unless told otherwise, a clock that moves when told, other processes at will.
import { NodeDisk, nodeMachine } from '../../src/outbox/machine/node-system.ts';
import type { Clock, Disk, Machine, System } from '../../src/outbox/machine/system.ts';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock whose timers run when `advance` passes them. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #heldCount = 0;
  #monotonicMs = 1000;
  wallOffsetMs = 1_700_000_000_000;

  nowMs(): number {
    return this.#monotonicMs + this.wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#monotonicMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterHolding(delayMs: number, callback: () => void): () => void {
    return this.after(delayMs, callback);
  }

  nextTurn(callback: () => void): void {
    setImmediate(callback);
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Moves on; timers run in their order. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs);
      next.callback();
    }
    this.#monotonicMs = endMs;
  }

  /** Real work, such as a file's checksum: the clock stands until it has ended, or a busy machine's time would run out in no time. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#heldCount += 1;
    try {
      return await work;
    } finally {
      this.#heldCount -= 1;
    }
  }

  /** Moves on step by step and lets promises settle in between, until a condition holds. */
  async runUntil(isDone: () => boolean, stepMs = 50): Promise<void> {
    for (let step = 0; !isDone();) {
      if (step > 20_000) throw new Error('the condition never held');
      await settle();
      if (isDone()) return;
      if (this.#heldCount > 0) continue;
      this.advance(stepMs);
      step += 1;
    }
    await settle();
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export interface FakeSystem extends System {
  readonly clock: FakeClock;
  readonly said: string[];
}

/** A system with a fake clock; each call is another random stream. */
export function fakeSystem(options: { disk?: Disk; machine?: Partial<Machine>; seed?: number } = {}): FakeSystem {
  const said: string[] = [];
  let state = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const clock = new FakeClock();
  return {
    disk: heldDisk(options.disk ?? new NodeDisk(), clock),
    clock,
    machine: { ...nodeMachine(), ...options.machine },
    random: () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return state / 0x8000_0000;
    },
    say: (line) => said.push(line),
    said,
  };
}

/** The same disk; what it does beside the thread holds the clock. */
function heldDisk(disk: Disk, clock: FakeClock): Disk {
  const checksum = disk.checksum.bind(disk);
  const copy = disk.copy.bind(disk);
  return Object.assign(disk, {
    checksum: (...given: Parameters<Disk['checksum']>) => clock.hold(checksum(...given)),
    copy: (...given: Parameters<Disk['copy']>) => clock.hold(copy(...given)),
  });
}
