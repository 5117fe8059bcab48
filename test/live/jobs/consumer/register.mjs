// An ESM job for register: what it says is a log record, what it logs goes to the run that is there. It lasts until that has its id.
import { activeRun, log, logMetric } from 'runspan';

logMetric('loss', 0.25, { step: 1 });
log.info('from the job');
console.log('said on stdout');
await activeRun().created();
