// The same as CommonJS; it is over before its run has an id, and says by its exit code that it failed.
const { log, logMetric } = require('runspan');

logMetric('loss', 0.25, { step: 1 });
log.info('from the job');
console.log('said on stdout');
process.exitCode = 3;
