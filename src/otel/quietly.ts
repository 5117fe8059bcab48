// Telemetry must not throw into the job: one place where its errors end, said at OpenTelemetry's diagnostic level.
import { diag } from '@opentelemetry/api';

/**
 * Runs a piece of telemetry; what it throws is handed to OpenTelemetry's diagnostics and goes no further.
 *
 * @param what names the work in the diagnostic line
 * @returns whether it went well
 */
export function quietly(what: string, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    sayFailure(what, error);
    return false;
  }
}

/** Hands a failure of telemetry to OpenTelemetry's diagnostics; never throws. */
export function sayFailure(what: string, error: unknown): void {
  sayWarning(`${what} failed`, error);
}

/** Says something at OpenTelemetry's diagnostic level `warn`; never throws. */
export function sayWarning(message: string, ...details: readonly unknown[]): void {
  try {
    diag.warn(`runspan: ${message}`, ...details);
  } catch {
    // A diagnostic logger that throws has no other way to be heard.
  }
}
