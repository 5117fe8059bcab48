// Who owns a folder, and whether they are gone: host, boot, process and its start; time only where nothing better can be known.
import { seal, unseal } from '../machine/sealed.ts';
import type { Machine, System } from '../machine/system.ts';

/** `lease`: its content says who, its mtime when they were last seen. */
export interface Lease {
  /** The folder's name when the lease was written: another one means that somebody is just adopting it. */
  readonly folder: string;
  readonly host: string;
  readonly bootId: string | undefined;
  readonly pidNamespace: string | undefined;
  readonly pid: number;
  readonly processStart: string | undefined;
  readonly threadId: number;
  /** The drain shares the job's thread, so that a busy job has no heartbeat. */
  readonly isInline: boolean;
  /** The owner stopped in order and left what it could not deliver. */
  readonly isReleased: boolean;
  /** In an adopted folder: the process that wrote it, and when that was last seen. */
  readonly orphan: Orphan | undefined;
}

/** The dead owner of an adopted folder. */
export interface Orphan {
  readonly host: string;
  readonly pid: number;
  readonly threadId: number;
  readonly lastSeenMs: number;
  /** It did not die: it stopped in order, with something left. */
  readonly wasReleased: boolean;
}

/** What a new lease says beyond who we are. */
export interface LeaseOptions {
  readonly folder: string;
  readonly isInline: boolean;
  readonly isReleased?: boolean;
  readonly orphan?: Orphan | undefined;
}

/** Another host's heartbeat, in milliseconds: a missed minute means that it is gone. */
export const OTHER_HOST_LIMIT_MS = 60_000;
/** A thread of this very process; its worker beats each second. */
const OWN_PROCESS_LIMIT_MS = 15_000;
/** An inline drain beats only when the job yields. */
const INLINE_LIMIT_MS = 600_000;

/** Writes a lease in our name. */
export function writeLease(system: System, file: string, options: LeaseOptions): void {
  const { machine } = system;
  const lease: Lease = {
    folder: options.folder,
    host: machine.hostName,
    bootId: machine.bootId,
    pidNamespace: machine.pidNamespace,
    pid: machine.pid,
    processStart: machine.processStart(machine.pid),
    threadId: machine.threadId,
    isInline: options.isInline,
    isReleased: options.isReleased ?? false,
    orphan: options.orphan,
  };
  system.disk.replaceText(file, `${seal(lease)}\n`);
}

/** Reads a lease; undefined where there is none that can be read: nobody can say whose it is then, so its age alone decides. */
export function readLease(system: System, file: string): Lease | undefined {
  const text = system.disk.readText(file);
  const lease = text === undefined ? undefined : unseal(text);
  const isLease = typeof lease === 'object' && lease !== null && 'pid' in lease && 'host' in lease;
  // The cast: leases are replaced as one step and only writeLease writes them.
  return isLease ? (lease as Lease) : undefined;
}

/**
 * Whether a lease's owner is gone: `gone` for certain; `alive`; or `silent-for` a time limit, where only the heartbeat's age
 * can say, and the caller compares it with the file system's own clock and looks twice.
 */
export type Verdict =
  { readonly kind: 'gone' } | { readonly kind: 'alive' } | { readonly kind: 'silent-for'; readonly limitMs: number };

/** Judges a lease by what can be known here without a clock. */
export function judgeLease(lease: Lease | undefined, machine: Machine): Verdict {
  if (lease === undefined) return { kind: 'silent-for', limitMs: OTHER_HOST_LIMIT_MS };
  if (lease.isReleased) return { kind: 'gone' };
  if (lease.host !== machine.hostName) return { kind: 'silent-for', limitMs: OTHER_HOST_LIMIT_MS };
  if (lease.bootId !== machine.bootId) return { kind: 'gone' };
  // Two containers may share host name and boot id, and see only their own processes.
  if (lease.pidNamespace !== machine.pidNamespace) return { kind: 'silent-for', limitMs: OTHER_HOST_LIMIT_MS };
  const limitMs = lease.isInline ? INLINE_LIMIT_MS : OWN_PROCESS_LIMIT_MS;
  const start = machine.processStart(lease.pid);
  if (lease.pid === machine.pid) {
    const isEarlierProcess = lease.processStart !== start && lease.processStart !== undefined && start !== undefined;
    return isEarlierProcess ? { kind: 'gone' } : { kind: 'silent-for', limitMs };
  }
  if (!machine.isAlive(lease.pid)) return { kind: 'gone' };
  if (lease.processStart === undefined || start === undefined) {
    return { kind: 'silent-for', limitMs: Math.max(OTHER_HOST_LIMIT_MS, limitMs) };
  }
  return lease.processStart === start ? { kind: 'alive' } : { kind: 'gone' };
}
