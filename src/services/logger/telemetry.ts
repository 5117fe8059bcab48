// What goes to OpenTelemetry, as one thing to flush: the lines that the logger still holds, and what the providers hold back.
import type { RunspanLogger } from '../../logs/pino-logger.ts';
import { ensureContextManager } from '../../otel/setup/sdk-setup.ts';
import { LoggerService } from './logger-service.ts';
import { bringUpOtel } from './otel-setup.ts';
import { joinTelemetryExits } from '../lifecycle/telemetry-exits.ts';

/** What {@link openTelemetry} stands on. */
export interface TelemetryOptions {
  /** The one that the service was given; it is started and stopped by whoever gave it. @default one of our own, from env */
  readonly logger: LoggerService | undefined;
  /** RUNSPAN_DIR. */
  readonly directory: string;
  readonly exitHooks: boolean;
  readonly isDisabled: boolean;
}

/** The way of spans and log records out of this process. */
export interface Telemetry {
  readonly log: RunspanLogger;
  /** Sends what waits, within the deadline. Never rejects. */
  flush(options: { readonly timeoutMs: number }): Promise<void>;
  /**
   * Before an error goes on that most often ends the process: the job's own SDK exports nothing in `exit` any more, so that it is
   * flushed now. Ours is not waited for: in `exit` it sends, or keeps on disk. Never rejects.
   */
  exportFailure(): Promise<void>;
  /** Stops the logger where it is our own. */
  stop(options: { readonly timeoutMs: number }): Promise<void>;
}

/** How long an error may be held back for the job's own SDK. */
const FAILURE_TIMEOUT_MS = 2_000;

/** Brings the process's OpenTelemetry set-up and a service's logger together; a logger of our own is started. */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { directory, exitHooks, isDisabled } = options;
  const logger = options.logger ?? new LoggerService({}, { exitHooks, directory });
  const isOwn = logger !== options.logger;
  if (isOwn) await logger.start();
  const providers = isDisabled ? undefined : await bringUpOtel({ directory });
  // A body asks for its active run all the same.
  if (isDisabled) await ensureContextManager();
  if (providers !== undefined && exitHooks) joinTelemetryExits(providers);
  const flush = async (deadline: { readonly timeoutMs: number }): Promise<void> => {
    // The logger first: in the same turn it hands its lines to the providers.
    await Promise.all([logger.flush(deadline), providers?.flush(deadline)]);
  };
  return {
    log: logger.logger(),
    flush,
    exportFailure: async () => {
      if (providers?.kind === 'registered') await flush({ timeoutMs: FAILURE_TIMEOUT_MS });
    },
    stop: async (deadline) => {
      if (isOwn) await logger.stop(deadline);
    },
  };
}
