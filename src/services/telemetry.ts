// What goes to OpenTelemetry, as one thing to flush: the lines that the logger still holds, and what the providers hold back.
import type { Providers } from '../otel/providers.ts';
import type { LoggerService } from './logger-service.ts';

/** The way of spans and log records out of this process. */
export interface Telemetry {
  /** Sends what waits, within the deadline. Never rejects. */
  flush(options: { readonly timeoutMs: number }): Promise<void>;
  /** The same before an error goes on that most often ends the process: in `exit` nothing can be exported any more. Never rejects. */
  exportFailure(): Promise<void>;
}

/** How long an error may be held back; as long as one export may take. */
const FAILURE_TIMEOUT_MS = 2_000;

/** Joins the set-up that a service found with the logger that it is linked to; either may be missing. */
export function joinTelemetry(providers: Providers | undefined, logger: LoggerService | undefined): Telemetry {
  const flush = async (options: { readonly timeoutMs: number }): Promise<void> => {
    // The logger first: in the same turn it hands its lines to the providers.
    await Promise.all([logger?.flush(options), providers?.flush(options)]);
  };
  return { flush, exportFailure: () => flush({ timeoutMs: FAILURE_TIMEOUT_MS }) };
}
