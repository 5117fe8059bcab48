// `node --import runspan/register job.js`: an unchanged job becomes a run and a root span. Settings from env; nothing is exported.

/**
 * `node --import runspan/register job.js` makes a run and a root span of a job that is not changed. It exports nothing: importing it is
 * all there is. Settings come from the environment, `.env` and the settings file; the way out of the job decides how the run ends; with an
 * OTLP endpoint set, what the job requests, logs and throws is recorded and exported. A process that finds `RUNSPAN_RUN_KEY` or
 * `MLFLOW_RUN_ID` joins that run and never ends it. Whatever fails here is one line on stderr, and the job runs.
 *
 * @module register
 */
import { findReasonToSkip } from './register/skip.ts';
import { isError } from './model/any-realm.ts';

if (findReasonToSkip() === undefined) {
  try {
    const { startJob } = await import('./register/start.ts');
    await startJob();
  } catch (error) {
    // A failure of ours is never one of the job's.
    process.stderr.write(`runspan: the job runs without a run: ${isError(error) ? error.message : String(error)}\n`);
  }
}
