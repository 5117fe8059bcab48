// The functions without an instance against MLflow's own: none of Python's is forgotten, and what they make Python reads.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import * as runspan from '../../src/index.ts';
import { activeModelState } from '../../src/runs/open/active-model.ts';
import { askPython } from './ask-python.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'coming-from-python.md');
const CLASSES = ['ActiveModel', 'ActiveRun', 'Image', 'MlflowClient', 'MlflowException'];

test('the page names every function of mlflow, and what it names is exported', async () => {
  const { names } = await askPython(mlflow.env.MLFLOW_TRACKING_URI, { names: 'sorted(set(mlflow.__all__))' });
  const page = readFileSync(PAGE, 'utf8');
  const table = page.slice(page.indexOf('### Every function'), page.indexOf('## MlflowClient'));
  const rows = [...table.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)].map(
    ([, name = '', here = '']) => [name, here] as const,
  );
  expect([...rows.map(([name]) => name), ...CLASSES].toSorted()).toEqual(names.value);
  const ours = rows.flatMap(([, here]) => /^`(\w+)`(?:, `(\w+)`)?(?: of each)?$/.exec(here)?.slice(1) ?? []);
  expect(ours.length).toBeGreaterThan(60);
  for (const name of ours) if (name !== undefined) expect(Object.keys(runspan)).toContain(name);
});

test('Python reads what was measured of the active model, and registers one without files', async () => {
  const trackingUri = mlflow.env.MLFLOW_TRACKING_URI;
  const service = await startService({ trackingUri, experimentName: 'of settings' });
  onTestFinished(() => void Object.assign(activeModelState(), { activeId: undefined, isDecided: false }));
  const { experimentId } = await service.setExperiment('set by a call');
  using model = await runspan.setActiveModel({ name: 'agent' });
  const runId = await service.runContext('evaluate', async (run) => {
    run.logMetric('auc', 0.75, { step: 2 });
    return run.created();
  });
  expect(await service.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  const { traceId } = await service.client().startTrace('answer', { inputs: { question: 'Why?' } });
  await service.client().endTrace(traceId, { outputs: '42' });
  const seen = await askPython(
    trackingUri,
    {
      points: '[[m.key, m.value, m.step, m.run_id] for m in client.get_logged_model(given["id"]).metrics]',
      model:
        '(lambda m: [m.name, m.status.value, m.experiment_id, m.tags["mlflow.model.isExternal"]])(client.get_logged_model(given["id"]))',
      latest: 'mlflow.set_experiment("set by a call") and mlflow.set_active_model(name="agent").model_id',
      run: 'client.get_run(given["run"]).info.experiment_id',
      version: 'mlflow.register_model("models:/" + given["id"], "agent").version',
      traces: '[t.info.trace_id for t in mlflow.search_traces(model_id=given["id"], return_type="list")]',
      own: '(lambda m: [m.status.value, sorted(f.path for f in client.list_logged_model_artifacts(m.model_id))])(mlflow.create_external_model(name="own"))',
    },
    { id: model.modelId, run: runId },
  );
  expect(seen).toEqual({
    points: { value: [['auc', 0.75, 2, runId]] },
    model: { value: ['agent', 'READY', experimentId, 'true'] },
    latest: { value: model.modelId },
    run: { value: experimentId },
    version: { value: '1' },
    traces: { value: [traceId] },
    own: { value: ['READY', ['MLmodel']] },
  });
});
