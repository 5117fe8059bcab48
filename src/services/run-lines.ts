// The lines that a person reads about runs: one at the start, one at the end, one about what could not be delivered.
import type { AlertSink } from '../model/alert-sink.ts';
import type { Outbox } from '../outbox/contract.ts';
import { describeWhatIsLeft } from '../outbox/job/what-is-left.ts';
import type { ActiveRun } from '../runs/active-run.ts';
import type { RunLog } from '../runs/run.ts';

/** Says that a run has started, and where it is looked at or goes; the line carries its trace id as every other. */
export function sayStarted(run: ActiveRun, trackingUri: string): void {
  run.log.info(`Run '${run.name}' started: ${run.started.identity.runUrl ?? trackingUri}`);
}

/** Says how a run ended and how it is looked at; `uriOfCode` is a tracking URI that the command line cannot know by itself. */
export function sayEnded(run: ActiveRun, nowMs: number, uriOfCode: string | undefined): void {
  const tookMs = Math.max(0, nowMs - run.startedAtMs);
  const took = tookMs < 1000 ? `${tookMs} ms` : `${(tookMs / 1000).toFixed(1)} s`;
  const { name, status, key } = run;
  const { pointCount } = run.intake;
  const points = `${pointCount} metric ${pointCount === 1 ? 'point' : 'points'}`;
  const { runUrl } = run.started.identity;
  const place = uriOfCode === undefined ? '' : ` --tracking-uri ${uriOfCode}`;
  const page = runUrl === undefined ? '' : `, or ${runUrl}`;
  run.log.info(`Run '${name}' ${status} after ${took}, ${points}: npx runspan show ${key}${place}${page}`);
}

/** Says what a stop left behind, if anything. */
export function sayWhatIsLeft(log: Pick<RunLog, 'warn'>, outbox: Pick<Outbox, 'stats'>): void {
  const left = describeWhatIsLeft(outbox.stats(), 'the stop');
  if (left !== undefined) log.warn(left);
}

/** Alerts as lines of the log, where no alerts service is linked. */
export function alertByLog(log: Pick<RunLog, 'error'>): AlertSink {
  return { notify: (title, message) => log.error(`${title}: ${message}`) };
}
