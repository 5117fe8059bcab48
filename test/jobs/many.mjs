// One run a process or thread, many at once in one folder on one store: by fork, by cluster, by worker threads.
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, threadId, Worker, workerData } from 'node:worker_threads';

const here = fileURLToPath(import.meta.url);
const [how, count = '2', points = '100'] = workerData ?? process.argv.slice(2);
const exited = (child) => new Promise((resolve) => child.once('exit', resolve));

async function run(name, end) {
  const { LoggerService, MlflowService } = await import('runspan');
  const mlflow = new MlflowService({ experimentName: 'many', logger: new LoggerService({ level: 'ERROR' }) });
  await mlflow.start();
  await mlflow.runContext(name, async (opened) => {
    for (let step = 0; step < Number(points); step++) opened.logMetric('loss', step / 2, { step });
    opened.setTag('who', name);
    if (end !== 'never') return;
    await new Promise((resolve) => setImmediate(resolve));
    parentPort.postMessage('written');
    while (true);
  });
  if (end === 'stop') await mlflow.stop();
}

async function spread(start) {
  const codes = await Promise.all(Array.from({ length: Number(count) }, (_, index) => exited(start(index))));
  if (codes.some((code) => code !== 0)) process.exitCode = 9;
}

const ENDS = { threads: 'stop', 'threads-natural': 'natural', 'thread-terminated': 'never' };

if (!isMainThread) await run(`thread-${threadId}`, ENDS[how]);
else if (how === 'child') await run(`child-${process.pid}`, 'natural');
else if (how === 'fork') await spread(() => fork(here, ['child', '1', points]));
else if (how === 'cluster' && cluster.isPrimary) await spread(() => cluster.fork());
else if (how === 'cluster') {
  await run(`worker-${process.pid}`, 'stop');
  cluster.worker.disconnect();
} else if (how === 'threads' || how === 'threads-natural') {
  await spread(() => new Worker(here, { workerData: [how, '1', points] }));
} else if (how === 'thread-terminated') {
  const worker = new Worker(here, { workerData: [how, '1', points] });
  await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
  await run('main', 'stop');
}
