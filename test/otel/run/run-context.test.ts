// Which run is active, which runs are open, and what stands in where no context is.
import { EventEmitter } from 'node:events';
import { ROOT_CONTEXT, context } from '@opentelemetry/api';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createRunContextManager } from '../../../src/otel/run/run-context-manager.ts';
import { activeRun, addOpenRun, fallbackContext, openRuns, withRun } from '../../../src/otel/run/run-context.ts';
import type { OpenRun, RunIdentity } from '../../../src/otel/run/run-context.ts';

const removers: (() => void)[] = [];

beforeAll(async () => {
  context.setGlobalContextManager(await createRunContextManager());
});

afterEach(() => {
  for (const remove of removers.splice(0)) remove();
});

function open(runKey: string, isFallback = true): OpenRun {
  const identity: RunIdentity = { runKey, runName: runKey };
  const run: OpenRun = { identity, context: withRun(ROOT_CONTEXT, identity), isFallback };
  removers.push(addOpenRun(run));
  return run;
}

test('a run is active in its context, across awaits, and nowhere else', async () => {
  const identity: RunIdentity = { runKey: 'a', runName: 'train' };
  await context.with(withRun(context.active(), identity), async () => {
    await Promise.resolve();
    expect(activeRun()).toBe(identity);
  });
  expect(activeRun()).toBeUndefined();
});

test('an id that becomes known later is seen by who holds the identity', () => {
  const identity: RunIdentity = { runKey: 'a', runName: 'train' };
  const inside = withRun(ROOT_CONTEXT, identity);
  identity.runId = 'id-1';
  expect(activeRun(inside)?.runId).toBe('id-1');
});

test('open runs are listed oldest first until they are taken off', () => {
  const first = open('a');
  const second = open('b');
  expect(openRuns()).toEqual([first, second]);
  removers.shift()?.();
  expect(openRuns()).toEqual([second]);
});

test('the one open run that startRun opened stands in where no context is active', () => {
  expect(activeRun()).toBeUndefined();
  const { identity } = open('a');
  expect(activeRun()).toBe(identity);
  open('b');
  expect(fallbackContext()).toBeUndefined();
  expect(activeRun()).toBeUndefined();
});

test('a run that runContext opened does not stand in', () => {
  open('a', false);
  expect(activeRun()).toBeUndefined();
});

test('code that asks for the root context stays outside every run', async () => {
  open('a');
  await context.with(ROOT_CONTEXT, async () => {
    await Promise.resolve();
    expect(activeRun()).toBeUndefined();
  });
  context.bind(ROOT_CONTEXT, () => expect(activeRun()).toBeUndefined())();
});

test('arguments, this and emitters go through as the base class has them', () => {
  const holder = { value: 2 };
  const add = function (this: typeof holder, more: number): number {
    return this.value + more;
  };
  expect(context.with(ROOT_CONTEXT, add, holder, 3)).toBe(5);
  const identity: RunIdentity = { runKey: 'a', runName: 'train' };
  const emitter = context.bind(withRun(ROOT_CONTEXT, identity), new EventEmitter());
  const seen: unknown[] = [];
  emitter.on('row', () => seen.push(activeRun()));
  emitter.emit('row');
  expect(seen).toEqual([identity]);
});
