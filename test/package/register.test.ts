// register from the packed package: as `runspan/register`, on the command line and in NODE_OPTIONS, where npm must not become a run.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRuns } from '../end-to-end/run-job.ts';
import { installPacked, type Consumer } from './consumer.ts';

let project: Consumer;
beforeAll(() => {
  project = installPacked();
});
afterAll(() => project.remove());

it('is found by its name, and makes a run of an unchanged job', () => {
  project.write('job.js', "import { logMetric } from 'runspan';\nlogMetric('loss', 1);\n");
  const command = 'MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=false node --import runspan/register job.js';
  const { code, stderr } = project.run('sh', ['-c', command]);
  expect(code, stderr).toBe(0);
  expect(readRuns(project.folder)).toMatchObject([
    { name: 'job', status: 'FINISHED', metrics: [{ key: 'loss', value: 1 }] },
  ]);
});

it('in NODE_OPTIONS: the script that npm runs is a run, npm itself is none', () => {
  const scripts = { train: 'node train.cjs' };
  project.write('package.json', JSON.stringify({ name: 'consumer', version: '1.0.0', type: 'module', scripts }));
  project.write('train.cjs', "console.log('trained');\n");
  const command =
    "MLFLOW_TRACKING_URI=sqlite:///npm.db NODE_OPTIONS='--import runspan/register' npm run --silent train";
  const { code, stdout, stderr } = project.run('sh', ['-c', command]);
  expect(code, stderr).toBe(0);
  expect(stdout).toBe('trained\n');
  expect(readRuns(project.folder, 'npm.db').map(({ name, status }) => [name, status])).toEqual([['train', 'FINISHED']]);
});
