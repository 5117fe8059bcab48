// A run on a recording outbox, with everything that was said about it in lists.
import { createRedactor } from '../../src/model/redact.ts';
import type { Write } from '../../src/model/write.ts';
import { AlertSpanProcessor } from '../../src/otel/alert-span-processor.ts';
import { mirrorAttributes } from '../../src/otel/run/mirror.ts';
import type { ActiveRun } from '../../src/runs/open/active-run.ts';
import { openRun } from '../../src/runs/open/open-run.ts';
import type { RunSurroundings } from '../../src/runs/open/open-run.ts';
import type { RunConfig } from '../../src/runs/open/run-config.ts';
import type { RunLog } from '../../src/runs/run.ts';
import { openRecordingOutbox } from './recording-outbox.ts';
import type { RecordingOutbox } from './recording-outbox.ts';

export interface TestRun {
  readonly surroundings: RunSurroundings;
  readonly run: ActiveRun;
  readonly outbox: RecordingOutbox;
  readonly alerts: string[];
  readonly refusals: string[];
  readonly mends: string[];
  /** What was said, by kind. */
  readonly said: Map<string, string>;
  readonly writesOf: <K extends Write['kind']>(kind: K) => Extract<Write, { kind: K }>[];
  /** All params and tags sent, the create's among them, by key; the last value of each. */
  readonly texts: (kind: 'params' | 'tags') => Record<string, string>;
}

const silent = (): void => undefined;
export const silentLog: RunLog = {
  trace: silent,
  debug: silent,
  info: silent,
  success: silent,
  warn: silent,
  error: silent,
  critical: silent,
  fatal: silent,
};

/** Opens a run that nothing waits for. */
export function openTestRun(config: Partial<RunConfig> = {}, changes: Partial<RunSurroundings> = {}): TestRun {
  const outbox = openRecordingOutbox();
  const alerts: string[] = [];
  const refusals: string[] = [];
  const mends: string[] = [];
  const said = new Map<string, string>();
  const surroundings: RunSurroundings = {
    outbox,
    experimentName: 'exp',
    redactor: createRedactor(),
    complaints: {
      refuse: (reason, message) => {
        refusals.push(reason);
        said.set(reason, message);
      },
      mend: (reason, message) => {
        mends.push(reason);
        said.set(reason, message);
      },
      warnOnce: (kind, message) => said.set(kind, message),
    },
    mirror: mirrorAttributes,
    isStrict: false,
    isKeyRunId: false,
    now: () => 1000,
    sourceTags: [],
    logger: silentLog,
    alertProcessor: new AlertSpanProcessor({ notify: (title, message) => alerts.push(`${title}: ${message}`) }),
    traceUrlTemplate: undefined,
    system: undefined,
    keepsTelemetry: false,
    logsTraces: false,
    childPlace: undefined,
    spoolTimeoutMs: 1000,
    onEnded: silent,
    ...changes,
  };
  const run = openRun(surroundings, { name: 'train', ...config });
  const writesOf = <K extends Write['kind']>(kind: K): Extract<Write, { kind: K }>[] =>
    // The filter has just compared the kind.
    outbox.writes.filter((write) => write.kind === kind) as Extract<Write, { kind: K }>[];
  const texts = (kind: 'params' | 'tags'): Record<string, string> => {
    const sent = kind === 'params' ? writesOf('params').flatMap(({ params }) => params) : [];
    if (kind === 'tags') sent.push(...[...writesOf('create'), ...writesOf('tags')].flatMap(({ tags }) => tags));
    return Object.fromEntries(sent.map(({ key, value }) => [key, value]));
  };
  return { surroundings, run, outbox, alerts, refusals, mends, said, writesOf, texts };
}
