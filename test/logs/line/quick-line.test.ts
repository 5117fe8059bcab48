// The quick way writes what the whole way through pino writes, and takes no line that may hold a secret.
import { pino } from 'pino';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import type { RunspanLogger } from '../../../src/logs/pino-logger.ts';

function createLogger(options: { readonly serialize?: boolean } = {}): { logger: RunspanLogger; lines: string[] } {
  const lines: string[] = [];
  const service = new LoggerService({ source: false, ...options }, { write: (line) => void lines.push(line) });
  return { logger: service.logger(), lines };
}

/** Time is the only thing that two lines may differ in. */
const withoutTime = (line: string | undefined): string | undefined =>
  line?.replace(/^\[[^\]]+\]/, '').replaceAll(/"(?:elapsed|time)":\{[^}]*\}|\[\d{4}-[^\]]+\]/g, '');

const word = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'a b', 'bearer x', 'password: hunter2', 'a=b', '%s', 'token=1', '\u2028', 'x'.repeat(120), 'ü'),
);
const value = fc.oneof(
  word,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.object(),
);
const key = fc.oneof(
  fc.string(),
  fc.constantFrom('level', 'time', 'msg', 'err', 'error', 'dbPassword', '__proto__', 'rows', '1'),
);

test.each([{ serialize: false }, { serialize: true }])(
  'a line looks as pino makes it, serialize: $serialize',
  (options) => {
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.option(word, { nil: undefined }), (fields, message) => {
        const { logger, lines } = createLogger(options);
        // A serializer for a name that is not there: the child's lines go the whole way.
        const whole = logger.child({}, { serializers: { '\u0000none': String } });
        logger.info(fields, message);
        whole.info(fields, message);
        logger.info(message ?? '');
        whole.info(message ?? '');
        expect(lines).toHaveLength(4);
        expect(withoutTime(lines[0])).toBe(withoutTime(lines[1]));
        expect(withoutTime(lines[2])).toBe(withoutTime(lines[3]));
      }),
      { numRuns: 300 },
    );
  },
);

test('a secret at the beginning of a text and in a header is masked in a flat line', () => {
  const { logger, lines } = createLogger();
  const texts = [
    'password: hunter2',
    '- api_key: hunter2',
    'Cookie:hunter2',
    'got authorization: hunter2',
    'x-api-key: hunter2',
  ];
  for (const text of texts) {
    logger.info(text);
    logger.info({ text }, 'a message');
    logger.child({ fold: 1 }).info(text);
  }
  logger.info({ dbPassword: 'hunter2' }, 'a message');
  logger.child({ fold: 1 }).info({ dbPassword: 'hunter2' }, 'a message');
  expect(lines).toHaveLength(17);
  expect(lines.filter((line) => line.includes('hunter2'))).toEqual([]);
});

test('a child keeps its bindings, prefix, serializers and redaction', () => {
  const { logger, lines } = createLogger();
  logger.child({ fold: 3 }).info({ rows: 1 }, 'a');
  logger.child({}, { msgPrefix: 'p ' }).info({ rows: 1 }, 'a');
  logger.child({}, { serializers: { rows: (rows: number) => rows + 1 } }).info({ rows: 1 }, 'a');
  logger.child({}, { redact: ['rows'] }).info({ rows: 1 }, 'a');
  logger.child({}, { formatters: { log: () => ({ rows: 5 }) } }).info({ rows: 1 }, 'a');
  const grown = logger.child({});
  grown.setBindings({ fold: 4 });
  grown.info({ rows: 1 }, 'a');
  expect(lines.map((line) => line.replace(/^.*\] /, '').trimEnd())).toEqual([
    'a fold=3 rows=1',
    'p a rows=1',
    'a rows=2',
    'a rows=[Redacted]',
    'a rows=5',
    'a fold=4 rows=1',
  ]);
});

test('another stream in the place of ours gets every line', () => {
  const { logger, lines } = createLogger();
  const seen: string[] = [];
  Reflect.set(logger, pino.symbols.streamSym, { write: (line: string) => void seen.push(line) });
  logger.info({ rows: 1 }, 'a');
  expect(lines).toEqual([]);
  expect(seen.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ rows: 1, msg: 'a' }]);
});
