// What the job's thread and the sender of spilled telemetry say to each other; plain data, so that a thread may lie between them.
import type { OtlpTargets } from '../../collector/contract.ts';

/** What a sender of spilled telemetry is made of; in memory only, since the targets hold credentials. */
export interface TelemetrySettings {
  /** Holds one folder a process. */
  readonly directory: string;
  /** Our own folder; undefined where nothing was spilled yet and others' are looked for. */
  readonly folderName: string | undefined;
  readonly targets: OtlpTargets;
  readonly isInline: boolean;
  readonly counters: SharedArrayBuffer;
}

/** To the sender. */
export type TelemetryRequest =
  /** We have a folder now. */
  | { readonly kind: 'own'; readonly folderName: string }
  /** Somebody waits: try now. */
  | { readonly kind: 'hurry' };

/** From the sender. */
export type TelemetryReply =
  | { readonly kind: 'settled' }
  /** The Collector does not take it for now; it is tried again. */
  | { readonly kind: 'away' }
  | { readonly kind: 'warning'; readonly message: string }
  /** Our folder was taken away or deleted. */
  | { readonly kind: 'folder-lost' };
