// Stands before a real server and commits the faults that it is told to; it remembers what it handed on.
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Asked, Fault } from './faults.ts';
import { answerWith, commit, forward, readAsked } from './faults.ts';

/** Says what becomes of the n-th request, from 0 on; undefined: it goes through. */
export type Script = (index: number, asked: Asked) => Fault | undefined;

/** A running proxy. */
export class FaultyProxy {
  readonly #target: URL;
  /** Faults committed so far, by name. */
  readonly committed: Partial<Record<Fault, number>> = {};
  script: Script = () => undefined;
  /** Steps of each run in the order in which the server got them first. */
  readonly steps: Map<string, number[]> = new Map();
  #server: Server | undefined;
  #port = 0;
  #count = 0;

  constructor(targetUrl: string) {
    this.#target = new URL(targetUrl);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the port that it had before. */
  async up(): Promise<void> {
    const server = createServer((incoming, response) => {
      void readAsked(incoming)
        .then((asked) => this.#take(asked, response))
        // Whoever asked is gone, or the server behind is: there is no answer to give.
        .catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    // The cast: a TCP server's address is one.
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Nobody listens any more; what is under way is cut off. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #take(asked: Asked, response: Parameters<typeof answerWith>[0]): Promise<void> {
    const fault = this.script(this.#count++, asked);
    this.#noteSteps(asked);
    if (fault === undefined) return answerWith(response, await forward(this.#target, asked));
    this.committed[fault] = (this.committed[fault] ?? 0) + 1;
    await commit(fault, this.#target, asked, response);
  }

  #noteSteps({ path, body }: Asked): void {
    if (!path.endsWith('/runs/log-batch')) return;
    // The cast: the body of a log-batch request.
    const batch = JSON.parse(body.toString()) as {
      readonly run_id: string;
      readonly metrics?: readonly { readonly step: number }[];
    };
    const seen = this.steps.get(batch.run_id) ?? [];
    for (const { step } of batch.metrics ?? []) if (!seen.includes(Number(step))) seen.push(Number(step));
    this.steps.set(batch.run_id, seen);
  }
}

/** Runs something behind a proxy of its own. */
export async function behindProxy(targetUrl: string, act: (proxy: FaultyProxy) => Promise<void>): Promise<void> {
  const proxy = new FaultyProxy(targetUrl);
  await proxy.up();
  try {
    await act(proxy);
  } finally {
    await proxy.down();
  }
}
