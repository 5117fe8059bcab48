// Templates against what loguru really prints (fixtures/loguru.json), and everything it does not show: errors, specs, ids.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunspanError } from '../../../src/errors.ts';
import { LogEntry } from '../../../src/logs/entry/entry.ts';
import type { Correlation } from '../../../src/logs/entry/entry.ts';
import { serializeError } from '../../../src/logs/entry/error-text.ts';
import { createTemplateFormatter } from '../../../src/logs/line/template-line.ts';
import { compileTime } from '../../../src/logs/template/time-format.ts';
import { cpuMsOf } from '../../cpu-time.ts';

interface Truth {
  readonly times: readonly { readonly time: string; readonly token: string; readonly text: string }[];
  readonly lines: readonly {
    readonly format: string;
    readonly colorize: boolean;
    readonly level: 'INFO' | 'ERROR';
    readonly text: string;
  }[];
}

const truth = JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/loguru.json'), 'utf8')) as Truth;
const VALUES = { INFO: 30, ERROR: 50, CRITICAL: 60 };
const SOURCE = { name: '__main__', function: '<module>', line: 18, path: '/job/__main__.py' };

/** Where ours differs from loguru on purpose. */
const DIFFERENT_TIMES: Readonly<Record<string, { readonly text: string; readonly why: string }>> = {
  x: { text: '1767315845067890', why: 'loguru 0.7.3 adds the microseconds twice' },
};

interface Given {
  readonly level?: keyof typeof VALUES;
  readonly fields?: object;
  readonly message?: unknown;
  readonly correlation?: Correlation;
  readonly isColored?: boolean;
  readonly hasBacktrace?: boolean;
  readonly hasSource?: boolean;
}

function write(format: string, given: Given = {}): string {
  const { level = 'INFO', fields = {}, message = 'hi', correlation = {}, hasSource = true } = given;
  const { isColored = false, hasBacktrace = true } = given;
  const time = Date.UTC(2026, 0, 2, 3, 4, 5, 67);
  const line = `${JSON.stringify({ level: VALUES[level], time, ...fields, msg: message })}\n`;
  const entry = new LogEntry(line, { context: ROOT_CONTEXT, source: hasSource ? SOURCE : undefined });
  return createTemplateFormatter(format, { isColored, hasBacktrace })(entry, correlation);
}

function refusal(format: string): RunspanError {
  try {
    createTemplateFormatter(format, { isColored: false, hasBacktrace: true });
  } catch (error) {
    if (error instanceof RunspanError && error.code === 'INVALID_SETTINGS') return error;
    throw error;
  }
  throw new Error(`'${format}' was taken`);
}

describe('as loguru prints it', () => {
  test.each(truth.times)('{time:$token} is $text', ({ time, token, text }) => {
    const writeTime = compileTime(token, () => 120);
    if (typeof writeTime === 'string') throw new Error(writeTime);
    const ms = Date.parse(time.replace('067890', '067')) + 0.89;
    expect(writeTime(ms)).toBe(DIFFERENT_TIMES[token]?.text ?? text);
  });

  test.each(truth.lines)('$format, colours $colorize, at $level', ({ format, colorize, level, text }) => {
    const line = write(format, { level, fields: { user: 'ann' }, message: 'hi <b>x</b> {y}', isColored: colorize });
    expect(line).toBe(text);
  });

  test('L4: the origin’s default template gives the origin’s line', () => {
    const format =
      '<green>[{time:YYYY-MM-DD HH:mm:ss.SSS}]</green><level>[{level}]</level><cyan>[{name}:{function}:{line}]</cyan> <level>{message}</level>';
    expect(write(format)).toMatch(/^\[2026-01-0\d \d\d:04:05\.067\]\[INFO\]\[__main__:<module>:18\] hi\n$/);
    expect(write(format, { isColored: true })).toContain('\u001B[32m[2026');
  });
});

describe('times', () => {
  test.each([
    ['[YYYY] YYYY', 'YYYY 2026'],
    ['%Y-%m-%d %H:%M:%S.%f %% %a %j', '2026-01-02 05:04:05.067000 % Fri 002'],
    ['', '2026-01-02T05:04:05.067000+0200'],
    ['!UTC', '2026-01-02T03:04:05.067000+0000'],
    ['zz!UTC', 'UTC'],
  ])('{time:%s} is %s', (format, text) => {
    const writeTime = compileTime(format, () => 120);
    expect(typeof writeTime === 'string' ? writeTime : writeTime(Date.UTC(2026, 0, 2, 3, 4, 5, 67))).toBe(text);
  });

  test('noon and midnight are 12, before 1970 the fraction counts up', () => {
    const writeTime = compileTime('hh A SSS', () => 0);
    if (typeof writeTime === 'string') throw new Error(writeTime);
    expect([writeTime(0), writeTime(43_200_000), writeTime(-1)]).toEqual(['12 AM 000', '12 PM 000', '11 PM 999']);
  });
});

describe('tokens', () => {
  const correlation = { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16), run_key: 'c'.repeat(32) };

  test.each<[string, Given, string]>([
    ['{level.icon}', { level: 'ERROR' }, '❌'],
    ['{file}|{file.name}|{file.path}|{module}', {}, '__main__.py|__main__.py|/job/__main__.py|__main__'],
    ['{line:>5}|{line:05d}|{line:x}', {}, '   18|00018|12'],
    ['{name}:{line: >4}|', { hasSource: false }, ':    |'],
    ['{process}|{process.name}|{thread.name}|{thread:03}', {}, `${process.pid}|MainProcess|MainThread|000`],
    ['{extra[trace_id]}|{span_id}|{run_key}', { correlation }, `${'a'.repeat(32)}|${'b'.repeat(16)}|${'c'.repeat(32)}`],
    ['[{extra[trace_id]}{extra[nothing]}]', {}, '[]'],
    ['{extra[a][b]:.2f}|{extra[a]}', { fields: { a: { b: 1 / 3 } } }, "0.33|{'b': 0.3333333333333333}"],
    ['{extra[a]:.2f}', { fields: { a: 'text' } }, 'te'],
    ['{extra}', { fields: { a: [1, true, null, "it's"] } }, `{'a': [1, True, None, "it's"]}`],
    ['{extra[msg]}{extra[level]}', {}, ''],
    ['{extra[__proto__]}', {}, ''],
    ['{message!a:>9}|', { message: 'é\n' }, String.raw`'\xe9\n'|`.padStart(10)],
    ['{message:*^8.3}|', { message: '😀bcd' }, '**😀bc***|'],
    [
      '{extra[n]:+,.1f}|{extra[n]:_}|{extra[n]:.3g}|{extra[n]:e}|{extra[n]:%}',
      { fields: { n: 1234567 } },
      '+1,234,567.0|1_234_567|1.23e+06|1.234567e+06|123456700.000000%',
    ],
    ['{extra[n]:=+8}|{extra[n]:<6}|{extra[n]:08.2f}', { fields: { n: -4.5 } }, '-    4.5|-4.5  |-0004.50'],
    ['\\\\<red>{message}</>', {}, '\\hi'],
    ['a < b \\ c <d e>', {}, 'a < b \\ c <d e>'],
  ])('%s', (format, given, text) => {
    expect(write(format, given)).toBe(`${text}\n`);
  });

  test.each([
    ['<fg #ff8800>x</>', '\u001B[38;2;255;136;0mx\u001B[0m'],
    ['<bg 21>x</bg 21>', '\u001B[48;5;21mx\u001B[0m'],
    ['<fg 1,2,3>x</>', '\u001B[38;2;1;2;3mx\u001B[0m'],
    ['<bg red>x</>', '\u001B[41mx\u001B[0m'],
    ['<RED><light-blue>x</></>', '\u001B[41m\u001B[94mx\u001B[0m\u001B[41m\u001B[0m'],
    ['<lvl>x</lvl>', '\u001B[41m\u001B[1mx\u001B[0m'],
  ])('colour %s', (format, text) => {
    expect(write(format, { isColored: true, level: 'CRITICAL' })).toBe(`${text}\n`);
  });

  test('an error’s text follows the line, or stands where {exception} does', () => {
    const fields = { err: serializeError(new RangeError('no rows')) };
    expect(write('{message}', { fields })).toMatch(/^hi\nRangeError: no rows\n {4}at .*\n$/s);
    expect(write('{message} ({exception})', { fields, hasBacktrace: false })).toBe('hi (RangeError: no rows)\n');
    expect(write('{message}{extra}', { fields, hasBacktrace: false })).toBe('hi{}\nRangeError: no rows\n');
  });
});

describe('a wrong template names the token and its position', () => {
  test.each([
    ['{mesage}', '{mesage}', 0],
    ['ab {0}', '{0}', 3],
    ['{}', '{}', 0],
    ['{message', '{message', 0],
    ['message}', '}', 7],
    ['{message:{width}}', '{message:{width}', 0],
    ['{message!x}', '{message!x}', 0],
    ['{message:d}', '{message:d}', 0],
    ['{message:=5}', '{message:=5}', 0],
    ['{line:s}', '{line:s}', 0],
    ['{line:.2d}', '{line:.2d}', 0],
    ['{message:>999999999}', '{message:>999999999}', 0],
    ['{extra[n]:.999f}', '{extra[n]:.999f}', 0],
    ['{extra.user}', '{extra.user}', 0],
    ['{extra[]}', '{extra[]}', 0],
    ['{time:SSSSSSS}', '{time:SSSSSSS}', 0],
    ['{time:%Q}', '{time:%Q}', 0],
    ['{time!r}', '{time!r}', 0],
    ['x <gren>y</gren>', '<gren>', 2],
    ['<fg 256>y</>', '<fg 256>', 0],
    ['<>', '<>', 0],
    ['<red>y', '<red>', 0],
    ['y</red>', '</red>', 1],
    ['<red><bold>y</red></bold>', '</red>', 12],
  ])('%s', (format, token, position) => {
    const error = refusal(format);
    expect(error.details).toMatchObject({ field: 'logger.format', token, position });
    expect(error.message).toContain(`position ${position}, '${token}'`);
  });
});

describe('any template', () => {
  const piece = fc.constantFrom(
    '{', '}', '{{', '}}', '<', '>', '</', '</>', '\\', '!', ':', '[', ']', 'time', 'message', 'extra', 'level', 'YYYY', 'S', '%', 'red', 'fg ', '#abc', '{message}', '{extra[a]:', '<level>', '</level>', '.2f', '>8', '0', ' ',
  ); // prettier-ignore
  const template = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 20 }).map((parts) => parts.join('')),
  );

  test('is a line for every record, or an INVALID_SETTINGS error', () => {
    fc.assert(
      fc.property(template, fc.jsonValue(), fc.boolean(), (format, value, isColored) => {
        let line: string;
        try {
          line = write(format, { fields: { a: value }, message: value, isColored });
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_SETTINGS', details: { field: 'logger.format' } });
          return;
        }
        expect(line.endsWith('\n')).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test('of half a megabyte is read in a moment', () => {
    for (const part of ['{', '<', '\\', '<fg ', '{extra[', '{{', '</', '<red></>', '[', '{time:[', '{message}']) {
      const costMs = cpuMsOf(() => {
        try {
          write(part.repeat(Math.floor(500_000 / part.length)));
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_SETTINGS' });
        }
      });
      expect(costMs, part).toBeLessThan(2_000);
    }
  });

  test('takes numbers as Python does: fixed, general and grouped', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        const [fixed = '', general = ''] = write('{extra[n]:.3f}|{extra[n]:.17g}', { fields: { n } }).trim().split('|');
        if (Math.abs(n) < 1e21) expect(fixed).toBe(n.toFixed(3));
        expect(Number(general)).toBe(Object.is(n, -0) ? 0 : n);
      }),
    );
  });
});
