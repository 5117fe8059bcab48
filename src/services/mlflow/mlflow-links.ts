// What MlflowService is linked to, and what it takes from the machine.
import type { Attributes } from '@opentelemetry/api';
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import type { AlertSink } from '../../model/alert-sink.ts';
import type { MirroredAttributes } from '../../otel/run/mirror.ts';
import type { Outbox, OutboxOptions } from '../../outbox/contract.ts';
import type { JoinedRun } from '../../runs/open/joined-run.ts';
import type { LoggerService } from '../logger/logger-service.ts';

export type {
  AutologOptions,
  DeadlineOptions,
  MlflowOptions,
  S3Options,
  ServerOptions,
} from '../../config/settings/mlflow-options.ts';
export type { MlflowSettings, ServerConnection } from '../../config/settings/mlflow-settings.ts';

/** What a service can be linked to; `startServices` does it. */
export interface MlflowLinks {
  /** Hears of runs that failed or were killed. @default the logger, at level error */
  readonly alerts?: AlertSink | undefined;
  /** Where runs log. @default a `LoggerService` of its own, from env */
  readonly logger?: LoggerService | undefined;
  /** What becomes of the run span's attributes. @default mirrorAttributes */
  readonly mirror?: ((attributes: Attributes) => MirroredAttributes) | undefined;
}

/** For tests: what the service takes from the machine otherwise. */
export interface MlflowDependencies {
  readonly now?: () => number;
  readonly openOutbox?: (options: OutboxOptions) => Outbox;
  readonly openArtifacts?: ((artifactUri: string) => Promise<ArtifactRepository>) | undefined;
}

/** How a run is opened. */
export interface OpenOptions {
  readonly isFallback: boolean;
  readonly isAmbient?: boolean;
  readonly join?: JoinedRun | undefined;
}
