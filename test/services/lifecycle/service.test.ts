import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Service } from '../../../src/services/lifecycle/service.ts';
import type { StopOptions } from '../../../src/services/lifecycle/service.ts';

/** A service whose steps end when the test says so, and that notes what was called. */
class Probe extends Service {
  readonly calls: string[] = [];
  readonly stopOptions: StopOptions[] = [];
  readonly steps: (() => Promise<void>)[] = [];
  runningCount = 0;
  overlapCount = 0;

  protected override onStart(): Promise<void> {
    return this.#carryOut('start');
  }

  protected override onStop(options: StopOptions): Promise<void> {
    this.stopOptions.push(options);
    return this.#carryOut('stop');
  }

  async #carryOut(name: string): Promise<void> {
    this.calls.push(name);
    this.runningCount += 1;
    if (this.runningCount > 1) this.overlapCount += 1;
    try {
      await this.steps.shift()?.();
    } finally {
      this.runningCount -= 1;
    }
  }
}

function gate(): { readonly wait: () => Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { wait: () => opened, open };
}

describe('Service', () => {
  it('goes from stopped over starting and stopping back to stopped', async () => {
    const probe = new Probe();
    expect(probe.status).toBe('stopped');
    const started = probe.start();
    expect(probe.status).toBe('starting');
    expect(probe.calls).toEqual(['start']); // in the same tick
    await started;
    expect(probe.status).toBe('started');
    const stopped = probe.stop();
    expect(probe.status).toBe('stopping');
    await stopped;
    expect(probe.status).toBe('stopped');
  });

  it('is idempotent: what is already so, or under way, is not done again', async () => {
    const probe = new Probe();
    await probe.stop();
    await Promise.all([probe.start(), probe.start()]);
    await probe.start();
    await Promise.all([probe.stop(), probe.stop()]);
    await probe.stop();
    expect(probe.calls).toEqual(['start', 'stop']);
  });

  it('ends started after start, stop, start in one tick', async () => {
    const probe = new Probe();
    await Promise.all([probe.start(), probe.stop(), probe.start()]);
    expect(probe.status).toBe('started');
    expect(probe.calls).toEqual(['start', 'stop', 'start']);
  });

  it('waits for a start under way before it stops', async () => {
    const probe = new Probe();
    const { wait, open } = gate();
    probe.steps.push(wait);
    const started = probe.start();
    const stopped = probe.stop();
    await Promise.resolve();
    expect(probe.calls).toEqual(['start']);
    open();
    await Promise.all([started, stopped]);
    expect(probe.calls).toEqual(['start', 'stop']);
    expect(probe.status).toBe('stopped');
  });

  it('rejects every caller who waits for a failing start with its error, and is stopped then', async () => {
    const probe = new Probe();
    const error = new Error('no');
    probe.steps.push(() => Promise.reject(error));
    const results = await Promise.allSettled([probe.start(), probe.start(), probe.stop()]);
    expect(results.map((result) => (result.status === 'rejected' ? result.reason : result.status))).toEqual([
      error,
      error,
      'fulfilled',
    ]);
    expect(probe.status).toBe('stopped');
    expect(probe.calls).toEqual(['start']); // what never started is not stopped
    await probe.start();
    expect(probe.status).toBe('started');
  });

  it('is stopped even if its stop fails, and tells every caller who waits', async () => {
    const probe = new Probe();
    const error = new Error('no');
    await probe.start();
    probe.steps.push(() => Promise.reject(error));
    const results = await Promise.allSettled([probe.stop(), probe.stop()]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(probe.status).toBe('stopped');
    await probe.stop();
  });

  it('treats a throw of onStart as a rejection', async () => {
    class Throwing extends Probe {
      protected override onStart(): Promise<void> {
        throw new Error('no');
      }
    }
    await expect(new Throwing().start()).rejects.toThrow('no');
  });

  it('carries one deadline down, counted from the call, the earliest of those who share it', async () => {
    const probe = new Probe();
    await probe.start();
    await probe.stop();
    await probe.start();
    const { wait, open } = gate();
    const isStopping = probe.stop({ timeoutMs: 5 });
    probe.steps.push(wait);
    const isStarting = probe.start();
    const isStoppingAgain = [probe.stop({ timeoutMs: 60_000 }), probe.stop({ timeoutMs: 30_000 }), probe.stop()];
    open();
    await Promise.all([isStopping, isStarting, ...isStoppingAgain]);
    expect(probe.stopOptions[0]).toEqual({});
    expect(probe.stopOptions[1]?.timeoutMs).toBeLessThanOrEqual(5);
    expect(probe.stopOptions[2]?.timeoutMs).toBeLessThanOrEqual(30_000);
    expect(probe.stopOptions[2]?.timeoutMs).toBeGreaterThan(20_000);
  });

  it('stops at the end of an await using block', async () => {
    let seen: Probe | undefined;
    {
      await using probe = new Probe();
      seen = probe;
      await probe.start();
    }
    expect(seen.calls).toEqual(['start', 'stop']);
  });

  it('keeps start and stop apart and in turn, and ends as the last call says, whatever is interleaved', async () => {
    const action = fc.record({
      kind: fc.constantFrom('start', 'stop'),
      waitsBefore: fc.nat(3),
      failing: fc.boolean(),
      takes: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        const probe = new Probe();
        const results: Promise<string>[] = [];
        for (const { failing, takes } of actions) {
          probe.steps.push(async () => {
            for (let turn = 0; turn < takes; turn += 1) await Promise.resolve();
            if (failing) throw new Error('on purpose');
          });
        }
        for (const { kind, waitsBefore } of actions) {
          for (let turn = 0; turn < waitsBefore; turn += 1) await Promise.resolve();
          const call = kind === 'start' ? probe.start() : probe.stop();
          results.push(
            call.then(
              () => 'done',
              () => 'failed',
            ),
          );
        }
        const outcomes = await Promise.all(results);
        const hasStarted = actions.at(-1)?.kind === 'start' && outcomes.at(-1) === 'done';
        expect(probe.overlapCount).toBe(0);
        expect(probe.status).toBe(hasStarted ? 'started' : 'stopped');
        // A stop follows a start only, never a stop; after a failed start comes a start.
        for (const [index, call] of probe.calls.entries())
          if (call === 'stop') expect(probe.calls[index - 1]).toBe('start');
      }),
      { numRuns: 500 },
    );
  });
});
