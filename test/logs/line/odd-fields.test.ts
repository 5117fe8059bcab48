// Fields that are called like the line's own, and fields that cannot be read: the line is written, and nothing of it is lost.
import { expect, test } from 'vitest';
import { parseLine } from '../../../src/logs/entry/entry.ts';
import { readFlatLine } from '../../../src/logs/line/flat-line.ts';
import type { LoggerOptions } from '../../../src/config/settings/logger-settings.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import type { RunspanLogger } from '../../../src/logs/pino-logger.ts';

function createLogger(options: LoggerOptions = {}): { logger: RunspanLogger; lines: string[] } {
  const lines: string[] = [];
  const service = new LoggerService({ source: false, ...options }, { write: (line) => void lines.push(line) });
  return { logger: service.logger(), lines };
}

const NOW = String.raw`\[20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]`;

test.each([
  ['the call', (logger: RunspanLogger): void => logger.info({ time: 0.31, level: 'gold', rows: 5 }, 'took')],
  ['a child', (logger: RunspanLogger): void => logger.child({ time: 0.31, rows: 5 }).info({ level: 'gold' }, 'took')],
])('fields called time and level, of %s, are fields, and the line keeps its own', (_, log) => {
  const { logger, lines } = createLogger();
  log(logger);
  expect(lines[0]).toMatch(new RegExp(`^${NOW}\\[INFO\\] took `));
  expect(lines[0]).toContain(' rows=5');
  expect(lines[0]).toContain(' time_=0.31');
  expect(lines[0]).toContain(' level_=gold');
});

test('a field called time is a field in JSON and in a template too', () => {
  const json = createLogger({ serialize: true });
  json.logger.info({ time: 0.31 }, 'took');
  const { record } = JSON.parse(json.lines[0] ?? '') as { record: { time: { timestamp: number }; extra: object } };
  expect(Date.now() / 1000 - record.time.timestamp).toBeLessThan(60);
  expect(record.extra).toEqual({ time_: 0.31 });
  const template = createLogger({ format: '{level} {message} {extra[time_]}' });
  template.logger.child({}).warn({ time: 0.31 }, 'took');
  expect(template.lines).toEqual(['WARNING took 0.31\n']);
});

test('a secret in a field called time is masked', () => {
  const { logger, lines } = createLogger();
  logger.info({ time: { password: 'hunter2' } }, 'took');
  expect(lines[0]).toContain('[REDACTED]');
  expect(lines[0]).not.toContain('hunter2');
});

test("a line of another logger of pino's keeps its own time in its own form", () => {
  const line = '{"level":"info","time":"2026-11-23T14:05:06.789Z","time":5,"msg":"took"}\n';
  expect(parseLine(line)).toEqual({ level: 'info', time: '2026-11-23T14:05:06.789Z', time_: 5, msg: 'took' });
  expect(readFlatLine('{"level":30,"time":1,"time":5}\n', () => false)).toBeUndefined();
});

test.each([
  ['alone', {}],
  ['beside another', { rows: 442 }],
])('a field whose getter throws, %s, does not reach the job', (_, fields) => {
  const { logger, lines } = createLogger();
  const broken = Object.defineProperty({ ...fields }, 'size', {
    enumerable: true,
    get: () => {
      throw new RangeError('closed');
    },
  });
  logger.info(broken, 'opened');
  logger.child({ fold: 1 }).error(broken, 'opened');
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).toContain(' opened');
    expect(line).toContain(' size=[Unreadable]');
    for (const name in fields) expect(line).toContain(` ${name}=442`);
  }
});

test('an object whose keys cannot be read is a line without fields', () => {
  const { logger, lines } = createLogger();
  const { proxy, revoke } = Proxy.revocable({ rows: 442 }, {});
  revoke();
  logger.warn(proxy, 'gone');
  expect(lines[0]).toMatch(/\[WARNING\] gone/);
});

test('what a sink throws with catch: false is still thrown, once', () => {
  let callCount = 0;
  const write = (): void => {
    callCount++;
    throw new Error('full');
  };
  const logger = new LoggerService({ source: false, catch: false }, { write }).logger();
  expect(() => logger.info({ rows: 442 }, 'loaded')).toThrow('full');
  expect(callCount).toBe(1);
});
