// `node --import runspan/register job.js`: an unchanged job becomes a run and a root span. Settings from env; nothing is exported.
import { findReasonToSkip } from './register/skip.ts';

if (findReasonToSkip() === undefined) {
  try {
    const { startJob } = await import('./register/start.ts');
    await startJob();
  } catch (error) {
    // A failure of ours is never one of the job's.
    process.stderr.write(
      `runspan: the job runs without a run: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  }
}
