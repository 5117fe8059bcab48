// The logger: its lines, levels, sinks, and the same lines as OpenTelemetry log records.
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { context, logs, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LoggerOptions } from '../../../src/config/settings/logger-settings.ts';
import { startRunSpan } from '../../../src/otel/run/start-run-span.ts';
import { suppressTracing } from '../../../src/otel/suppress-tracing.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';

const logExporter = new InMemoryLogRecordExporter();
const spanExporter = new InMemorySpanExporter();
const folder = mkdtempSync(join(tmpdir(), 'runspan-logger-'));
const runKey = 'a'.repeat(32);
let fileCount = 0;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })] }),
  );
  logs.setGlobalLoggerProvider(
    new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: logExporter })] }),
  );
});

beforeEach(() => {
  logExporter.reset();
  spanExporter.reset();
});

interface Case {
  readonly service: LoggerService;
  readonly file: string;
  readonly lines: () => string[];
}

function makeLogger(options: LoggerOptions = {}): Case {
  const file = join(folder, `${++fileCount}`, 'deep', 'job.log');
  const service = new LoggerService({ sink: file, source: false, ...options });
  return { service, file, lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

const stamp = String.raw`\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]`;

describe('lines', () => {
  test('L1: debug and error are both captured', async () => {
    const { service, lines } = makeLogger({ colorize: false });
    await service.start();
    service.logger().debug('DEBUG');
    service.logger().error('ERROR');
    await service.stop();
    expect(lines()).toEqual([
      expect.stringMatching(new RegExp(`^${stamp}\\[DEBUG\\] DEBUG$`)),
      expect.stringMatching(new RegExp(`^${stamp}\\[ERROR\\] ERROR$`)),
    ]);
  });

  test('L2: at level INFO only info is written, not debug', () => {
    const { service, lines } = makeLogger({ level: 'INFO' });
    service.logger().debug('no');
    service.logger().info('yes');
    expect(lines()).toEqual([expect.stringContaining('yes')]);
  });

  test('L3: started twice, one call writes one line and makes one OpenTelemetry record', async () => {
    const { service, lines } = makeLogger();
    await service.start();
    await service.start();
    service.logger().info('once');
    await service.stop();
    expect(lines()).toHaveLength(1);
    expect(logExporter.getFinishedLogRecords()).toHaveLength(1);
  });

  test('L4: a path in a folder that is not there makes the folder, and its lines are the origin’s', async () => {
    const { service, file, lines } = makeLogger({ source: true });
    expect(existsSync(dirname(dirname(file)))).toBe(false);
    await service.start();
    service.logger().info('msg');
    await service.stop();
    expect(lines()).toEqual([
      expect.stringMatching(new RegExp(`^${stamp}\\[INFO\\]\\[logger-service\\.test:.+:\\d+\\] msg$`)),
    ]);
  });

  test('L5: serialize writes one JSON object a line, with text and loguru’s record', () => {
    const { service, lines } = makeLogger({ serialize: true, source: true });
    service.logger().child({ fold: 3 }).error({ rows: 0 }, 'no rows');
    const line = JSON.parse(lines()[0] ?? '') as Record<string, Record<string, unknown>>;
    expect(line['text']).toMatch(
      new RegExp(`^${stamp}\\[ERROR\\]\\[logger-service\\.test:.+:\\d+\\] no rows fold=3 rows=0\n$`),
    );
    expect(line['record']).toMatchObject({
      exception: null,
      extra: { fold: 3, rows: 0 },
      file: { name: 'logger-service.test.ts' },
      level: { name: 'ERROR', no: 40 },
      message: 'no rows',
      module: 'logger-service.test',
      name: 'logger-service.test',
      process: { id: process.pid, name: 'MainProcess' },
      thread: { name: 'MainThread' },
      elapsed: { repr: expect.stringMatching(/^0:00:\d\d\.\d{6}$/) as string },
      time: { repr: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/) as string },
    });
    const time = line['record']?.['time'] as { timestamp: number } | undefined;
    expect(Math.abs((time?.timestamp ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  });

  test.each([
    ['an unknown level', { level: 'NOPE' }, 'level'],
    ['an unknown field', { sinc: 'stderr' }, 'sinc'],
    ['a wrong type', { colorize: 'true' }, 'colorize'],
  ])('L6: %s is refused by name', (_, options, field) => {
    expect(() => new LoggerService(options as LoggerOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_SETTINGS', message: expect.stringContaining(field) as string }),
    );
  });

  test('a template says what a line shows; the text of a JSON line too, without colours', async () => {
    const format = '<level>{level: <8}</level>|{message}|{extra[rows]:>5}|{extra[password]}';
    const text = makeLogger({ format });
    text.service.logger().warn({ rows: 442, password: 'hunter2' }, 'loaded');
    expect(text.lines()).toEqual(['WARNING |loaded|  442|[REDACTED]']);
    const json = makeLogger({ format, serialize: true, colorize: true });
    json.service.logger().warn({ rows: 442 }, 'loaded');
    expect(JSON.parse(json.lines()[0] ?? '')).toMatchObject({ text: 'WARNING |loaded|  442|\n' });
    await json.service.stop();
  });

  test('a template in colours where colorize says so', () => {
    const { service, lines } = makeLogger({ format: '<green>{message}</green>', colorize: true });
    service.logger().info('go');
    expect(lines()).toEqual(['\u001B[32mgo\u001B[0m']);
  });

  test('a wrong template is refused at construction, by token and position', () => {
    expect(() => new LoggerService({ format: '{message} {mesage}' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_SETTINGS',
        details: { field: 'logger.format', token: '{mesage}', position: 10 },
      }),
    );
  });

  test.each(['TRACE', 'debug', 'Info', 'SUCCESS', 'warning', 'WARN', 'error', 'critical', 'fatal'] as const)(
    'level %s lets through what is as grave and nothing below',
    (level) => {
      const { service, lines } = makeLogger({ level: level as 'INFO' });
      const logger = service.logger();
      const all = ['trace', 'debug', 'info', 'success', 'warn', 'error', 'critical'] as const;
      for (const name of all) logger[name](name);
      const word = { warning: 'warn', fatal: 'critical' }[level.toLowerCase()] ?? level.toLowerCase();
      expect(lines().map((line) => line.split(' ').at(-1))).toEqual(all.slice(all.indexOf(word as 'info')));
    },
  );

  test('fields are readable, and quoted where they must be', () => {
    const { service, lines } = makeLogger();
    service.logger().info({ rows: 442, name: 'a b', path: '/x', nested: { a: [1] }, none: null }, 'loaded');
    expect(lines()[0]).toMatch(/loaded rows=442 name="a b" path=\/x nested=\{"a":\[1\]\} none=null$/);
  });

  test('a message that is no text, and none at all, are written too', () => {
    const { service, lines } = makeLogger();
    service.logger().info({ a: 1 });
    service.logger().info(42 as never);
    expect(lines()[0]).toMatch(/\[INFO\] a=1$/);
    expect(lines()[1]).toMatch(/\[INFO\] 42$/);
  });

  test('with backtrace an error shows its stack, its causes and the errors in it', () => {
    const { service, lines } = makeLogger();
    const cause = new RangeError('no rows');
    service.logger().error(new Error('cannot train', { cause }));
    service.logger().error({ err: new AggregateError([new TypeError('a'), new TypeError('b')], 'both') }, 'twice');
    const text = lines().join('\n');
    expect(text).toMatch(/\[ERROR\] cannot train\nError: cannot train\n {4}at .*logger-service\.test\.ts/);
    expect(text).toContain('caused by: RangeError: no rows');
    expect(text).toMatch(/\[0\] TypeError: a\n/);
    expect(text).toMatch(/\[1\] TypeError: b\n/);
  });

  test('without backtrace an error is one line', () => {
    const { service, lines } = makeLogger({ backtrace: false });
    service.logger().error({ err: new Error('cannot\ntrain', { cause: new RangeError('no rows') }) }, 'failed');
    expect(lines()).toEqual([expect.stringMatching(/failed err="Error: cannot train: no rows"$/)]);
  });

  test('an error in another field is no empty object, and one that cannot be read is no failure', () => {
    const { service, lines } = makeLogger();
    const unreadable = new Error('x');
    Object.defineProperty(unreadable, 'message', { get: () => expect.fail('read') });
    service.logger().warn({ error: new Error('why') }, 'retry');
    service.logger().warn({ err: unreadable }, 'odd');
    expect(lines()[0]).toContain('"message":"why"');
    expect(lines().join('\n')).toContain('[not readable]');
  });

  test('colours are used where they are asked for, and not in a file', () => {
    const colored = makeLogger({ colorize: true });
    const plain = makeLogger();
    for (const { service } of [colored, plain]) service.logger().warn('x');
    expect(colored.lines()[0]).toContain('\u001B[1;33m[WARNING]\u001B[0m');
    expect(plain.lines()[0]).not.toContain('\u001B[');
  });
});

describe('secrets', () => {
  test('are masked in bound and merged fields, messages and errors, in the line and in the record', async () => {
    const { service, lines } = makeLogger();
    await service.start();
    const error = Object.assign(new Error('cannot reach postgres://me:hunter2@db/x'), {
      config: { headers: { authorization: 'hunter2' } },
    });
    const logger = service.logger().child({ api_key: 'hunter2' });
    logger.info({ user: { password: 'hunter2' }, max_tokens: 512 }, 'at redis://:hunter2@cache');
    logger.error(error);
    await service.stop();
    const records = logExporter.getFinishedLogRecords().map(({ body, attributes }) => [body, attributes]);
    expect(records).toHaveLength(2);
    expect(lines().join('\n') + JSON.stringify(records)).not.toContain('hunter2');
    expect(lines()[0]).toContain('max_tokens=512');
  });
});

describe('inside a run', () => {
  test('a line carries trace id, span id and run key, outside it does not', () => {
    const { service, lines } = makeLogger();
    const { span, context: inside } = startRunSpan({ name: 'train', runKey });
    const { traceId, spanId } = span.spanContext();
    context.with(inside, () => service.logger().info('inside'));
    service.logger().info('outside');
    expect(lines()[0]).toMatch(new RegExp(`inside trace_id=${traceId} span_id=${spanId} run=${runKey}$`));
    expect(lines()[1]).toMatch(/outside$/);
  });

  test('serialized lines carry them beside the record', () => {
    const { service, lines } = makeLogger({ serialize: true });
    const { span, context: inside } = startRunSpan({ name: 'train', runKey });
    const { traceId, spanId } = span.spanContext();
    context.with(inside, () => service.logger().info('inside'));
    expect(JSON.parse(lines()[0] ?? '')).toMatchObject({
      trace_id: traceId,
      span_id: spanId,
      trace_flags: '01',
      run_key: runKey,
    });
  });

  test('the OpenTelemetry record carries span, run, severity, time, source, fields and exception', async () => {
    const { service } = makeLogger({ source: true });
    await service.start();
    const { span, context: inside, identity } = startRunSpan({ name: 'train', runKey });
    identity.runId = 'id-1';
    const before = Date.now();
    context.with(inside, () => service.logger().error({ err: new RangeError('no rows'), rows: 0 }, 'failed'));
    await service.stop();
    const [record] = logExporter.getFinishedLogRecords();
    expect([record?.body, record?.severityNumber, record?.severityText]).toEqual(['failed', 17, 'ERROR']);
    expect(record?.spanContext).toEqual(span.spanContext());
    expect(record).toMatchObject({
      instrumentationScope: { name: 'runspan' },
      attributes: {
        rows: 0,
        'exception.type': 'RangeError',
        'exception.message': 'no rows',
        'exception.stacktrace': expect.stringContaining('RangeError: no rows') as string,
        'runspan.run_key': runKey,
        'mlflow.run_id': 'id-1',
        'code.file.path': import.meta.filename,
        'code.line.number': expect.any(Number) as number,
      },
    });
    const time = (record?.hrTime[0] ?? 0) * 1000 + (record?.hrTime[1] ?? 0) / 1e6;
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });
});

describe('source', () => {
  const sourceOf = async (source: boolean): Promise<unknown> => {
    const text = makeLogger({ source });
    const json = makeLogger({ serialize: true, source });
    await text.service.start();
    text.service.logger().info('line');
    json.service.logger().info('line');
    await Promise.all([text.service.stop(), json.service.stop()]);
    const { record } = JSON.parse(json.lines()[0] ?? '') as { record: Record<string, unknown> };
    const [first] = logExporter.getFinishedLogRecords();
    return {
      text: /^\[[^\]]*\]\[INFO\](?:\[logger-service\.test:.+:\d+\])? line$/
        .exec(text.lines()[0] ?? '')?.[0]
        .includes('.test:'),
      json: [record['file'], record['name'], record['line']].some((part) =>
        String(JSON.stringify(part)).includes('test'),
      ),
      otel: Object.keys(first?.attributes ?? {}).filter((name) => name.startsWith('code.')),
    };
  };

  test('true: each line, JSON record and OpenTelemetry record says where it was called', async () => {
    const otel = ['code.function.name', 'code.file.path', 'code.line.number'];
    expect(await sourceOf(true)).toEqual({ text: true, json: true, otel: expect.arrayContaining(otel) as string[] });
  });

  test('false: none of them does', async () => {
    expect(await sourceOf(false)).toEqual({ text: false, json: false, otel: [] });
  });

  test('is on where nobody says', () => {
    expect(new LoggerService().settings.source).toBe(true);
    expect(new LoggerService({ source: false }).settings.source).toBe(false);
  });
});

describe('OpenTelemetry records', () => {
  test('have the severity of their level', async () => {
    const { service } = makeLogger({ level: 'TRACE' });
    await service.start();
    const logger = service.logger();
    for (const name of ['trace', 'debug', 'info', 'success', 'warn', 'error', 'critical'] as const) logger[name](name);
    await service.stop();
    const sent = logExporter.getFinishedLogRecords().map((record) => [record.severityText, record.severityNumber]);
    expect(sent).toEqual([
      ['TRACE', 1],
      ['DEBUG', 5],
      ['INFO', 9],
      ['SUCCESS', 10],
      ['WARNING', 13],
      ['ERROR', 17],
      ['CRITICAL', 21],
    ]);
  });

  test('are made in a later turn, all of a burst and in its order', async () => {
    const { service } = makeLogger();
    await service.start();
    for (let line = 0; line < 2_500; line++) service.logger().info({ line }, 'x');
    expect(logExporter.getFinishedLogRecords()).toHaveLength(0);
    expect(service.stats().waitingCount).toBe(2_500);
    await new Promise((resolve) => setImmediate(resolve));
    expect(logExporter.getFinishedLogRecords()).toHaveLength(1_000);
    await service.flush();
    const numbers = logExporter.getFinishedLogRecords().map((record) => record.attributes['line']);
    expect(numbers).toEqual(Array.from({ length: 2_500 }, (_, index) => index));
    await service.stop();
  });

  test('do not pile up in one long turn', async () => {
    const { service } = makeLogger();
    await service.start();
    for (let line = 0; line < 10_000; line++) service.logger().info('x');
    expect(service.stats().waitingCount).toBeLessThan(8_192);
    await service.stop();
    expect(service.stats()).toMatchObject({ emittedCount: 10_000, waitingCount: 0 });
  });

  test('are not made when otel is off, before start or after stop', async () => {
    const off = makeLogger({ otel: 'off' });
    const on = makeLogger();
    on.service.logger().info('before');
    for (const { service } of [off, on]) await service.start();
    off.service.logger().info('off');
    for (const { service } of [off, on]) await service.stop();
    await on.service.start();
    await on.service.stop();
    expect(logExporter.getFinishedLogRecords()).toEqual([]);
    expect(on.lines()).toHaveLength(1);
    expect(off.lines()).toHaveLength(1);
  });

  test('are not made twice: instrumentation-pino, which has wrapped the logger, sends them already', async () => {
    const { service, lines } = makeLogger();
    const logger = service.logger();
    const symbol = Object.getOwnPropertySymbols(logger).find(({ description }) => description === 'pino.stream') ?? '';
    const own: unknown = Reflect.get(logger, symbol);
    class OTelPinoStream {}
    const wrapped = {
      streams: [{ stream: own }, { stream: new OTelPinoStream() }],
      write: (line: string) => Reflect.apply(Reflect.get(own as object, 'write'), own, [line]),
    };
    Object.defineProperty(logger, symbol, { value: wrapped });
    await service.start();
    logger.info('once');
    await service.stop();
    expect(lines()).toHaveLength(1);
    expect(logExporter.getFinishedLogRecords()).toEqual([]);
  });

  test('are not made of lines that telemetry’s own traffic writes', async () => {
    const { service, lines } = makeLogger();
    await service.start();
    suppressTracing(() => service.logger().warn('export failed'));
    await service.stop();
    expect(lines()).toHaveLength(1);
    expect(logExporter.getFinishedLogRecords()).toEqual([]);
  });

  test('a provider that throws reaches nobody and is counted', async () => {
    const { service, lines } = makeLogger();
    await service.start();
    const throwing = new LoggerProvider({
      processors: [
        {
          onEmit: () => expect.fail('no'),
          forceFlush: () => Promise.reject(new Error('no')),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
    const provider = logs.getLoggerProvider();
    logs.disable();
    logs.setGlobalLoggerProvider(throwing);
    service.logger().info('x');
    await service.stop();
    logs.disable();
    logs.setGlobalLoggerProvider(provider);
    expect(lines()).toHaveLength(1);
    expect(service.stats().emitFailureCount).toBe(1);
  });
});

test('the logger is one object, works before start, and writes on after a restart', async () => {
  const { service, lines } = makeLogger();
  const logger = service.logger();
  logger.info('before');
  await service.start();
  logger.info('started');
  await service.stop();
  await service.start();
  logger.info('again');
  await service.stop();
  expect(service.logger()).toBe(logger);
  expect(lines()).toHaveLength(3);
});

test('children keep level, bindings, serializers, prefix and redaction of their own', () => {
  const { service, lines } = makeLogger({ level: 'INFO' });
  const child = service
    .logger()
    .child(
      { fold: 3 },
      { level: 'trace', msgPrefix: 'cv: ', serializers: { rows: (rows: unknown[]) => rows.length }, redact: ['pin'] },
    );
  child.trace({ rows: [1, 2], pin: '1234' }, 'deep');
  child.child({ part: 'a' }).critical('deeper');
  service.logger().child({}, { level: 'silent' }).critical('never');
  expect(lines()[0]).toMatch(/\[TRACE\] cv: deep fold=3 rows=2 pin=\[Redacted\]$/);
  expect(lines()[1]).toMatch(/\[CRITICAL\] cv: deeper fold=3 part=a$/);
  expect(lines()).toHaveLength(2);
});

test('span wraps a piece of work, returns what it returns and records what it throws', async () => {
  const { service } = makeLogger();
  expect(service.span('load', { rows: 3 }, () => 42)).toBe(42);
  await expect(service.span('fit', () => Promise.reject(new RangeError('no rows')))).rejects.toThrow('no rows');
  expect(spanExporter.getFinishedSpans()).toMatchObject([
    { name: 'load', attributes: { rows: 3 }, status: { code: 0 } },
    { name: 'fit', status: { code: 2 }, attributes: { 'error.type': 'RangeError' } },
  ]);
});
