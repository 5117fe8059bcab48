// Desktop notifications by node-notifier, which must neither keep the process alive nor leave its children behind.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type { Server } from 'node:net';
import { delimiter, join } from 'node:path';
import { takeCodePoints } from '../../model/limits.ts';

/** One desktop notification. */
export interface DesktopNotification {
  readonly title: string;
  /** Not empty. */
  readonly message: string;
  readonly appName: string;
  /** How long it is shown, in seconds; undefined where the desktop decides. */
  readonly timeout: number | undefined;
}

/** Shows notifications. */
export interface Notifier {
  /**
   * Shows one, and says once or never how it went: without an error it was shown. May throw. What it opens does not keep the
   * process alive.
   *
   * @returns ends what is still under way, for one that hangs
   */
  show(notification: DesktopNotification, onDone: (error?: unknown) => void): () => void;
}

/** What this file uses of node-notifier. */
export interface NodeNotifier {
  notify(options: Readonly<Record<string, unknown>>, onDone: (error: unknown) => void): unknown;
}

/** Where notifications are to be shown, and by what. */
export interface NotifierOptions {
  readonly platform: NodeJS.Platform;
  /** The search path for programs. */
  readonly path: string;
  /** Loads node-notifier. @default the real one, at the first notification: loading it takes 20 to 60 ms */
  readonly load?: () => NodeNotifier;
}

/** A notification's message is cut here; the line on stdout has all of it. */
const MAX_MESSAGE_LENGTH = 1000;

/**
 * Returns the notifier of this desktop, or undefined where there can be none: a Linux machine without `notify-send` (most servers).
 *
 * @example
 * const notifier = findNotifier({ platform: process.platform, path: readEnv()['PATH'] ?? '' });
 */
export function findNotifier(options: NotifierOptions): Notifier | undefined {
  const { platform, path, load = loadNodeNotifier } = options;
  if (platform === 'linux' && !isOnPath('notify-send', path)) return undefined;
  return {
    show: (notification, onDone) => {
      const nodeNotifier = load();
      return holdLoosely(() => nodeNotifier.notify(toOptions(notification, platform), onDone));
    },
  };
}

function loadNodeNotifier(): NodeNotifier {
  // Not by import(): a job that crashes raises its alert in its last turn, when no promise is carried out any more.
  return createRequire(import.meta.url)('node-notifier') as NodeNotifier;
}

/** The same notification in the words of each platform's own notifier. */
function toOptions(
  { title, message, appName, timeout }: DesktopNotification,
  platform: NodeJS.Platform,
): Record<string, unknown> {
  const shown = timeout === undefined ? {} : { timeout };
  const text = { title, message: takeCodePoints(message, MAX_MESSAGE_LENGTH), ...shown };
  if (platform === 'win32') return { ...text, appName };
  if (platform === 'darwin') return { ...text, subtitle: appName };
  // notify-send would take a leading dash for an option; this one looks the same.
  const isolate = (part: string): string => part.replace(/^-/, '\u2011');
  return { ...text, title: isolate(title), message: isolate(text.message), 'app-name': appName };
}

const starting = new AsyncLocalStorage<object>();

/**
 * Calls what starts child processes or servers, at once or later, without letting them keep the process alive; node-notifier
 * hands out no handle of what it starts, so they are taken from Node's own diagnostics.
 *
 * @returns ends the children that still run
 */
function holdLoosely(start: () => unknown): () => void {
  const token = {};
  const children = new Set<ChildProcess>();
  const onChild = (message: unknown): void => {
    if (starting.getStore() !== token) return;
    const { process: child } = message as { readonly process: ChildProcess }; // as the channel documents
    children.add(child);
    // The channel tells of a child before it is spawned, which happens in this turn.
    queueMicrotask(() => loosen(child));
    child.once('exit', () => children.delete(child));
  };
  const onServer = (message: unknown): void => {
    const { server } = message as { readonly server: Server }; // as the channel documents
    if (starting.getStore() === token) server.unref();
  };
  const channels = [
    [channel('child_process'), onChild],
    [channel('tracing:net.server.listen:asyncStart'), onServer],
  ] as const;
  for (const [each, listener] of channels) each.subscribe(listener);
  const end = (): void => {
    for (const [each, listener] of channels) each.unsubscribe(listener);
    for (const child of children) {
      killWithChildren(child);
      for (const stream of child.stdio) stream?.destroy();
    }
    children.clear();
  };
  try {
    starting.run(token, start);
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

function loosen(child: ChildProcess): void {
  child.unref();
  // A pipe is a socket, and holds the process by itself.
  for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
}

/** node-notifier runs notify-send in a shell, which may not be replaced by it: the shell's own children are ended with it. */
function killWithChildren(child: ChildProcess): void {
  const pids = readChildren(child.pid);
  child.kill('SIGKILL');
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
}

function readChildren(pid: number | undefined): readonly number[] {
  try {
    return (readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []).map(Number);
  } catch {
    return []; // no Linux, or it has just ended
  }
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder
    }
  });
}
