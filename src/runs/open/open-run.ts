// Opens a run: its key, span, tags and the create write, in this order and in one turn.
import { trace } from '@opentelemetry/api';
import type { Attributes, Context, SpanContext } from '@opentelemetry/api';
import type { Tag } from '../../model/entities.ts';
import { takeCodePoints } from '../../model/limits.ts';
import { mendTagValue } from '../../model/mend.ts';
import { mendText, readEntries } from '../../model/mend-text.ts';
import type { Redactor } from '../../model/redact.ts';
import type { CreateWrite, MetricWrite } from '../../model/write.ts';
import {
  ATTR_MLFLOW_PARENT_RUN_ID,
  ATTR_MLFLOW_RUN_ID,
  ATTR_MLFLOW_RUN_URL,
  ATTR_MLFLOW_TRACE_NAME,
} from '../../otel/attribute-names.ts';
import type { AlertSpanProcessor } from '../../otel/alert-span-processor.ts';
import type { MirroredAttributes } from '../../otel/run/mirror.ts';
import { activeRun, currentContext } from '../../otel/run/run-context.ts';
import { openRecorder } from '../../otel/run/run-recorder.ts';
import { startRunSpan } from '../../otel/run/start-run-span.ts';
import type { Outbox } from '../../outbox/contract.ts';
import { ActiveRun } from './active-run.ts';
import type { ChildPlace } from './child-env.ts';
import { keyOfJoined, looksLikeRunKey, makeRunKey } from './joined-run.ts';
import type { JoinedRun } from './joined-run.ts';
import type { RunConfig } from './run-config.ts';
import type { RunLog } from '../run.ts';
import { RunIntake } from '../intake/run-intake.ts';
import type { Complaints } from '../intake/intake-gate.ts';
import { bindLog } from './run-log.ts';
import { keepTelemetry } from '../files/run-telemetry.ts';
import { watchSystem } from '../system/watch.ts';
import type { SystemWatch } from '../system/watch.ts';

/** What every run of a service shares. */
export interface RunSurroundings {
  readonly outbox: Outbox;
  readonly experimentName: string;
  readonly redactor: Redactor;
  readonly complaints: Complaints;
  /** The mirror rule. */
  readonly mirror: (attributes: Attributes) => MirroredAttributes;
  readonly isStrict: boolean;
  /** Whether the store takes our key as the run's id, as embedded ones do: then the id is known at once. */
  readonly isKeyRunId: boolean;
  readonly now: () => number;
  /** The logged model that metrics are of where nothing else is said. */
  readonly activeModelId?: () => string | undefined;
  /** MLflow's own tags: who, which file, which commit. */
  readonly sourceTags: readonly Tag[];
  readonly logger: RunLog;
  readonly alertProcessor: AlertSpanProcessor;
  /** Such as `https://jaeger/trace/{traceId}`; undefined: no tag `otel.trace_url`. */
  readonly traceUrlTemplate: string | undefined;
  readonly spoolTimeoutMs: number;
  /** Where children of a run find it; undefined where nothing is written. */
  readonly childPlace: ChildPlace | undefined;
  /** The span of the process that started this one, where there is one; asked at each run that has no parent here. */
  readonly remoteParent?: () => SpanContext | undefined;
  /** Whether runs log system metrics that do not say so themselves, and how; undefined: none ever. */
  readonly system: (SystemWatch & { readonly isDefault: boolean }) | undefined;
  /** Whether a run keeps its spans and log lines as artifacts. */
  readonly keepsTelemetry: boolean;
  /** Whether those spans become the run's trace in MLflow. */
  readonly logsTraces: boolean;
  readonly onEnded: (run: ActiveRun) => void;
}

/** The width of MLflow's column runs.name. */
const MAX_RUN_NAME_LENGTH = 250;

/** Enough to tell apart the processes of one run. */
const PART_LENGTH = 8;

/** The tag that finds a run by its key; creates are made exactly once by it. */
const RUN_KEY_TAG = 'runspan.run_key';

/**
 * Opens a run in the active context and returns it; the store learns of it through the outbox.
 *
 * @param parentRun a run key or run id; undefined for a run of its own
 */
export function openRun(surroundings: RunSurroundings, config: RunConfig, parentRun?: string): ActiveRun {
  const runKey = makeRunKey();
  const intake = new RunIntake({ ...surroundings, runKey });
  // What a strict service throws on is thrown here, before there is a span to leave behind.
  const name = toRunName(config.name, surroundings.redactor, intake);
  const given = intake.prepareTags(startTags(surroundings, { ...config, name }));
  const runId = knownRunId(config, runKey, surroundings);
  const isResumed = config.runId !== undefined;
  const run = makeRun(surroundings, { name, runKey, intake, runId, parentRun, isResumed });
  // One value a key: a server refuses a create that says one twice.
  const tags = new Map([...given.sent, ...given.keyTags].map(({ key, value }) => [key, value]));
  for (const [key, value] of traceTags(surroundings, run.span.spanContext())) tags.set(key, value);
  tags.set(RUN_KEY_TAG, runKey);
  const create: CreateWrite = {
    kind: 'create',
    runKey,
    experimentName: surroundings.experimentName,
    runName: tags.get('mlflow.runName') ?? '',
    userId: findTag(tags, 'mlflow.user') ?? 'unknown',
    startTimeMs: run.startedAtMs,
    tags: Array.from(tags, ([key, value]) => ({ key, value })),
    ...(parentRun === undefined ? {} : { parentRun }),
    ...(config.runId === undefined ? {} : { resumeRunId: config.runId }),
  };
  intake.acceptCreate(create, given.wholes);
  if (surroundings.system !== undefined && (config.logSystemMetrics ?? surroundings.system.isDefault)) {
    const append = (metric: MetricWrite): void => intake.acceptAlways(metric);
    const { outbox, now } = surroundings;
    run.atEnd(watchSystem(surroundings.system, { runKey, resumeRunId: config.runId, outbox, append, now }));
  }
  return run;
}

/** The store's id where it is known for sure: where it takes our keys, and of a resumed run whose id cannot be a key of ours. */
function knownRunId(config: RunConfig, runKey: string, { isKeyRunId }: RunSurroundings): string | undefined {
  if (config.runId === undefined) return isKeyRunId ? runKey : undefined;
  return isKeyRunId || !looksLikeRunKey(config.runId) ? config.runId : undefined;
}

/**
 * Takes part in a run that another process has open: what is logged goes there, the span is a child of its, and the end is the other's.
 *
 * @param name of the span in this process
 */
export function joinRun(surroundings: RunSurroundings, name: string, joined: JoinedRun): ActiveRun {
  const runKey = keyOfJoined(joined);
  const { outbox } = surroundings;
  const endless: Pick<Outbox, 'append' | 'spoolBytes'> = {
    spoolBytes: (bytes) => outbox.spoolBytes(bytes),
    append: (write) => (write.kind === 'end' ? 0 : outbox.append(write)),
  };
  const intake = new RunIntake({ ...surroundings, outbox: endless, runKey });
  // The store's id of a key is the key itself where it was chosen by us; that of an id alone is the id.
  const runId = joined.runId ?? (surroundings.isKeyRunId ? runKey : undefined);
  const spanName = toRunName(name, surroundings.redactor, intake);
  const isKeyShared = joined.runKey !== undefined;
  const run = makeRun(surroundings, {
    name: spanName,
    runKey,
    intake,
    runId,
    runUrl: joined.runUrl,
    isJoined: true,
    isKeyShared,
  });
  intake.acceptAlways({ kind: 'join', runKey, ...(joined.runId === undefined ? {} : { runId: joined.runId }) });
  return run;
}

interface RunParts {
  readonly name: string;
  readonly runKey: string;
  readonly intake: RunIntake;
  readonly runId: string | undefined;
  readonly runUrl?: string | undefined;
  readonly parentRun?: string | undefined;
  readonly isJoined?: boolean;
  readonly isResumed?: boolean;
  readonly isKeyShared?: boolean;
}

function makeRun(surroundings: RunSurroundings, parts: RunParts): ActiveRun {
  const { redactor, experimentName, alertProcessor, logger } = surroundings;
  const {
    name,
    runKey,
    intake,
    runId,
    runUrl,
    parentRun,
    isJoined = false,
    isResumed = false,
    isKeyShared = true,
  } = parts;
  const recorder = surroundings.keepsTelemetry ? openRecorder(runKey) : undefined;
  const started = startRunSpan({
    name: name || experimentName,
    runKey,
    runName: name,
    experimentName,
    attributes: {
      ...(parentRun === undefined ? {} : { [ATTR_MLFLOW_PARENT_RUN_ID]: parentRun }),
      ...(runId === undefined ? {} : { [ATTR_MLFLOW_RUN_ID]: runId }),
      ...(runUrl === undefined ? {} : { [ATTR_MLFLOW_RUN_URL]: runUrl }),
      // Without it a trace has no name in MLflow: the root span's is not used.
      ...(surroundings.logsTraces ? { [ATTR_MLFLOW_TRACE_NAME]: name } : {}),
    },
    isEndedByRun: true,
    onAttributes: (attributes) => intake.journalAttributes(attributes),
    onRefused: (message) => intake.refuseLeniently('invalid', message),
    alertProcessor,
    redactor,
    parent: parentContext(surroundings.remoteParent?.()),
    isJoined,
  });
  started.identity.runId = runId;
  started.identity.runUrl = runUrl;
  started.identity.isPageDue = runId !== undefined && runUrl === undefined && !surroundings.isKeyRunId;
  const isActive = (): boolean => activeRun()?.runKey === runKey;
  const log = bindLog({ logger, runContext: started.context, isActive });
  const run = new ActiveRun({ ...surroundings, name, started, intake, log, isKeyShared });
  if (recorder !== undefined) {
    const hasDisk = (): boolean => surroundings.outbox.stats().durability !== 'memory';
    // Another process, or another time, has files of the plain names in the same run.
    const part = isJoined || isResumed ? makeRunKey().slice(0, PART_LENGTH) : undefined;
    run.atEnd(() => keepTelemetry(recorder, { intake, redactor, hasDisk, part, isTraced: surroundings.logsTraces }));
  }
  return run;
}

/** The active span's context, else that of the span of another process which started this one. */
function parentContext(remote: SpanContext | undefined): Context {
  const current = currentContext();
  if (remote === undefined || trace.getSpan(current) !== undefined) return current;
  return trace.setSpanContext(current, remote);
}

/** A name as MLflow's table takes it, without secrets: the run, its tag and its span must all say the same. */
function toRunName(given: string, redactor: Redactor, intake: RunIntake): string {
  const name = redactor.redactText(given);
  const sent = takeCodePoints(mendText(name) ?? '', MAX_RUN_NAME_LENGTH);
  if (sent !== name) intake.mend('name', `The name of run '${sent}' was brought within what MLflow keeps.`);
  return sent;
}

/** Later entries win: the user's tags over MLflow's own, the name over both. */
function startTags(surroundings: RunSurroundings, config: RunConfig): ReadonlyMap<unknown, unknown> {
  const tags = new Map<unknown, unknown>(surroundings.sourceTags.map(({ key, value }) => [key, value]));
  for (const [key, value] of readEntries(config.tags) ?? []) tags.set(key, value);
  if (config.description !== undefined) tags.set('mlflow.note.content', config.description);
  if (config.name !== '') tags.set('mlflow.runName', config.name);
  return tags;
}

/** Links to the run's trace, where there is one. */
function traceTags(
  { traceUrlTemplate, redactor }: RunSurroundings,
  { traceId, spanId }: { readonly traceId: string; readonly spanId: string },
): readonly (readonly [string, string])[] {
  if (/^0+$/.test(traceId)) return [];
  const links: [string, string][] = [
    ['otel.trace_id', traceId],
    ['otel.span_id', spanId],
  ];
  const traceUrl = traceUrlTemplate?.replaceAll('{traceId}', traceId).replaceAll('{spanId}', spanId);
  if (traceUrl !== undefined) links.push(['otel.trace_url', mendTagValue(redactor.redactText(traceUrl)).value]);
  return links;
}

function findTag(tags: ReadonlyMap<string, unknown>, key: string): string | undefined {
  const value = tags.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
