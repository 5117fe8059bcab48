// No quick way takes a line that may hold a secret.
import { expect, test } from 'vitest';
import { LoggerService } from '../../src/services/logger-service.ts';
import type { RunspanLogger } from '../../src/logs/pino-logger.ts';

function createLogger(options: { readonly serialize?: boolean } = {}): { logger: RunspanLogger; lines: string[] } {
  const lines: string[] = [];
  const service = new LoggerService({ source: false, ...options }, { write: (line) => void lines.push(line) });
  return { logger: service.logger(), lines };
}

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
