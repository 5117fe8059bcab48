// What each way out asks of those who take part, step by step, without a process that ends; real ends: test/end-to-end.
import type { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { joinExits, letSignalsIn, refreshExits, watchExits } from '../../../src/services/lifecycle/exits.ts';
import type { ExitParticipant } from '../../../src/services/lifecycle/exits.ts';

const EXITS = Symbol.for('runspan.exits.v1');
const POLITE = Symbol.for('signal-exit emitter');
const EVENTS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtExceptionMonitor', 'uncaughtException', 'beforeExit', 'exit'];
const notes: string[] = [];
const killed: unknown[][] = [];
const exited: unknown[] = [];

beforeEach(() => {
  // Vitest's own handlers would be taken for the job's.
  const others = EVENTS.map((event) => [event, process.rawListeners(event)] as const);
  for (const event of EVENTS) process.removeAllListeners(event);
  // The ends themselves, which would end the tests.
  const kill = vi.spyOn(process, 'kill').mockImplementation((...args) => {
    killed.push(args);
    return true;
  });
  const exit = vi.spyOn(process, 'exit').mockImplementation(((code: unknown) => exited.push(code)) as never);
  onTestFinished(() => {
    for (const event of EVENTS) process.removeAllListeners(event);
    for (const [event, listeners] of others)
      for (const listener of listeners) process.on(event, listener as (...args: unknown[]) => void);
    for (const spied of [kill, exit]) spied.mockRestore();
  });
});

afterEach(() => {
  Reflect.deleteProperty(globalThis, EXITS);
  for (const list of [notes, killed, exited]) list.length = 0;
  vi.useRealTimers();
});

function join(name: string, more: Partial<ExitParticipant> = {}): () => void {
  const leave = joinExits({
    exitTimeoutMs: 1_000,
    isBusy: () => true,
    endRunsNow: (outcome) => void notes.push(`${name} ends ${Object.values(outcome).join(' ')}`),
    noteUncaught: (error) => void notes.push(`${name} notes ${String(error)}`),
    handOver: () => void notes.push(`${name} hands over`),
    flush: (timeoutMs) => {
      notes.push(`${name} flushes within ${timeoutMs}`);
      return Promise.resolve();
    },
    beginDrain: () => void notes.push(`${name} begins`),
    drainInExit: () => void notes.push(`${name} drains`),
    ...more,
  });
  watchExits();
  return leave;
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('a signal ends the runs, flushes, drains what is left, and is re-raised; as PID 1 the process exits itself', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval'] });
  join('a');
  process.emit('SIGTERM', 'SIGTERM');
  expect(notes).toEqual(['a ends signalled SIGTERM', 'a hands over', 'a flushes within 1000']);
  await turns();
  expect(notes.slice(3)).toEqual(['a hands over', 'a begins', 'a drains']);
  expect(killed).toEqual([[process.pid, 'SIGTERM']]);
  expect(process.listenerCount('SIGTERM')).toBe(0);
  expect(exited).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(exited).toEqual([143]);
});

test('a second signal waits no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval'] });
  join('a', {
    flush: () => new Promise(() => undefined),
    drainInExit: (timeoutMs) => notes.push(`drains ${timeoutMs}`),
  });
  process.emit('SIGINT', 'SIGINT');
  await turns();
  expect(killed).toEqual([]);
  process.emit('SIGHUP', 'SIGHUP');
  expect(notes.at(-1)).toBe('drains 0');
  expect(killed).toEqual([[process.pid, 'SIGHUP']]);
});

test('where the job has a handler of its own, the signal is the job’s: what is accepted is flushed, no run ends', async () => {
  process.on('SIGTERM', () => notes.push('the job’s own'));
  join('a');
  process.emit('SIGTERM', 'SIGTERM');
  await turns();
  expect(notes).toEqual(['a hands over', 'a flushes within 1000', 'the job’s own']);
  expect(killed).toEqual([]);
});

test.each([
  ['version 4', globalThis as object, POLITE],
  ['version 3', process as object, '__signal_exit_emitter__'],
])('a handler of signal-exit, %s, is nobody’s decision', async (_version, place, name) => {
  Reflect.set(place, name, { count: 1 });
  onTestFinished(() => void Reflect.deleteProperty(place, name));
  process.on('SIGTERM', () => undefined);
  join('a');
  process.emit('SIGTERM', 'SIGTERM');
  await turns();
  expect(notes[0]).toBe('a ends signalled SIGTERM');
  expect(killed).toEqual([[process.pid, 'SIGTERM']]);
});

test('an error that nobody catches is noted by all, one that the job catches by none', () => {
  join('a');
  join('b');
  (process as EventEmitter).emit('uncaughtExceptionMonitor', new Error('on purpose'), 'uncaughtException');
  expect(notes).toEqual(['a notes Error: on purpose', 'b notes Error: on purpose']);
  process.on('uncaughtException', () => undefined);
  (process as EventEmitter).emit('uncaughtExceptionMonitor', new Error('caught'), 'uncaughtException');
  expect(notes).toHaveLength(2);
});

test('in exit all hand over, then all begin, then each waits for what is left of one deadline', () => {
  const given: number[] = [];
  const drainInExit = (timeoutMs: number): void => {
    given.push(timeoutMs);
    const until = performance.now() + 60;
    while (performance.now() < until);
  };
  join('a', { drainInExit, exitTimeoutMs: 60_000 });
  join('b', { drainInExit, exitTimeoutMs: 60_000 });
  join('c', { drainInExit, exitTimeoutMs: 50 });
  process.emit('exit', 3);
  expect(notes).toEqual([
    ...['a', 'b', 'c'].map((name) => `${name} ends exited 3`),
    ...['a', 'b', 'c'].map((name) => `${name} hands over`),
    ...['a', 'b', 'c'].map((name) => `${name} begins`),
  ]);
  expect(given[0]).toBeGreaterThan(30_000);
  expect(given[1]).toBeLessThanOrEqual(59_940);
  expect(given[2]).toBe(0);
});

test('a natural end lets signals in first, and says with which code the job ran dry', async () => {
  const before = process.exitCode;
  process.exitCode = 4;
  onTestFinished(() => void (process.exitCode = before));
  join('a');
  process.emit('beforeExit', 4);
  expect(notes).toEqual([]);
  await turns();
  expect(notes).toEqual(['a ends ran-dry 4', 'a hands over', 'a flushes within 1000']);
  process.emit('beforeExit', 4);
  await turns();
  expect(notes).toHaveLength(3);
  // A run that was opened meanwhile ends by another one.
  refreshExits();
  process.emit('beforeExit', 4);
  await turns();
  expect(notes).toHaveLength(6);
});

test('a signal that came in a busy loop wins over the natural end', async () => {
  join('a', { flush: () => new Promise(() => undefined) });
  process.emit('beforeExit', 0);
  process.emit('SIGTERM', 'SIGTERM');
  await turns();
  expect(notes).toEqual(['a ends signalled SIGTERM', 'a hands over']);
});

test('while handlers stand, a run’s end waits two turns for signals', async () => {
  join('a');
  const order: string[] = [];
  setImmediate(() => {
    order.push('first turn');
    setImmediate(() => order.push('second turn'));
  });
  await letSignalsIn();
  expect(order).toEqual(['first turn', 'second turn']);
});

test('who has left is asked nothing', () => {
  join('a')();
  expect(EVENTS.map((event) => process.listenerCount(event))).toEqual(EVENTS.map(() => 0));
});
