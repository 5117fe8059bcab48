// A run's spans to a store that keeps traces: logged, linked, looked at; and what a store that keeps none, or refuses them, costs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MlflowError, mlflowError } from '../../../src/errors.ts';
import type { ArtifactWrite } from '../../../src/model/write.ts';
import { deliverTrace, linkTrace } from '../../../src/outbox/delivery/deliver-trace.ts';
import type { Delivery } from '../../../src/outbox/delivery/delivery.ts';
import { nodeSystem } from '../../../src/outbox/machine/node-system.ts';
import type { TraceStore } from '../../../src/stores/contract.ts';
import { openTestDrain } from '../deliveries.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, runKey } from '../writes.ts';

const key = runKey(1);
const [first, second] = ['1'.repeat(32), '2'.repeat(32)];
const spans = (...traceIds: readonly string[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: traceIds.map((traceId) => ({ traceId })) }] }] });
const write: ArtifactWrite = {
  kind: 'artifact',
  runKey: key,
  path: 'runspan/spans.jsonl',
  isTrace: true,
  source: { kind: 'spool', file: 'a' },
};

/** A store of traces in memory, whose next call can fail. */
class MemoryTraces implements TraceStore {
  readonly logged: { experimentId: string; runId: string; line: string }[] = [];
  readonly linked: Map<string, Set<string>> = new Map();
  fail: (method: keyof TraceStore) => Error | undefined = () => undefined;
  /** Traces that are linked and do not show, as with a server that answers 200 to anything. */
  hidden: readonly string[] = [];

  async log(request: Parameters<TraceStore['log']>[0]): Promise<void> {
    await this.#act('log');
    this.logged.push(request);
  }

  async link(runId: string, traceIds: readonly string[]): Promise<void> {
    await this.#act('link');
    const known = this.linked.get(runId) ?? new Set();
    for (const id of traceIds) known.add(id);
    this.linked.set(runId, known);
  }

  async list(_experimentId: string, runId: string): Promise<readonly string[]> {
    await this.#act('list');
    return [...(this.linked.get(runId) ?? [])].filter((id) => !this.hidden.includes(id));
  }

  async #act(method: keyof TraceStore): Promise<void> {
    await Promise.resolve();
    const error = this.fail(method);
    if (error !== undefined) throw error;
  }
}

interface Opened {
  readonly delivery: Delivery;
  readonly traces: MemoryTraces;
  readonly warnings: string[];
  readonly file: (text: string) => string;
}

/** A drain that has delivered a run, open or ended, and its delivery for the trace. */
async function open(options: { chosenRunId?: boolean; isEnded?: boolean; traces?: boolean } = {}): Promise<Opened> {
  const folder = tempFolder();
  const traces = new MemoryTraces();
  const store = Object.assign(
    new MemoryStore({ chosenRunId: options.chosenRunId ?? false }),
    options.traces === false ? {} : { traces },
  );
  const drain = openTestDrain(store, { disk: nodeSystem().disk });
  drain.add(create(key), ...(options.isEnded === true ? [end(key)] : []));
  await drain.deliver();
  const file = (text: string): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'spans.jsonl'), text);
    return join(folder, 'spans.jsonl');
  };
  return { delivery: drain.delivery, traces, warnings: drain.warnings, file };
}

describe('the spans of a run', () => {
  it.each([
    ['open', false],
    ['ended', true],
  ])('of an %s run are logged line by line, and every trace in them is linked once', async (_what, isEnded) => {
    const { delivery, traces, warnings, file } = await open({ isEnded });
    const lines = [spans(first, second), spans(first)];
    await deliverTrace(delivery, write, file(`${lines.join('\n')}\n`));
    expect(traces.logged).toEqual(lines.map((line) => ({ experimentId: '1', runId: 'store-000002', line })));
    expect(traces.linked).toEqual(new Map([['store-000002', new Set([first, second])]]));
    expect(warnings).toEqual([]);
  });

  it('are left alone where the store keeps no traces, or the file is gone', async () => {
    const without = await open({ traces: false });
    await deliverTrace(without.delivery, write, without.file(spans(first)));
    const { delivery, traces } = await open();
    await deliverTrace(delivery, write, '/no/such/file');
    expect(traces.logged).toEqual([]);
    expect([...without.warnings]).toEqual([]);
  });

  it.each([404, 405, 501])('cost one warning where the server has no such path (%i)', async (status) => {
    const { delivery, traces, warnings, file } = await open();
    traces.fail = () => new MlflowError('not found', { status, errorCode: 'ENDPOINT_NOT_FOUND', isRetryable: false });
    await deliverTrace(delivery, write, file(spans(first)));
    await deliverTrace(delivery, write, file(spans(second)));
    expect(warnings).toEqual([
      "The tracking server did not take a run's spans: it takes no traces. They are its artifact runspan/spans.jsonl.",
    ]);
  });

  it('cost one warning with the server’s words where it refuses them', async () => {
    const { delivery, traces, warnings, file } = await open();
    traces.fail = () => mlflowError('INVALID_PARAMETER_VALUE', 'spans are too old');
    await deliverTrace(delivery, write, file(spans(first)));
    expect(warnings).toEqual([expect.stringContaining('spans are too old')]);
  });

  it('are sent again where the server was away', async () => {
    const { delivery, traces, warnings, file } = await open();
    traces.fail = () => unavailable(false);
    await expect(deliverTrace(delivery, write, file(spans(first)))).rejects.toThrow();
    traces.fail = () => undefined;
    await deliverTrace(delivery, write, file(spans(first)));
    expect(traces.logged).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it('that are taken and do not show with their run are said', async () => {
    const { delivery, traces, warnings, file } = await open();
    traces.hidden = [second];
    await deliverTrace(delivery, write, file(spans(first, second)));
    expect(warnings).toEqual([expect.stringContaining(`does not show trace ${second} with it`)]);
  });

  it('of a run that the store does not have are its own error', async () => {
    const { delivery, file } = await open();
    await expect(deliverTrace(delivery, { ...write, runKey: runKey(9) }, file(spans(first)))).rejects.toThrow(
      MlflowError,
    );
  });
});

describe('the trace that a run’s tag names', () => {
  const tags = [{ key: 'otel.trace_id', value: first }];

  it('is linked from the first moment', async () => {
    const { delivery, traces } = await open();
    await linkTrace(delivery, 'r1', tags);
    await linkTrace(delivery, 'r2', [{ key: 'stage', value: 'dev' }]);
    expect(traces.linked).toEqual(new Map([['r1', new Set([first])]]));
  });

  it('costs the create nothing where that fails', async () => {
    const { delivery, traces, warnings } = await open();
    traces.fail = () => unavailable(false);
    await expect(linkTrace(delivery, 'r1', tags)).resolves.toBeUndefined();
    expect(warnings).toEqual([]);
  });
});
