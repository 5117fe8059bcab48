// A client whose calls are remembered, and answered one after the other.
import type { Outbox } from '../../../src/outbox/contract.ts';
import { MlflowClient, type MlflowClientOptions } from '../../../src/runs/client/mlflow-client.ts';

/** One call on the store; of what is asked by name, its name stands for the method. */
export interface RecordedCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Makes the client; an answer that is an Error is a refusal, and what has none is answered with undefined. */
export function recordingClient(
  answers: readonly unknown[] = [],
  more: Partial<MlflowClientOptions> = {},
): { client: MlflowClient; calls: RecordedCall[] } {
  const calls: RecordedCall[] = [];
  const call = (method: string, args: readonly unknown[]): Promise<unknown> => {
    calls.push(method === 'request' ? { method: String(args[0]), args: args.slice(1) } : { method, args });
    const answer = answers[calls.length - 1];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  // A fake of our own contract: only `call` is used, and its answer's type depends on the method's name.
  const outbox = { call } as unknown as Pick<Outbox, 'call'>;
  const client = new MlflowClient({
    outbox,
    trackingUri: 'u',
    registryUri: 'r',
    timeoutMs: 5,
    now: () => 42,
    ...more,
    openArtifacts: () => Promise.reject(new Error('no artifacts here')),
  });
  return { client, calls };
}
