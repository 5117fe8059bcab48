// How far jobs/steady.ts has come.
import type { LiveJob } from './live-job.ts';

/** Waits until the job has logged so many steps more than it had when it was asked first. */
export async function waitForSteps(job: LiveJob, moreCount: number): Promise<void> {
  let firstCount: number | undefined;
  for (;;) {
    job.send('report');
    const stepCount = (await job.next('report'))['stepCount'] as number; // the job's own count
    firstCount ??= stepCount;
    if (stepCount >= firstCount + moreCount) return;
  }
}
