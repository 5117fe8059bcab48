// Calls that our client and Python's make of the same store: each is answered by both, or refused with the same code and status.
import { expect } from 'vitest';
import { MlflowError, type MlflowClient } from '../../src/index.ts';
import { callPython, type PythonCall } from './backends.ts';

/** A method of the client with its arguments; an object at the end is options. */
export type Call = readonly [method: keyof MlflowClient, ...args: unknown[]];

/** Makes all calls with our client, then with Python's, and expects the same of both. */
export async function expectRefusedAlike(client: MlflowClient, uri: string, calls: readonly Call[]): Promise<void> {
  const ours: unknown[] = [];
  for (const [method, ...args] of calls) ours.push([method, args, await outcomeOf(client, method, args)]);
  const answers = await callPython(uri, calls.map(toPython));
  const theirs = answers.map((answer, index) => {
    const [method, ...args] = calls[index] ?? [''];
    return [method, args, 'value' in answer ? 'answered' : `${answer.error_code} ${answer.status}`];
  });
  expect(ours).toEqual(theirs);
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function toPython([method, ...args]: Call): PythonCall {
  const [last] = args.slice(-1);
  const options = typeof last === 'object' && last !== null ? last : undefined;
  const keywords = Object.fromEntries(Object.entries(options ?? {}).map(([key, value]) => [snake(key), value]));
  return [snake(method), options === undefined ? args : args.slice(0, -1), keywords];
}

async function outcomeOf(client: MlflowClient, method: keyof MlflowClient, args: readonly unknown[]): Promise<string> {
  // The cast: the names and arguments are those of the callers' tables.
  const call = client[method] as (...given: readonly unknown[]) => Promise<unknown> | { all(): Promise<unknown> };
  try {
    const answer = call.call(client, ...args);
    await ('all' in answer ? answer.all() : answer);
    return 'answered';
  } catch (error) {
    if (error instanceof MlflowError) return `${error.errorCode} ${error.status}`;
    throw error;
  }
}
