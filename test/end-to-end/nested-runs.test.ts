// What `runspan show` draws of a run with nested runs: one trace, one waterfall.
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { connect } from '../../src/cli/store/connect.ts';
import { writePage } from '../../src/cli/page-command.ts';
import { showRun } from '../../src/cli/show-command.ts';
import { startService } from '../services/mlflow/mlflow-fixture.ts';

test('spans of nested runs, and of those inside them, lie under the run', async () => {
  const { mlflow } = await startService();
  const work = (name: string): void => trace.getTracer('job').startSpan(name).end();
  const keys: string[] = [];
  await mlflow.runContext('sweep', async (sweep) => {
    keys.push(sweep.key);
    work('load');
    await mlflow.runContext({ name: 'trial', nested: true }, async (trial) => {
      keys.push(trial.key);
      work('fit');
      await mlflow.runContext({ name: 'fold', nested: true }, () => work('score'));
    });
    const other = await mlflow.startRun({ name: 'other', parentRunId: sweep.key });
    await other.end();
  });
  await mlflow.flush();
  const connection = await connect({ trackingUri: mlflow.trackingUri });
  const where = { nowMs: Date.now(), columns: 100 };
  const depthsOf = async (run: string | undefined): Promise<unknown> => {
    const { text } = await showRun(connection, { run: run ?? '', json: true }, where);
    const { spans } = JSON.parse(text) as { readonly spans: readonly { name: string; depth: number }[] };
    return Object.fromEntries(spans.map(({ name, depth }) => [name, depth]));
  };
  expect(await depthsOf(keys[0])).toEqual({ sweep: 0, load: 1, trial: 1, fit: 2, fold: 2, score: 3, other: 1 });
  expect(await depthsOf(keys[1])).toEqual({ trial: 0, fit: 1, fold: 1, score: 2 });
  const { text } = await writePage(connection, { run: keys[0] ?? '', out: '-' }, where);
  expect(text.match(/<details class="span/g)).toHaveLength(7);
});
