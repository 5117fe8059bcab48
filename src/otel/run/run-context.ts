// Which run is active here: its identity in OpenTelemetry's context, and the list of runs that this process has open.
import { context, createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { shareInProcess } from '../../model/process-wide.ts';

/** What identifies a run; one object for the run's whole life, what becomes known later is set on it. */
export interface RunIdentity {
  /** 32 hex characters, known at once. */
  readonly runKey: string;
  readonly runName: string;
  readonly experimentName?: string;
  /** MLflow's id; undefined until the store has given it. */
  runId?: string | undefined;
  /** The run's page; undefined until known, and where there is none. */
  runUrl?: string | undefined;
  /** Whether the id is known and the page will be. */
  isPageDue?: boolean;
}

/** A run that has begun and not ended, as the exit hooks and the context manager see it. */
export interface OpenRun {
  readonly identity: RunIdentity;
  /** The run's own context: its identity and its span. */
  readonly context: Context;
  /** Whether code outside any context belongs to this run while it is the only one open (startRun says yes). */
  readonly isFallback: boolean;
  /** Whether it stands for the whole process: code outside any context belongs to it whatever else is open, and runs opened inside nest in it. */
  readonly isAmbient?: boolean;
}

// createContextKey is Symbol.for: every copy of this package in the process reads the same value.
const RUN_KEY = createContextKey('runspan.run');
const EXPLICIT_ROOT = createContextKey('runspan.explicit-root');

/**
 * Gives the run of a context, by default of the active one; undefined outside any run.
 *
 * @example
 * activeRun()?.runKey;
 */
export function activeRun(at: Context = context.active()): RunIdentity | undefined {
  // Only withRun writes this key.
  return at.getValue(RUN_KEY) as RunIdentity | undefined;
}

/**
 * Makes a context in which this run is the active one; the given context is not changed.
 *
 * @example
 * context.with(withRun(context.active(), identity), () => work());
 */
export function withRun(at: Context, run: RunIdentity): Context {
  return at.setValue(RUN_KEY, run);
}

/**
 * Adds a run to the list of open runs of this process.
 *
 * @returns takes it off again; may be called twice
 */
export function addOpenRun(run: OpenRun): () => void {
  const runs = openRunSet();
  runs.add(run);
  return () => {
    runs.delete(run);
  };
}

/** Gives the open runs of this process, oldest first, over every copy of this package. */
export function openRuns(): readonly OpenRun[] {
  return [...openRunSet()];
}

/** Gives the context of the run that stands in where no context is active: the process's own, else the one that is open. */
export function fallbackContext(): Context | undefined {
  const runs = openRunSet();
  const ambient = ambientRun();
  if (ambient !== undefined) return ambient.context;
  if (runs.size !== 1) return undefined;
  for (const run of runs) return run.isFallback ? run.context : undefined;
  return undefined;
}

/** Gives the run that stands for the whole process, if there is one. */
export function ambientRun(): OpenRun | undefined {
  for (const run of openRunSet()) if (run.isAmbient === true) return run;
  return undefined;
}

/** Makes the root context that code sets on purpose: outside every run. */
export function explicitRoot(root: Context): Context {
  return root.setValue(EXPLICIT_ROOT, true);
}

/** Gives the run of the active context, or the one that stands in for it, under any context manager; undefined outside any run. */
export function currentRun(): RunIdentity | undefined {
  return activeRun(currentContext());
}

/** Gives the active context, or that of the run that stands in where the active one knows none. */
export function currentContext(): Context {
  const active = context.active();
  if (activeRun(active) !== undefined || active.getValue(EXPLICIT_ROOT) === true) return active;
  return fallbackContext() ?? active;
}

function openRunSet(): Set<OpenRun> {
  return shareInProcess('open-runs', () => new Set());
}
