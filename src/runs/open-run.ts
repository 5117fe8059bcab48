// Opens a run: its key, span, tags and the create write, in this order and in one turn.
import { randomBytes } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import type { Tag } from '../model/entities.ts';
import { takeCodePoints } from '../model/limits.ts';
import { mendText } from '../model/mend-text.ts';
import type { Redactor } from '../model/redact.ts';
import { ATTR_MLFLOW_PARENT_RUN_ID, ATTR_MLFLOW_RUN_ID } from '../otel/attribute-names.ts';
import type { AlertSpanProcessor } from '../otel/alert-span-processor.ts';
import type { MirroredAttributes } from '../otel/mirror.ts';
import { activeRun } from '../otel/run-context.ts';
import { startRunSpan } from '../otel/run-span.ts';
import type { Outbox } from '../outbox/contract.ts';
import { ActiveRun } from './active-run.ts';
import type { RunConfig } from './run-config.ts';
import type { RunLog } from './run.ts';
import { RunIntake } from './run-intake.ts';
import type { Complaints } from './intake-gate.ts';
import { bindLog } from './run-log.ts';

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
  /** MLflow's own tags: who, which file, which commit. */
  readonly sourceTags: readonly Tag[];
  readonly logger: RunLog;
  readonly alertProcessor: AlertSpanProcessor;
  /** Such as `https://jaeger/trace/{traceId}`; undefined: no tag `otel.trace_url`. */
  readonly traceUrlTemplate: string | undefined;
  readonly spoolTimeoutMs: number;
  readonly onEnded: (run: ActiveRun) => void;
}

/** The width of MLflow's column runs.name. */
const MAX_RUN_NAME_LENGTH = 250;

/** The tag that finds a run by its key; creates are made exactly once by it. */
const RUN_KEY_TAG = 'runspan.run_key';

/**
 * Opens a run in the active context and returns it; the store learns of it through the outbox.
 *
 * @param parentRun a run key or run id; undefined for a run of its own
 */
export function openRun(surroundings: RunSurroundings, config: RunConfig, parentRun?: string): ActiveRun {
  const runKey = randomBytes(16).toString('hex');
  const { redactor, experimentName } = surroundings;
  const name = toRunName(config.name, redactor);
  const intake = new RunIntake({ ...surroundings, runKey });
  const runId = config.runId ?? (surroundings.isKeyRunId ? runKey : undefined);
  const started = startRunSpan({
    name: name || experimentName,
    runKey,
    runName: name,
    experimentName,
    attributes: {
      ...(parentRun === undefined ? {} : { [ATTR_MLFLOW_PARENT_RUN_ID]: parentRun }),
      ...(runId === undefined ? {} : { [ATTR_MLFLOW_RUN_ID]: runId }),
    },
    onAttributes: (attributes) => intake.journalAttributes(attributes),
    alertProcessor: surroundings.alertProcessor,
    redactor,
  });
  started.identity.runId = runId;
  const isActive = (): boolean => activeRun()?.runKey === runKey;
  const log = bindLog({ logger: surroundings.logger, runContext: started.context, isActive });
  const run = new ActiveRun({ ...surroundings, name, started, intake, log });
  const given = startTags(surroundings, { ...config, name }, started.span.spanContext());
  // One value a key, whatever mending made of the keys: a server refuses a create that says one twice.
  const tags = new Map(intake.toTags(Object.fromEntries(given)).map(({ key, value }) => [key, value]));
  tags.set(RUN_KEY_TAG, runKey);
  intake.acceptWrite({
    kind: 'create',
    runKey,
    experimentName,
    runName: tags.get('mlflow.runName') ?? '',
    userId: findTag(tags, 'mlflow.user') ?? 'unknown',
    startTimeMs: run.startedAtMs,
    tags: Array.from(tags, ([key, value]) => ({ key, value })),
    ...(parentRun === undefined ? {} : { parentRun }),
    ...(config.runId === undefined ? {} : { resumeRunId: config.runId }),
  });
  return run;
}

/** A name as MLflow's table takes it, without secrets: the run, its tag and its span must all say the same. */
function toRunName(name: string, redactor: Redactor): string {
  return takeCodePoints(mendText(redactor.redactText(name)) ?? '', MAX_RUN_NAME_LENGTH);
}

/** Later entries win: the user's tags over MLflow's own, the name and our links over both. */
function startTags(
  surroundings: RunSurroundings,
  config: RunConfig,
  spanContext: { readonly traceId: string; readonly spanId: string },
): ReadonlyMap<string, unknown> {
  const tags = new Map<string, unknown>(surroundings.sourceTags.map(({ key, value }) => [key, value]));
  for (const [key, value] of Object.entries(config.tags ?? {})) tags.set(key, value);
  if (config.description !== undefined) tags.set('mlflow.note.content', config.description);
  if (config.name !== '') tags.set('mlflow.runName', config.name);
  const { traceId, spanId } = spanContext;
  if (!/^0+$/.test(traceId)) {
    tags.set('otel.trace_id', traceId);
    tags.set('otel.span_id', spanId);
    const traceUrl = surroundings.traceUrlTemplate?.replaceAll('{traceId}', traceId).replaceAll('{spanId}', spanId);
    if (traceUrl !== undefined) tags.set('otel.trace_url', traceUrl);
  }
  return tags;
}

function findTag(tags: ReadonlyMap<string, unknown>, key: string): string | undefined {
  const value = tags.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
