// An unchanged job, run under register; argv says how it leaves or what it starts.
import { fork, spawnSync } from 'node:child_process';
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const here = fileURLToPath(import.meta.url);
const [way = '', ...rest] = workerData ?? process.argv.slice(2);
const exited = (child) => new Promise((resolve) => child.once('exit', resolve));

/** What a part of the job does that another part has started. */
const work = async (who) => {
  const { logMetric, log, activeRun } = await import('runspan');
  logMetric(who, 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  log.info(`from ${who}`);
  process.send?.({ who, run: activeRun()?.name, key: process.env.RUNSPAN_RUN_KEY });
};

const ways = {
  natural: () => console.log('done'),
  'exit-0': () => process.exit(0),
  'exit-3': () => process.exit(3),
  'exit-code': () => {
    process.exitCode = 5;
  },
  'stuck-part': () => {
    const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const script = `import('data:text/javascript,await new Promise(() => undefined)')`;
    new vm.Script(script, { importModuleDynamically }).runInThisContext();
  },
  stuck: () => new Promise(() => undefined),
  throws: () => {
    throw new RangeError('late');
  },
  rejects: () => void Promise.reject(new RangeError('nobody waits')),
  signal: () => {
    setInterval(() => undefined, 1000);
    process.send('ready');
  },
  child: () => work('child'),
  'child-fails': () => process.exit(4),
  fork: async () => {
    const child = fork(here, ['child']);
    child.on('message', (message) => process.send?.(message));
    await exited(child);
  },
  spawn: () => {
    const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, here, 'child'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  },
  'spawn-fails': () => {
    const { status } = spawnSync(process.execPath, [...process.execArgv, here, 'child-fails'], { encoding: 'utf8' });
    if (status !== 4) throw new Error(`status ${status}`);
  },
  worker: async () => {
    const code = await exited(new Worker(here, { workerData: ['in-worker'] }));
    if (code !== 0) throw new Error(`code ${code}`);
  },
  'in-worker': () => work('worker'),
  cluster: async () => {
    if (cluster.isPrimary) await exited(cluster.fork());
    else {
      await work('cluster');
      cluster.worker.disconnect();
    }
  },
  nested: async () => {
    const { runContext, logMetric, activeRun } = await import('runspan');
    await runContext('inner', () => logMetric('inside', 1));
    logMetric('around', 2);
    console.log(activeRun().name);
  },
  env: () => console.log(JSON.stringify(process.env)),
};
await ways[way](...rest);
if (!isMainThread) process.exitCode = 0;
