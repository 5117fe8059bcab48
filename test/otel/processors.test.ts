// The span and log processors: stamping, alerting and the relay, on the real SDK's spans and on odd ones.
import { ROOT_CONTEXT, SpanStatusCode, context } from '@opentelemetry/api';
import type { Attributes, Context } from '@opentelemetry/api';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/model/redact.ts';
import { AlertSpanProcessor, raiseRunAlert } from '../../src/otel/alert-span-processor.ts';
import { RelaySpanProcessor } from '../../src/otel/relay-processor.ts';
import { activeRun, withRun } from '../../src/otel/run/run-context.ts';
import type { RunIdentity } from '../../src/otel/run/run-context.ts';
import { RunLogProcessor, RunSpanProcessor } from '../../src/otel/run/run-span-processor.ts';
import { startRunSpan } from '../../src/otel/run/start-run-span.ts';
import type { EndedSpan, SpanProcessorLike, StartedSpan } from '../../src/otel/sdk-types.ts';

const redactor = createRedactor();
let count = 0;
const nextKey = (): string => String(++count).padStart(32, '0');

function inRun(runId?: string): Context {
  const identity: RunIdentity = { runKey: nextKey(), runName: 'train', ...(runId ? { runId } : {}) };
  return withRun(ROOT_CONTEXT, identity);
}

function ended(attributes: Attributes, status: EndedSpan['status'] = { code: SpanStatusCode.ERROR }): EndedSpan {
  return {
    name: 'train',
    attributes: { 'runspan.kind': 'run', 'runspan.run_key': nextKey(), ...attributes },
    status,
    events: [],
    startTime: [0, 0],
    endTime: [1, 0],
    spanContext: () => ({ traceId: '0', spanId: '0', traceFlags: 0 }),
  };
}

describe('RunSpanProcessor', () => {
  test('throws nothing at the job when a span refuses attributes', () => {
    const processor = new RunSpanProcessor();
    const span = {
      setAttribute: (): never => {
        throw new Error('no');
      },
    };
    processor.onStart(span, inRun());
    processor.onEnding(span);
  });

  test.each([
    ['a run whose id is not known', {}],
    ['a run that another process has opened: its id is known, its page is not', { runId: 'id-1', isPageDue: true }],
  ])('%s: a span that is open when they come has both at its end', (_, known) => {
    const exporter = new InMemorySpanExporter();
    const tracer = new TracerProvider({
      spanProcessors: [new RunSpanProcessor(), new SimpleSpanProcessor({ exporter })],
    }).getTracer('user');
    const identity: RunIdentity = { runKey: nextKey(), runName: 'train', ...known };
    const span = tracer.startSpan('work', {}, withRun(ROOT_CONTEXT, identity));
    Object.assign(identity, { runId: 'id-1', runUrl: 'http://host/run', isPageDue: false });
    span.end();
    expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
      'mlflow.run_id': 'id-1',
      'mlflow.run_url': 'http://host/run',
    });
  });

  test('has nothing to flush or close', async () => {
    await expect(
      Promise.all([new RunSpanProcessor().forceFlush(), new RunSpanProcessor().shutdown()]),
    ).resolves.toBeDefined();
    await expect(
      Promise.all([new RunLogProcessor().forceFlush(), new RunLogProcessor().shutdown()]),
    ).resolves.toBeDefined();
  });
});

describe('RunSpanProcessor stamps a span', () => {
  const stamped = (at: Context): Attributes => ({ 'runspan.run_key': activeRun(at)?.runKey, 'mlflow.run_id': 'id-1' });

  test.each<[string, (set: Attributes) => Pick<StartedSpan, 'attributes'>]>([
    ['that shows its attributes', (set) => ({ attributes: set })],
    ['that does not', () => ({})],
    [
      'that shows a copy',
      (set) => Object.defineProperty({}, 'attributes', { get: () => ({ ...set }), enumerable: true }),
    ],
    ['whose attributes are frozen', () => ({ attributes: Object.freeze({}) })],
  ])('%s', (_, show) => {
    const at = inRun('id-1');
    const set: Attributes = {};
    const setAttribute = (key: string, value: string): string => (set[key] = value);
    new RunSpanProcessor().onStart(Object.assign(show(set), { setAttribute }), at);
    expect(set).toEqual(stamped(at));
  });

  test('whole, whatever limits the SDK has', () => {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({
      spanLimits: { attributeCountLimit: 1, attributeValueLengthLimit: 4 },
      spanProcessors: [new RunSpanProcessor(), new SimpleSpanProcessor({ exporter })],
    });
    const at = inRun('id-1');
    provider
      .getTracer('user')
      .startSpan('a', { attributes: { epoch: 'twelve', loss: 1 } }, at)
      .end();
    expect(exporter.getFinishedSpans()[0]?.attributes).toEqual({ epoch: 'twel', ...stamped(at) });
  });
});

test('RunLogProcessor stamps the records of a run and no others', () => {
  const exporter = new InMemoryLogRecordExporter();
  const processors = [new RunLogProcessor(), new SimpleLogRecordProcessor({ exporter })];
  const logger = new LoggerProvider({ processors }).getLogger('user');
  const inside = inRun('id-1');
  logger.emit({ body: 'inside', context: inside });
  logger.emit({ body: 'outside', context: ROOT_CONTEXT });
  const [first, second] = exporter.getFinishedLogRecords();
  expect(first?.attributes).toMatchObject({ 'mlflow.run_id': 'id-1' });
  expect(first?.attributes['runspan.run_key']).toHaveLength(32);
  expect(second?.attributes).toEqual({});
});

test('RunLogProcessor sets what is missing or wrong, and nothing that stands there already', () => {
  const at = inRun('id-1');
  const runKey = activeRun(at)?.runKey;
  const emit = (attributes?: Attributes): string[] => {
    const set: string[] = [];
    const setAttribute = (key: string, value: string): number => set.push(`${key}=${value}`);
    new RunLogProcessor().onEmit({ ...(attributes && { attributes }), setAttribute }, at);
    return set;
  };
  const both = [`runspan.run_key=${runKey}`, 'mlflow.run_id=id-1'];
  expect(emit({ 'runspan.run_key': runKey, 'mlflow.run_id': 'id-1' })).toEqual([]);
  expect(emit({ 'runspan.run_key': runKey, 'mlflow.run_id': 'another' })).toEqual(both.slice(1));
  expect(emit()).toEqual(both); // a record of an SDK that shows no attributes
});

describe('AlertSpanProcessor', () => {
  function collect(): { alerts: string[][]; processor: AlertSpanProcessor } {
    const alerts: string[][] = [];
    const sink = { notify: (title: string, message: string) => void alerts.push([title, message]) };
    return { alerts, processor: new AlertSpanProcessor(sink, (text) => redactor.redactText(text)) };
  }

  test('says what failed, why, in which experiment and where to look', () => {
    const { alerts, processor } = collect();
    processor.onEnd({
      ...ended({
        'mlflow.run_name': 'train',
        'mlflow.experiment_name': 'churn',
        'mlflow.run_url': 'http://m/#/runs/1',
      }),
      events: [
        {
          name: 'exception',
          time: [0, 0],
          attributes: { 'exception.type': 'RangeError', 'exception.message': 'no rows' },
        },
      ],
    });
    expect(alerts).toEqual([['Run train failed', 'RangeError: no rows | experiment churn | http://m/#/runs/1']]);
  });

  test('alerts for a killed run too, and says so', () => {
    const { alerts, processor } = collect();
    const status = { code: SpanStatusCode.ERROR, message: 'SIGTERM' };
    processor.onEnd(ended({ 'mlflow.run.status': 'KILLED', 'mlflow.run_id': 'id-1' }, status));
    expect(alerts).toEqual([['Run train was killed', 'SIGTERM | run id-1']]);
  });

  test('is silent for spans that are no run and for runs that went well', () => {
    const { alerts, processor } = collect();
    processor.onEnd(ended({ 'runspan.kind': 'phase' }));
    processor.onEnd(ended({}, { code: SpanStatusCode.UNSET }));
    processor.onEnd(ended({}, { code: SpanStatusCode.OK }));
    expect(alerts).toEqual([]);
  });

  test('alerts once for a run that an SDK and the run itself show', () => {
    const { alerts, processor } = collect();
    const copy = collect();
    const provider = new TracerProvider({ spanProcessors: [processor, copy.processor] });
    const runKey = nextKey();
    const inner = provider
      .getTracer('t')
      .startSpan('train', { attributes: { 'runspan.kind': 'run', 'runspan.run_key': runKey } });
    const { span } = startRunSpan({ name: 'train', runKey, alertProcessor: processor });
    inner.setStatus({ code: SpanStatusCode.ERROR }).end();
    span.setStatus({ code: SpanStatusCode.ERROR }).end();
    expect([...alerts, ...copy.alerts]).toHaveLength(1);
  });

  test('masks secrets and cuts a long text', () => {
    const { alerts, processor } = collect();
    const message = `postgres://me:hunter2@db/x ${'x'.repeat(1000)}`;
    processor.onEnd(ended({}, { code: SpanStatusCode.ERROR, message }));
    expect(alerts[0]?.[1]).not.toContain('hunter2');
    expect(alerts[0]?.[1]?.length).toBeLessThan(400);
  });

  test('lets no failure of the sink reach the job', () => {
    const notify = (): never => {
      throw new Error('no display');
    };
    new AlertSpanProcessor({ notify }).onEnd(ended({}));
    expect(raiseRunAlert({ notify }, { runKey: nextKey(), runName: 'x', isKilled: false })).toBe(false);
  });

  test('remembers a bounded number of runs', () => {
    const { alerts, processor } = collect();
    const first = ended({});
    processor.onEnd(first);
    for (let index = 0; index < 10_000; index++) processor.onEnd(ended({}));
    processor.onEnd(first);
    expect(alerts).toHaveLength(10_002);
  });

  test('has nothing to start, flush or close', async () => {
    const { processor } = collect();
    processor.onStart();
    await expect(Promise.all([processor.forceFlush(), processor.shutdown()])).resolves.toBeDefined();
  });
});

describe('RelaySpanProcessor', () => {
  function recorder(calls: string[], name: string): SpanProcessorLike {
    return {
      onStart: () => void calls.push(`${name} start`),
      onEnding: () => void calls.push(`${name} ending`),
      onEnd: () => void calls.push(`${name} end`),
      forceFlush: async () => void calls.push(`${name} flush`),
      shutdown: async () => void calls.push(`${name} shutdown`),
    };
  }

  test('hands spans to what is plugged in, in order, until it is plugged out', async () => {
    const calls: string[] = [];
    const relay = new RelaySpanProcessor();
    const a = recorder(calls, 'a');
    const removeA = relay.add(a);
    relay.add(a);
    relay.add(recorder(calls, 'b'));
    const tracer = new TracerProvider({ spanProcessors: [relay] }).getTracer('t');
    tracer.startSpan('x').end();
    removeA();
    removeA();
    tracer.startSpan('y').end();
    await relay.forceFlush();
    await relay.shutdown();
    await relay.forceFlush();
    expect(calls).toEqual([
      'a start',
      'b start',
      'a ending',
      'b ending',
      'a end',
      'b end',
      'b start',
      'b ending',
      'b end',
      'b flush',
      'b shutdown',
    ]);
  });

  test('one that throws starves neither the others nor the job', async () => {
    const exporter = new InMemorySpanExporter();
    const relay = new RelaySpanProcessor();
    const fail = (): never => {
      throw new Error('no');
    };
    relay.add({
      onStart: fail,
      onEnding: fail,
      onEnd: fail,
      forceFlush: async () => fail(),
      shutdown: async () => fail(),
    });
    relay.add(new SimpleSpanProcessor({ exporter }) as unknown as SpanProcessorLike);
    new TracerProvider({ spanProcessors: [relay] }).getTracer('t').startSpan('x').end();
    await relay.forceFlush();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(relay.failureCount).toBe(4);
  });

  test('waits for a processor that hangs no longer than its deadline', async () => {
    const relay = new RelaySpanProcessor({ flushTimeoutMs: 5 });
    const hang = (): Promise<void> => new Promise(() => undefined);
    relay.add({ onStart: () => undefined, onEnd: () => undefined, forceFlush: hang, shutdown: hang });
    await relay.forceFlush();
    await relay.shutdown();
    expect(context.active()).toBe(ROOT_CONTEXT);
  });
});
