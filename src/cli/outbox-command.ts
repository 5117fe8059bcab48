// `runspan outbox`: what waits in RUNSPAN_DIR, whose it is, and what the stores refused.
import { resolveMlflowSettings } from '../config/settings/mlflow-settings.ts';
import type { FolderReport, OutboxReport, Ownership } from '../outbox/folder/inspect.ts';
import { inspectOutbox } from '../outbox/folder/inspect.ts';
import { nodeSystem } from '../outbox/machine/node-system.ts';
import { countSpilled } from '../outbox/telemetry/count-spilled.ts';
import { formatDuration, oneLine, paint } from './text/format.ts';
import { layOut } from './text/table.ts';

/** What `runspan outbox` was asked for. */
export interface OutboxRequest {
  readonly json?: boolean;
}

const OWNERS: Readonly<Record<Ownership, string>> = {
  'in-use': 'at work',
  left: 'gone',
  unknown: 'perhaps at work',
};
/** Reasons of refusals that are shown; `--json` has every record. */
const SHOWN_REASONS = 10;

/** Reports on the outbox folders of RUNSPAN_DIR. */
export function showOutbox(request: OutboxRequest, nowMs: number): string {
  const { directory } = resolveMlflowSettings({});
  const report = inspectOutbox(nodeSystem(), directory);
  const telemetry = { pendingCount: countSpilled(nodeSystem(), directory) };
  if (request.json) return JSON.stringify({ directory, ...report, telemetry }, undefined, 2);
  const said = [
    listFolders(report.folders, nowMs),
    listUnreadable(report),
    listLetters(report),
    sayTelemetry(telemetry.pendingCount),
  ];
  const parts = said.filter((part) => part !== '');
  return parts.length === 0 ? `Nothing waits in ${directory}.` : parts.join('\n\n');
}

/** The folders as a table. */
export function listFolders(folders: readonly FolderReport[], nowMs: number): string {
  if (folders.length === 0) return '';
  const header = ['PENDING', 'REFUSED', 'PROCESS', 'SEEN', 'RUNS', 'FOR'].map((text) => ({
    text,
    paint: (padded: string) => paint('dim', padded),
  }));
  const rows = folders.map((folder) => [
    String(folder.pendingCount),
    String(folder.deadLetters.reduce((sum, { count }) => sum + count, 0)),
    `${folder.pid ?? '?'} on ${folder.host ?? '?'}, ${OWNERS[folder.ownership]}`,
    folder.lastSeenMs === undefined ? '?' : `${formatDuration(nowMs - folder.lastSeenMs)} ago`,
    oneLine(folder.runNames.join(', ') || '–', 40),
    folder.trackingUri,
  ]);
  return layOut([header, ...rows]);
}

function listUnreadable({ unreadable }: OutboxReport): string {
  return unreadable
    .map(({ name, why }) => `${name} cannot be read, and is left as it is: ${oneLine(why, 160)}`)
    .join('\n');
}

function sayTelemetry(count: number): string {
  if (count === 0) return '';
  const what = count === 1 ? 'span or log record waits' : 'spans and log records wait';
  return `${count} ${what} for a Collector: the next start with an OTLP endpoint sends them.`;
}

function listLetters({ folders, graves }: OutboxReport): string {
  const letters = [...folders, ...graves].flatMap(({ trackingUri, deadLetters }) =>
    deadLetters.map(({ count, reason }) => ({ count, reason, trackingUri })),
  );
  if (letters.length === 0) return '';
  const reasons = countReasons(letters);
  const lines = reasons.slice(0, SHOWN_REASONS).map(({ count, text }) => `  ${count > 1 ? `${count} × ` : ''}${text}`);
  const more = reasons.slice(SHOWN_REASONS).reduce((sum, { count }) => sum + count, 0);
  const total = reasons.reduce((sum, { count }) => sum + count, 0);
  return [
    `${total} ${total === 1 ? 'record was' : 'records were'} refused for good; runspan sync --retry-dead sends them once more:`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more: runspan outbox --json`] : []),
  ].join('\n');
}

interface Letter {
  readonly count: number;
  readonly reason: string;
  readonly trackingUri: string | undefined;
}

/** Equal reasons once, in the order in which each was first given. */
function countReasons(letters: readonly Letter[]): readonly { readonly count: number; readonly text: string }[] {
  const counts = new Map<string, number>();
  for (const { count, reason, trackingUri } of letters) {
    const text = `${oneLine(reason, 160)} (${trackingUri ?? 'a store of an earlier version'})`;
    counts.set(text, (counts.get(text) ?? 0) + count);
  }
  return [...counts].map(([text, count]) => ({ text, count }));
}
