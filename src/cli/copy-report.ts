// What `runspan sync --from` says: what it would do, and what it did.
import type { StorePlan } from './copy/copy-store.ts';
import type { CopyCounts, CopyProblem } from './copy/copying.ts';
import { formatSize, oneLine, paint } from './text/format.ts';
import { layOut } from './text/table.ts';

/** What became of it. */
export interface CopySummary extends CopyCounts {
  readonly from: string;
  readonly to: string;
  readonly problems: readonly CopyProblem[];
  /** Why it ended before all was copied. */
  readonly stopped?: string;
}

/** Problems that are shown; `--json` has all of them. */
const SHOWN_PROBLEMS = 10;

/** Says what there is to copy. */
export function describePlan({
  from,
  to,
  plan,
}: {
  readonly from: string;
  readonly to: string;
  readonly plan: StorePlan;
}): string {
  const header = ['EXPERIMENT', 'NEW', 'CHANGED', 'UNCHANGED', 'POINTS', 'FILES', 'SIZE'].map((text) => ({
    text,
    paint: (padded: string) => paint('dim', padded),
  }));
  const rows = plan.experiments.map(({ name }) => {
    const runs = plan.runs.filter(({ experimentName }) => experimentName === name);
    const due = runs.filter(({ action }) => action !== 'none');
    const count = (action: string): string => String(runs.filter((run) => run.action === action).length);
    const sum = (field: 'pointCount' | 'fileCount' | 'sizeBytes'): number =>
      due.reduce((total, run) => total + run[field], 0);
    return [
      oneLine(name, 40),
      count('copy'),
      count('update'),
      count('none'),
      String(sum('pointCount')),
      String(sum('fileCount')),
      formatSize(sum('sizeBytes')),
    ];
  });
  return `${from} to ${to}, runs:\n${layOut([header, ...rows])}\nModels, traces and the registry are compared when they are copied.`;
}

/** Says what was copied. */
export function describeCopy(summary: CopySummary): string {
  const { runs, models, versions, experiments, points, files, bytes, traces, problems, stopped } = summary;
  const parts = [
    some(experiments, 'experiment', 'made'),
    some(runs.copied, 'run', 'copied'),
    some(runs.updated, 'run', 'brought up to date'),
    some(points, 'metric point'),
    some(files, 'file', `(${formatSize(bytes)})`),
    some(traces, 'trace'),
    some(models.copied, 'model', 'copied'),
    some(models.updated, 'model', 'brought up to date'),
    some(versions.copied, 'model version', 'copied'),
    some(versions.updated, 'model version', 'brought up to date'),
  ].filter((part) => part !== '');
  const same = some(runs.unchanged, 'run', 'left alone: unchanged since');
  const isNothing = parts.length === 0 && problems.length === 0 && stopped === undefined;
  const lines = [
    isNothing
      ? nothingToCopy(summary)
      : `${summary.from} to ${summary.to}: ${parts.join(', ') || 'nothing copied'}${same === '' ? '' : `; ${same}`}.`,
    ...problems.slice(0, SHOWN_PROBLEMS).map(({ what, why }) => `Could not copy ${what}: ${oneLine(why, 300)}`),
  ];
  if (problems.length > SHOWN_PROBLEMS)
    lines.push(`and ${problems.length - SHOWN_PROBLEMS} more: --json has all of them.`);
  if (stopped !== undefined)
    lines.push(`It did not come to its end: ${oneLine(stopped, 300)}. Run it again: it goes on where it stopped.`);
  return lines.join('\n');
}

/** A folder that was mistyped and happens to be there looks like a store without a run. */
function nothingToCopy({ from, to, runs }: CopySummary): string {
  return runs.unchanged === 0
    ? `Nothing to copy to ${to}: there is no run in ${from}.`
    : `Nothing to copy to ${to}: it has everything of ${from}.`;
}

function some(count: number, noun: string, done = ''): string {
  if (count === 0) return '';
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}${done === '' ? '' : ` ${done}`}`;
}
