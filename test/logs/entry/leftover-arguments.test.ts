// What a job hands to a level method in the manner of console.error() is in the line.
import { expect, test } from 'vitest';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';

type Level = (...args: readonly unknown[]) => void;

function write(...args: readonly unknown[]): string {
  const lines: string[] = [];
  const service = new LoggerService({ source: false }, { write: (line) => void lines.push(line) });
  // The cast: pino's types know placeholders only, and a job in JavaScript knows no types.
  (service.logger().error.bind(service.logger()) as Level)(...args);
  expect(lines).toHaveLength(1);
  return (lines[0] ?? '').replace(/^\[[^\]]*\]\[ERROR\] /, '').trimEnd();
}

test('an error after a message is the error of the line', () => {
  expect(write('failed', new RangeError('no rows'))).toMatch(/^failed\nRangeError: no rows\n {4}at /);
  expect(write({ fold: 3 }, 'failed', new RangeError('no rows'))).toMatch(/^failed fold=3\nRangeError: no rows\n/);
  expect(write(new RangeError('first'), 'failed', new TypeError('second'))).toMatch(
    /^failed TypeError: second\nRangeError: first\n/,
  );
});

test.each<[readonly unknown[], string]>([
  [['loaded', { rows: 442 }], 'loaded rows=442'],
  [['loaded', 442, 'rows'], 'loaded 442 rows'],
  [['loaded %d', 442, { from: 'a' }], 'loaded 442 from=a'],
  [['%d of %s', 1, 'two'], '1 of two'],
  [['100%% of %s', 'rows', '5%'], '100% of rows 5%'],
  [['%s', undefined], 'undefined'],
  [[{ a: 1 }, 'x', { b: 2 }], 'x a=1 b=2'],
  [['loaded', null, undefined, Symbol('s')], 'loaded null undefined Symbol(s)'],
  [['loaded', [1, 2]], 'loaded args=[[1,2]]'],
  [['loaded', '5%'], 'loaded 5%'],
  [['loaded', [{ password: 'hunter2' }]], 'loaded args=[[{"password":"[REDACTED]"}]]'],
  [[{ a: 1 }], 'a=1'],
  [[undefined, 'plain'], 'plain'],
])('%j is all in the line', (args, line) => {
  expect(write(...args)).toBe(line);
});

test('what cannot be printed does not reach the job', () => {
  expect(write('odd', Object.create(null))).toBe('odd');
  expect(write('odd', Object.defineProperty({}, 'a', { enumerable: true, get: () => expect.fail() }))).toBe(
    'odd a=[Unreadable]',
  );
  expect(
    write('odd', new Error('a'), Object.defineProperty(new Error('b'), 'message', { get: () => expect.fail() })),
  ).toContain('odd');
  expect(write('odd', { password: 'hunter2' })).toBe('odd password=[REDACTED]');
});
