// The lines that a person reads about runs: one at the start, one at the end, one about what could not be delivered.
import type { AlertSink } from '../../model/alert-sink.ts';
import type { Outbox, OutboxStats } from '../../outbox/contract.ts';
import { describeWhatIsLeft } from '../../outbox/job/what-is-left.ts';
import type { ActiveRun } from '../../runs/open/active-run.ts';
import type { RunLog } from '../../runs/run.ts';

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

/** Says what of a run did not get through, if anything; gives how many dead letters it told of. */
export function sayUndelivered(
  log: Pick<RunLog, 'warn'>,
  { key, name }: Pick<ActiveRun, 'key' | 'name'>,
  { runs, directory }: OutboxStats,
): number {
  const { accepted = 0, pending = 0, deadLettered = 0 } = runs[key] ?? {};
  if (pending + deadLettered === 0) return 0;
  const waiting = `${pending} of ${accepted} records are not delivered yet and are kept in ${directory}: they are tried on, and 'npx runspan sync' delivers what is left`;
  const refused = `${deadLettered} of ${accepted} records were refused for good: 'npx runspan outbox' says why`;
  const parts = [...(pending > 0 ? [waiting] : []), ...(deadLettered > 0 ? [refused] : [])];
  log.warn(`Run '${name}': ${parts.join('; ')}.`);
  return deadLettered;
}

/**
 * Says what a stop left behind, if anything: what waits, and what was refused.
 *
 * @param saidDeadCount dead letters that were told of before
 */
export function sayWhatIsLeft(
  log: Pick<RunLog, 'warn'>,
  outbox: Pick<Outbox, 'stats'>,
  { saidDeadCount }: { readonly saidDeadCount: number },
): void {
  const stats = outbox.stats();
  const left = describeWhatIsLeft(stats, 'the stop');
  const dead = stats.deadLettered - saidDeadCount;
  const refused = `${dead} of ${stats.accepted} records were refused for good: 'npx runspan outbox' says why.`;
  const lines = [...(left === undefined ? [] : [left]), ...(dead > 0 ? [refused] : [])];
  if (lines.length > 0) log.warn(lines.join(' '));
}

/** Alerts as lines of the log, where no alerts service is linked. */
export function alertByLog(log: Pick<RunLog, 'error'>): AlertSink {
  return { notify: (title, message) => log.error(`${title}: ${message}`) };
}
