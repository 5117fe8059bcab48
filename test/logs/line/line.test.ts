// The parts of a log line's way that are easier seen alone: the sink, odd lines, levels, time.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from '../../../src/model/redact.ts';
import { LogEntry, parseLine, redactRecord } from '../../../src/logs/entry/entry.ts';
import { readFlatLine } from '../../../src/logs/line/flat-line.ts';
import { levelOf, toPinoLevel } from '../../../src/logs/entry/levels.ts';
import { LogPipeline } from '../../../src/logs/pipeline.ts';
import { createPinoLogger, isInstrumented } from '../../../src/logs/pino-logger.ts';
import { LogSink } from '../../../src/logs/sink.ts';
import { createTextFormatter } from '../../../src/logs/line/text-line.ts';
import { formatLocalTime, formatOffset } from '../../../src/logs/entry/time.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-log-'));

function code(name: string): Error {
  return Object.assign(new Error(name), { code: name });
}

test('a full pipe is waited for, and a line that is taken in parts arrives whole', () => {
  const taken: Buffer[] = [];
  let asked = 0;
  const write = (_: number, data: string | Buffer): number => {
    if (asked++ < 2) throw code('EAGAIN');
    const bytes = Buffer.from(data as string).subarray(0, 4);
    taken.push(bytes);
    return bytes.length;
  };
  const sink = new LogSink({ sink: 'stdout', isCatching: true, write });
  sink.write('größer als vier\n');
  expect(Buffer.concat(taken).toString()).toBe('größer als vier\n');
  expect(sink.failureCount).toBe(0);
});

test('a file sink appends, and after it is closed lines go to stderr', () => {
  const file = join(folder, 'a', 'b.log');
  const fds: number[] = [];
  const first = new LogSink({ sink: file, isCatching: true });
  first.open();
  first.write('1\n');
  first.close();
  first.close();
  const second = new LogSink({ sink: file, isCatching: true });
  second.write('2\n');
  second.close();
  expect(readFileSync(file, 'utf8')).toBe('1\n2\n');
  const third = new LogSink({
    sink: file,
    isCatching: true,
    write: (fd, data) => (fds.push(fd), Buffer.byteLength(data)),
  });
  third.close();
  third.write('3\n');
  expect(fds).toEqual([2]);
  expect(third.isTerminal).toBe(false);
});

test('the process’s own streams are never closed', () => {
  const fds: number[] = [];
  const sink = new LogSink({
    sink: 'stdout',
    isCatching: true,
    write: (fd, data) => (fds.push(fd), Buffer.byteLength(data)),
  });
  sink.close();
  sink.write('x\n');
  expect(fds).toEqual([1]);
});

test('a line that is no JSON object is written as a message', () => {
  expect(parseLine('plain text\n')).toMatchObject({ level: 30, msg: 'plain text' });
  expect(parseLine('[1]\n')).toMatchObject({ msg: '[1]' });
  expect(parseLine('{"level":40,"msg":"x"}\n')).toEqual({ level: 40, msg: 'x' });
});

test('redaction changes nothing but secrets, for any record', () => {
  const redactor = createRedactor();
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string({ minLength: 9 }), (fields, secret) => {
      const record = parseLine(JSON.stringify({ ...fields, level: 30, time: 0, db_password: secret }));
      const clean = parseLine(JSON.stringify({ ...fields, level: 30, time: 0 }));
      delete record['__proto__'];
      expect(redactRecord(record, redactor)).toBe(true);
      expect(record['db_password']).toBe('[REDACTED]');
      for (const [key, value] of Object.entries(clean)) if (record[key] !== value) expect(key).not.toBe('level');
    }),
  );
});

test('a flat line reads the same the quick way as parsed', () => {
  const redactor = createRedactor();
  const format = createTextFormatter({ isColored: false, hasBacktrace: true });
  const scalars = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const keys = fc
    .oneof(fc.string(), fc.constantFrom('rows', 'api_key', 'loss', 'err', 'name'))
    .filter((key) => !['level', 'time', 'msg', '__proto__'].includes(key) && !/^\d+$/.test(key));
  let flatCount = 0;
  fc.assert(
    fc.property(fc.dictionary(keys, scalars), fc.option(fc.string(), { nil: undefined }), (fields, msg) => {
      const line = `${JSON.stringify({ level: 30, time: 1_700_000_000_000, ...fields, msg })}\n`;
      const flat = readFlatLine(line, (name) => redactor.isSensitive(name));
      if (flat === undefined) return;
      flatCount++;
      const entry = new LogEntry(line, { context: ROOT_CONTEXT, source: undefined });
      expect(redactRecord(parseLine(line), redactor)).toBe(false);
      expect(format(entry, {}, flat)).toBe(format(entry, {}));
    }),
    { numRuns: 500 },
  );
  expect(flatCount).toBeGreaterThan(50);
});

test.each([
  ['is no JSON', 'plain text\n'],
  ['has an escape', '{"level":30,"time":0,"msg":"a\\nb"}\n'],
  ['has an object', '{"level":30,"time":0,"a":{},"msg":"b"}\n'],
  ['has a key twice', '{"level":30,"time":0,"fold":1,"fold":2,"msg":"b"}\n'],
  ['has a secret', '{"level":30,"time":0,"token":"abc","msg":"b"}\n'],
  ['has a secret in a text', '{"level":30,"time":0,"msg":"password=abc"}\n'],
  ['has a scheme in a text', '{"level":30,"time":0,"msg":"Basic abcdefghijklmnop"}\n'],
  ['has no level', '{"time":0,"msg":"b"}\n'],
  ['ends in the middle', '{"level":30,"time":0,"msg":"b}\n'],
])('a line that %s is parsed', (_, line) => {
  expect(readFlatLine(line, (name) => createRedactor().isSensitive(name))).toBeUndefined();
});

test('levels have the origin’s order under every name', () => {
  expect(
    ['TRACE', 'debug', 'Info', 'success', 'WARN', 'warning', 'error', 'CRITICAL', 'fatal'].map(toPinoLevel),
  ).toEqual(['trace', 'debug', 'info', 'success', 'warn', 'warn', 'error', 'fatal', 'fatal']);
  expect(toPinoLevel('loud')).toBeUndefined();
  expect([5, 10, 33, 35, 61, '?', undefined].map((value) => levelOf(value).name)).toEqual([
    'TRACE',
    'TRACE',
    'INFO',
    'SUCCESS',
    'CRITICAL',
    'INFO',
    'INFO',
  ]);
});

test('time is local, to the millisecond', () => {
  const date = new Date(2026, 10, 23, 4, 5, 6, 7);
  expect(formatLocalTime(date.getTime())).toBe('2026-11-23 04:05:06.007');
  expect(formatLocalTime(date.getTime() + 999)).toBe('2026-11-23 04:05:07.006');
  expect(formatLocalTime('never')).toMatch(/^\d{4}-/);
  expect(formatOffset(date.getTime())).toMatch(/^[+-]\d\d:\d\d$/);
});

test('a logger that instrumentation-pino has wrapped is found out', () => {
  const pipeline = new LogPipeline({
    sink: new LogSink({ sink: join(folder, 'c.log'), isCatching: true }),
    format: createTextFormatter({ isColored: false, hasBacktrace: true }),
    redactor: createRedactor(),
    hasSource: false,
  });
  const logger = createPinoLogger('INFO', pipeline);
  expect(isInstrumented(logger)).toBe(false);
  class OTelPinoStream {}
  const symbol = Object.getOwnPropertySymbols(logger).find((one) => one.description === 'pino.stream');
  Object.defineProperty(logger, symbol ?? '', {
    value: { streams: [{ stream: pipeline }, { stream: new OTelPinoStream() }] },
  });
  expect(isInstrumented(logger)).toBe(true);
});

test('a line that another stream hands over is written as well', () => {
  const file = join(folder, 'd.log');
  const pipeline = new LogPipeline({
    sink: new LogSink({ sink: file, isCatching: true }),
    format: createTextFormatter({ isColored: false, hasBacktrace: true }),
    redactor: createRedactor(),
    hasSource: false,
  });
  pipeline.mask('{"level":30,"msg":"a"}\n');
  pipeline.write('{"level":40,"msg":"b"}\n');
  expect(readFileSync(file, 'utf8')).toMatch(/\[WARNING\] b\n$/);
});
