import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bindIterator } from '../../../src/runs/open/bind-iterator.ts';

const KEY = createContextKey('test.bind-iterator');
const bound = ROOT_CONTEXT.setValue(KEY, 'bound');

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

describe('bindIterator', () => {
  test('advances a generator in the context it was bound to, wherever it is consumed', () => {
    function* read(): Generator<unknown> {
      yield context.active().getValue(KEY);
      yield context.active().getValue(KEY);
    }
    expect([...read()]).toEqual([undefined, undefined]);
    expect([...bindIterator(bound, read())]).toEqual(['bound', 'bound']);
  });

  test('advances an async generator in its context after each await', async () => {
    async function* read(): AsyncGenerator<unknown> {
      for (let turn = 0; turn < 2; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        yield context.active().getValue(KEY);
      }
    }
    const seen: unknown[] = [];
    for await (const value of bindIterator(bound, read())) seen.push(value);
    expect(seen).toEqual(['bound', 'bound']);
  });

  test('ends a generator that its consumer leaves early', () => {
    let isDone = false;
    function* read(): Generator<number> {
      try {
        yield 1;
        yield 2;
      } finally {
        isDone = context.active().getValue(KEY) === 'bound';
      }
    }
    for (const value of bindIterator(bound, read())) if (value === 1) break;
    expect(isDone).toBe(true);
  });

  test('leaves everything else as it is', () => {
    const promise = Promise.resolve(1);
    const array = [1, 2];
    expect([bindIterator(bound, promise), bindIterator(bound, array), bindIterator(bound, null)]).toEqual([
      promise,
      array,
      null,
    ]);
    expect(bindIterator(bound, promise)).toBe(promise);
  });
});
