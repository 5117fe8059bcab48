// run.log on the real logger: its level and its children are its own, and all of its lines know the run.
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { activeRun } from '../../../src/otel/run/run-context.ts';
import type { RunLog } from '../../../src/runs/run.ts';
import { openTestRun } from '../test-run.ts';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

interface Line {
  readonly msg: string;
  readonly run?: string;
  readonly child?: string;
}

function makeLogger(): { readonly logger: RunLog & { level: string }; readonly lines: Line[] } {
  const lines: Line[] = [];
  const logger = pino(
    {
      level: 'info',
      customLevels: { success: 35, critical: 55 },
      base: {},
      mixin: () => ({ run: activeRun()?.runKey }),
    },
    { write: (line: string) => lines.push(JSON.parse(line) as Line) },
  );
  return { logger, lines };
}

test('takes a level of its own, and the logger that others share keeps its', () => {
  const { logger, lines } = makeLogger();
  const { run } = openTestRun({}, { logger });
  const log = run.log as typeof logger;
  log.debug('before');
  log.level = 'debug';
  log.debug('mine');
  logger.debug('shared');
  log.level = 'error';
  log.info('after');
  expect([log.level, logger.level]).toEqual(['error', 'info']);
  expect(lines.map(({ msg, run: key }) => [msg, key])).toEqual([['mine', run.key]]);
});

test('has children whose lines know the run too, wherever they are written', () => {
  const { logger, lines } = makeLogger();
  const { run } = openTestRun({}, { logger });
  const child = (run.log as unknown as { child(bindings: object): RunLog }).child({ child: 'a' });
  child.info('outside');
  run.with(() => child.success('inside'));
  expect(lines.map(({ msg, run: key, child: name }) => [msg, key, name])).toEqual([
    ['outside', run.key, 'a'],
    ['inside', run.key, 'a'],
  ]);
});
