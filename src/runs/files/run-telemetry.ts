// A run's own spans and log lines as artifacts of the run, written when it ends.
import { writeLogLines, writeSpanLines } from '../../otel/export/otlp-json.ts';
import { quietly } from '../../otel/quietly.ts';
import type { RunRecorder } from '../../otel/run/run-recorder.ts';
import type { SpanRedactor } from '../../otel/span-attributes.ts';
import type { RunIntake } from '../intake/run-intake.ts';

/** The folder of what a run keeps of itself. */
export const KEPT_FOLDER = 'runspan';

/** Says which of them a file of that folder is; undefined for another file. */
export function kindOfKept(path: string): 'trace' | 'logs' | undefined {
  // The expression admits these two words only.
  return /^runspan\/(trace|logs)(?:-[0-9a-f]{8})?\.otlp\.jsonl$/.exec(path)?.[1] as 'trace' | 'logs' | undefined;
}

/** What {@link keepTelemetry} stands on. */
export interface KeepTelemetryOptions {
  readonly intake: Pick<RunIntake, 'acceptBytes' | 'acceptTags'>;
  readonly redactor: SpanRedactor;
  /** Whether the journal is on a disk: memory is for what cannot be had again. */
  readonly hasDisk: () => boolean;
  /** Whether the spans become the run's trace in MLflow too. */
  readonly isTraced: boolean;
  /** 8 hex characters, for a process or a time beside others of the same run. */
  readonly part?: string | undefined;
}

/** Closes a recorder and keeps what it holds as artifacts; tags say how much was too much. Never throws. */
export function keepTelemetry(recorder: RunRecorder, options: KeepTelemetryOptions): void {
  const { intake, redactor, hasDisk, part, isTraced } = options;
  quietly("keeping a run's telemetry", () => {
    const { spans, logs, droppedSpanCount, droppedLogCount } = recorder;
    recorder.close();
    if (!hasDisk()) return;
    const dropped = {
      ...(droppedSpanCount > 0 && { 'runspan.dropped_spans': droppedSpanCount }),
      ...(droppedLogCount > 0 && { 'runspan.dropped_logs': droppedLogCount }),
    };
    if (Object.keys(dropped).length > 0) intake.acceptTags(dropped);
    const lines = { redactor, resource: spans.at(-1)?.resource };
    const keep = (kind: string, text: string): void => {
      if (text === '') return;
      const name = part === undefined ? kind : `${kind}-${part}`;
      const isTrace = kind === 'trace' && isTraced;
      intake.acceptBytes(`${KEPT_FOLDER}/${name}.otlp.jsonl`, Buffer.from(text), { isTrace });
    };
    keep('trace', writeSpanLines(spans, lines));
    keep('logs', writeLogLines(logs, lines));
  });
}
