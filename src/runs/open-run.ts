// Opens a run: its key, span, tags and the create write, in this order and in one turn.
import { randomBytes } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import type { Tag } from '../model/entities.ts';
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
  const intake = new RunIntake({ ...surroundings, runKey });
  const runId = config.runId ?? (surroundings.isKeyRunId ? runKey : undefined);
  const started = startRunSpan({
    name: config.name || experimentName,
    runKey,
    runName: config.name,
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
  const run = new ActiveRun({ ...surroundings, name: config.name, started, intake, log });
  const tags = startTags(surroundings, config, started.span.spanContext());
  intake.acceptWrite({
    kind: 'create',
    runKey,
    experimentName,
    runName: config.name,
    userId: findTag(tags, 'mlflow.user') ?? 'unknown',
    startTimeMs: run.startedAtMs,
    tags: [...intake.toTags(Object.fromEntries(tags)), { key: RUN_KEY_TAG, value: runKey }],
    ...(parentRun === undefined ? {} : { parentRun }),
    ...(config.runId === undefined ? {} : { resumeRunId: config.runId }),
  });
  return run;
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
