// A client upon an outbox that remembers what it was asked by name, and answers as the test says.
import { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import type { Outbox } from '../../../src/outbox/contract.ts';

/** What was asked, in order: endpoints by their name, other calls of the store by theirs. */
export type Asked = [name: string, ...args: unknown[]][];

/** Answers by the name that was asked: a value, or a function of what was asked; an error is thrown. */
export type Answers = Readonly<Record<string, unknown>>;

export function askedClient(
  answers: Answers,
  options: { readonly experimentName?: string } = {},
): { readonly client: MlflowClient; readonly asked: Asked } {
  const asked: Asked = [];
  const call = async (method: string, args: readonly unknown[]): Promise<unknown> => {
    const [name, given] = method === 'request' ? [String(args[0]), args.slice(1)] : [method, args];
    asked.push([name, ...given]);
    const answer = answers[name];
    const value: unknown = typeof answer === 'function' ? answer(...given) : answer;
    if (value instanceof Error) throw value;
    return value;
  };
  // A fake of our own contract: only `call` is used, and its answer's type depends on the method's name.
  const outbox = { call } as unknown as Pick<Outbox, 'call'>;
  return {
    client: new MlflowClient({
      outbox,
      trackingUri: 'u',
      registryUri: 'r',
      timeoutMs: 5,
      now: () => 42,
      ...options,
      openArtifacts: () => Promise.reject(new Error('no artifacts here')),
    }),
    asked,
  };
}
