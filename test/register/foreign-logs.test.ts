// What a job says without our logger, in this process: which record each becomes, that it is printed all the same, once, and no secret.
import type { EventEmitter } from 'node:events';
import { logs } from '@opentelemetry/api';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { recordForeignLogs } from '../../src/register/foreign-logs.ts';
import { joinExits, watchExits } from '../../src/services/lifecycle/exits.ts';
import { LoggerService } from '../../src/services/logger/logger-service.ts';

const METHODS = ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const;
const originals = METHODS.map((name) => [name, console[name]] as const);
const printed: [string, readonly unknown[]][] = [];
const exporter = new InMemoryLogRecordExporter();

interface Seen {
  readonly body: unknown;
  readonly severity: number | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What has been recorded; records are handed over once a turn. */
async function recorded(): Promise<readonly Seen[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return exporter
    .getFinishedLogRecords()
    .map(({ body, severityNumber, attributes }) => ({ body, severity: severityNumber, attributes }));
}

beforeAll(() => {
  for (const name of METHODS)
    console[name] = (...args: unknown[]) => {
      printed.push([name, args]);
      if (name === 'trace') console.error('Trace:', ...args); // as Node's own
    };
  logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }));
  expect(recordForeignLogs()).toBe('console, pino, uncaught errors');
});
afterAll(() => {
  for (const [name, original] of originals) console[name] = original;
});
beforeEach(() => {
  printed.length = 0;
  exporter.reset();
});

test.each([
  ['debug', 5],
  ['log', 9],
  ['info', 9],
  ['warn', 13],
  ['error', 17],
] as const)('console.%s is printed as it was given, and recorded at severity %i', async (name, severity) => {
  console[name]('epoch %d of %s', 3, 'ten');
  expect(printed).toEqual([[name, ['epoch %d of %s', 3, 'ten']]]);
  expect(await recorded()).toMatchObject([{ body: 'epoch 3 of ten', severity }]);
});

test('console.trace, which calls console.error inside Node, is recorded once', async () => {
  console.trace('here');
  expect(printed.map(([name]) => name)).toEqual(['trace', 'error']);
  expect(await recorded()).toMatchObject([{ body: 'here', severity: 1 }]);
});

test('what is secret is printed by the job, and masked in the record; an error is one', async () => {
  console.error('failed', { password: 'hunter2', rows: 3 }, new RangeError('no rows at https://me:hunter3@db/x'));
  const [record, ...others] = await recorded();
  expect(others).toEqual([]);
  expect(record?.attributes).toMatchObject({ 'exception.type': 'RangeError' });
  expect(JSON.stringify(printed)).toContain('hunter2');
  expect(JSON.stringify(record)).not.toMatch(/hunter/);
  expect(String(record?.body)).toContain('rows: 3');
});

test('lines of a pino logger are recorded with their level, time and fields', async () => {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  pino({ level: 'trace' }, sink).warn({ rows: 7, apiKey: 'abc' }, 'few rows');
  pino({ formatters: { level: (label) => ({ level: label }) }, timestamp: pino.stdTimeFunctions.isoTime }, sink).error(
    'bad',
  );
  pino({ formatters: { level: () => ({ level: 'odd' }) }, timestamp: () => '' }, sink).info('no level');
  const [warn, error, odd] = await recorded();
  expect(lines).toHaveLength(3);
  expect(warn).toMatchObject({ body: 'few rows', severity: 13, attributes: { rows: 7 } });
  expect(JSON.stringify(warn)).not.toContain('abc');
  expect(lines[0]).toContain('abc');
  for (const name of ['pid', 'hostname', 'level', 'time']) expect(warn?.attributes).not.toHaveProperty(name);
  expect(error).toMatchObject({ body: 'bad', severity: 17 });
  expect(odd).toMatchObject({ body: 'no level', severity: 9 });
});

test('a line of our own logger is recorded once: by itself', async () => {
  const service = new LoggerService({ sink: '/dev/null', level: 'INFO' });
  onTestFinished(() => service.stop());
  await service.start();
  service.logger().info({ rows: 1 }, 'ours');
  await service.flush({ timeoutMs: 20_000 });
  expect(await recorded()).toMatchObject([{ body: 'ours', attributes: { rows: 1 } }]);
});

test('an error that nobody catches is a fatal record before the process is gone', () => {
  // Vitest's own handlers would be taken for the job's, which keep the process alive.
  const vitests = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  onTestFinished(() => vitests.forEach((listener) => process.on('uncaughtException', listener)));
  const leave = joinExits({
    exitTimeoutMs: 0,
    isBusy: () => true,
    endRunsNow: () => undefined,
    noteUncaught: () => undefined,
    flush: () => Promise.resolve(),
    drainInExit: () => undefined,
  });
  onTestFinished(leave);
  watchExits();
  (process as EventEmitter).emit('uncaughtExceptionMonitor', new TypeError('on purpose'), 'uncaughtException');
  // In the same turn: there is no other one.
  expect(exporter.getFinishedLogRecords()).toMatchObject([
    { body: 'on purpose', severityNumber: 21, attributes: { 'exception.type': 'TypeError' } },
  ]);
});
