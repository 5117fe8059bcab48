// A worker thread or a child of a job: it joins the job's run.
import { log, logMetric } from 'runspan';

const [who] = process.argv.slice(2);
logMetric(who, 1, { step: 1 });
log.info(`from the ${who}`);
