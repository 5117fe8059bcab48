// The one place that raises a run's alert: a run's span that ended in ERROR becomes one notification.
import { SpanStatusCode } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import type { AlertSink } from '../model/alert-sink.ts';
import { shareInProcess } from '../model/process-wide.ts';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_TYPE,
  ATTR_MLFLOW_EXPERIMENT_NAME,
  ATTR_MLFLOW_RUN_ID,
  ATTR_MLFLOW_RUN_NAME,
  ATTR_MLFLOW_RUN_STATUS,
  ATTR_MLFLOW_RUN_URL,
  ATTR_RUN_KEY,
  ATTR_RUNSPAN_KIND,
  EVENT_EXCEPTION,
  RUNSPAN_KIND_RUN,
} from './attribute-names.ts';
import { ERROR_TYPE_OTHER } from './error-type.ts';
import { quietly } from './quietly.ts';
import type { EndedSpan, SpanProcessorLike } from './sdk-types.ts';

/** What an alert says about a run; also for a run that the reaper ended, which has no span here. */
export interface RunAlert {
  readonly runKey: string;
  readonly runName: string;
  readonly isKilled: boolean;
  readonly experimentName?: string | undefined;
  readonly errorType?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly runUrl?: string | undefined;
  readonly runId?: string | undefined;
}

/** Masks secrets in the text of an alert. */
export type RedactText = (text: string) => string;

/** How many runs are remembered as alerted; the oldest are forgotten. */
const MAX_ALERTED_RUNS = 10_000;

/** Desktop notifications show about this much. */
const MAX_ERROR_TEXT = 300;

/**
 * Raises one alert for each run whose span ends in ERROR, a killed run among them; once per run over the whole process,
 * so that a copy in your own NodeSDK and ours do not both alert. Never throws, never waits.
 *
 * @example
 * new NodeSDK({ spanProcessors: [new AlertSpanProcessor(alerts), new BatchSpanProcessor({ exporter })] });
 */
export class AlertSpanProcessor implements SpanProcessorLike {
  readonly #sink: AlertSink;
  readonly #redactText: RedactText;

  /** @param redactText applied to name and error text; a run's span is redacted already, other packages' spans may not be */
  constructor(sink: AlertSink, redactText: RedactText = (text) => text) {
    this.#sink = sink;
    this.#redactText = redactText;
  }

  onStart(): void {
    // A run that has just begun is no news.
  }

  onEnd(span: EndedSpan): void {
    // The status first: next to all spans end here.
    if (span.status?.code !== SpanStatusCode.ERROR) return;
    quietly('an alert', () => {
      if (span.attributes[ATTR_RUNSPAN_KIND] !== RUNSPAN_KIND_RUN) return;
      raiseRunAlert(this.#sink, toAlert(span), this.#redactText);
    });
  }

  async forceFlush(): Promise<void> {
    // Alerts are raised at once.
  }

  async shutdown(): Promise<void> {
    // The sink is the service's own.
  }
}

/**
 * Raises the alert of one run unless this process has raised it already.
 *
 * @returns whether the alert was raised now
 */
export function raiseRunAlert(sink: AlertSink, alert: RunAlert, redactText: RedactText = (text) => text): boolean {
  if (!claim(alert.runKey)) return false;
  const title = `Run ${redactText(alert.runName)} ${alert.isKilled ? 'was killed' : 'failed'}`;
  return quietly('an alert', () => sink.notify(title, describe(alert, redactText)));
}

function describe(alert: RunAlert, redactText: RedactText): string {
  const parts: string[] = [];
  const { errorType, errorMessage, experimentName, runUrl, runId, runKey } = alert;
  const type = errorType === ERROR_TYPE_OTHER ? undefined : errorType;
  const error = [type, errorMessage && cut(redactText(errorMessage))].filter(Boolean).join(': ');
  if (error !== '') parts.push(error);
  if (experimentName !== undefined) parts.push(`experiment ${experimentName}`);
  parts.push(runUrl ?? (runId === undefined ? `run key ${runKey}` : `run ${runId}`));
  return parts.join(' | ');
}

function toAlert(span: EndedSpan): RunAlert {
  const { attributes } = span;
  const exception = span.events.findLast((event) => event.name === EVENT_EXCEPTION)?.attributes ?? {};
  return {
    runKey: textOf(attributes, ATTR_RUN_KEY) ?? span.spanContext().spanId,
    runName: textOf(attributes, ATTR_MLFLOW_RUN_NAME) ?? span.name,
    isKilled: attributes[ATTR_MLFLOW_RUN_STATUS] === 'KILLED',
    experimentName: textOf(attributes, ATTR_MLFLOW_EXPERIMENT_NAME),
    errorType: textOf(attributes, ATTR_ERROR_TYPE) ?? textOf(exception, ATTR_EXCEPTION_TYPE),
    errorMessage: span.status.message || textOf(exception, ATTR_EXCEPTION_MESSAGE),
    runUrl: textOf(attributes, ATTR_MLFLOW_RUN_URL),
    runId: textOf(attributes, ATTR_MLFLOW_RUN_ID),
  };
}

function textOf(attributes: Attributes, key: string): string | undefined {
  const value = attributes[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function claim(runKey: string): boolean {
  const alerted = shareInProcess('alerted-runs', () => new Set<string>());
  if (alerted.has(runKey)) return false;
  // A Set gives its members oldest first.
  if (alerted.size >= MAX_ALERTED_RUNS) for (const oldest of alerted) if (alerted.delete(oldest)) break;
  alerted.add(runKey);
  return true;
}

function cut(text: string): string {
  return text.length > MAX_ERROR_TEXT ? `${text.slice(0, MAX_ERROR_TEXT - 1)}…` : text;
}
