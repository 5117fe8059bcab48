// A run's own spans and log lines, kept as artifacts of it: every level, child spans, the run's own span, masked, bounded, and not if not wanted.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import { makeFolder } from '../../end-to-end/run-job.ts';
import { MlflowService } from '../../../src/services/mlflow/mlflow-service.ts';
import type { Run } from '../../../src/runs/run.ts';

interface Line {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly SpanJson[] }[] }[];
  readonly resourceLogs?: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly LogJson[] }[] }[];
}
interface SpanJson {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceId: string;
}
interface LogJson {
  readonly body: { readonly stringValue: string };
  readonly severityText: string;
  readonly spanId: string;
}

const folder = makeFolder();
const logger = new LoggerService({ level: 'TRACE', sink: join(folder, 'log') });
const started: MlflowService[] = [];
afterAll(async () => {
  for (const mlflow of started) await mlflow.stop();
  await logger.stop();
});

async function runIn(
  options: { readonly keepTelemetry?: boolean; readonly suppressRunLines?: boolean },
  body: (run: Run) => unknown,
): Promise<string> {
  await logger.start();
  const mlflow = new MlflowService({
    trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
    artifactRoot: join(folder, 'mlruns'),
    directory: join(folder, '.runspan'),
    experimentName: 'kept',
    exitHooks: false,
    logger,
    ...options,
  });
  started.push(mlflow);
  await mlflow.start();
  let key = '';
  await mlflow
    .runContext('train', async (run) => {
      key = run.key;
      await body(run);
    })
    .catch(() => undefined);
  await mlflow.flush();
  const { info } = await mlflow.client().getRun(key);
  return join(info.artifactUri, 'runspan');
}

const parse = (file: string): Line[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line); // our own lines
const spansIn = (at: string): SpanJson[] =>
  parse(join(at, 'trace.otlp.jsonl')).flatMap(({ resourceSpans = [] }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );
const logsIn = (at: string): LogJson[] =>
  parse(join(at, 'logs.otlp.jsonl')).flatMap(({ resourceLogs = [] }) =>
    resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
  );

test("a run keeps its span, its children's and every line, whatever its level, and no secret", async () => {
  const at = await runIn({}, (run) => {
    run.log.trace('smallest');
    logger.span('load', { password: 'hunter2' }, () => run.log.info({ apiKey: 'hunter2' }, 'in a child'));
  });
  const spans = spansIn(at);
  const [child, root] = spans;
  expect(spans.map(({ name }) => name)).toEqual(['load', 'train']);
  expect(child).toMatchObject({ parentSpanId: root?.spanId, traceId: root?.traceId });
  const logs = logsIn(at);
  expect(logs.map(({ body, severityText }) => [severityText, body.stringValue])).toEqual([
    ['INFO', expect.stringMatching(/^Run 'train' started: sqlite:/)],
    ['TRACE', 'smallest'],
    ['INFO', 'in a child'],
  ]);
  expect(logs.map(({ spanId }) => spanId)).toEqual([root?.spanId, root?.spanId, child?.spanId]);
  const text = ['trace', 'logs'].map((name) => readFileSync(join(at, `${name}.otlp.jsonl`), 'utf8')).join('');
  expect(text).not.toContain('hunter2');
  expect(text).toContain('"service.name"');
});

test('a run that failed has its exception among its spans', async () => {
  const at = await runIn({}, () => Promise.reject(new RangeError('too far')));
  expect(spansIn(at)).toMatchObject([{ name: 'train', status: { code: 2 }, events: [{ name: 'exception' }] }]);
});

test('a nested run keeps its own spans and lines, and its parent keeps the rest', async () => {
  let inner = '';
  const at = await runIn({}, async (run) => {
    const mlflow = started.at(-1);
    await mlflow?.runContext({ name: 'fold', nested: true }, (fold) => {
      inner = fold.key;
      fold.log.info('of the fold');
    });
    run.log.info('of the parent');
  });
  expect(spansIn(at).map(({ name }) => name)).toEqual(['train']);
  expect(logsIn(at).map(({ body }) => body.stringValue)).not.toContain('of the fold');
  expect(spansIn(at.replace(/[0-9a-f]{32}/, inner)).map(({ name }) => name)).toEqual(['fold']);
});

test('what is beyond the newest 10,000 is counted by a tag of the run', async () => {
  let key = '';
  const at = await runIn({ suppressRunLines: true }, (run) => {
    key = run.key;
    for (let at = 0; at < 10_050; at++) run.log.debug(`line ${at}`);
  });
  expect(logsIn(at)).toHaveLength(10_000);
  expect(logsIn(at).at(-1)).toMatchObject({ body: { stringValue: 'line 10049' } });
  const run = await started.at(-1)?.client().getRun(key);
  expect(run?.data.tags).toMatchObject({ 'runspan.dropped_logs': '50' });
});

test('nothing is kept where it is not wanted, and no line is said where none is', async () => {
  const at = await runIn({ keepTelemetry: false, suppressRunLines: true }, (run) => run.log.info('only this'));
  expect(existsSync(at)).toBe(false);
  const said = readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n');
  expect(said.at(-1)).toContain('only this');
});
