// A worker thread or a child of a job: it joins the job's run.
import { setTimeout } from 'node:timers/promises';
import { activeRun, log, logMetric } from 'runspan';

const [who] = process.argv.slice(2);
logMetric(who, 1, { step: 1 });
while (activeRun() === undefined) await setTimeout(10);
log.info(`from the ${who}`);
