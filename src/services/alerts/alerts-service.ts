// AlertsService: says on the desktop, or else in one line on stdout, that something happened; never more than that.
import { resolveAlertsSettings } from '../../config/settings/alerts-settings.ts';
import type { AlertsOptions } from '../../config/settings/alerts-settings.ts';
import { readEnv } from '../../config/env.ts';
import type { AlertSink } from '../../model/alert-sink.ts';
import { mendText } from '../../model/mend-text.ts';
import { createRedactor } from '../../model/redact.ts';
import type { Redactor } from '../../model/redact.ts';
import { STDOUT, writeNow } from './alert-line.ts';
import { joinExits } from '../lifecycle/exits.ts';
import { findNotifier } from './notifier.ts';
import type { Notifier } from './notifier.ts';
import { Service } from '../lifecycle/service.ts';
import type { StopOptions } from '../lifecycle/service.ts';

export type { AlertsOptions, AlertsSettings } from '../../config/settings/alerts-settings.ts';

/** For tests: what the service takes from the machine otherwise. */
export interface AlertsDependencies {
  /** Shows notifications; null: there is none. @default that of the desktop, found at start() */
  readonly notifier?: Notifier | null;
  /** Takes the line of an alert that no notification showed. @default stdout, synchronously */
  readonly write?: (line: string) => unknown;
  /** How long a notifier may take, in milliseconds. @default how long it shows one, and 5 s */
  readonly deadlineMs?: number;
}

/** An alert on its way to the desktop. */
interface Pending {
  /** Settles it: as shown, or, with an error, by its line. Only the first call counts. */
  readonly settle: (error?: unknown) => void;
  readonly settled: Promise<void>;
  /** Ends what the notifier still has under way. */
  end: () => void;
}

/** More than this many at once are lines only: a job that fails a thousand times must not start a thousand programs. */
const MAX_PENDING_COUNT = 8;
const DEADLINE_MS = 5000;
/** How long macOS and Windows show a notification when nothing is said, in seconds; their notifiers end with it. */
const DEFAULT_SHOWN_S = 10;
/** How long a stop, or the end of the process, waits for the notifications under way. */
const GRACE_MS = 500;

/**
 * Raises alerts as desktop notifications. Where that cannot be (disabled, not started, no desktop, an empty message, a notifier
 * that throws, fails or hangs, the end of the process), an alert is exactly one line `[appName] title: message` on stdout.
 * Secrets in the texts are masked.
 *
 * @example
 * const alerts = new AlertsService({ appName: 'churn' });
 * await alerts.start();
 * alerts.notify('Training finished', 'Model version: 3');
 */
export class AlertsService extends Service implements AlertSink {
  /** Whether notifications are shown; without, each alert is a line. */
  readonly enable: boolean;
  /** The application that alerts come from. */
  readonly appName: string;
  /** How long a notification is shown, in seconds; undefined where the desktop decides. */
  readonly timeout: number | undefined;
  readonly #redactor: Redactor;
  readonly #dependencies: AlertsDependencies;
  readonly #pending = new Set<Pending>();
  /** There only while the service is started and there is a desktop. */
  #notifier: Notifier | undefined;
  #leaveExits: (() => void) | undefined;

  /**
   * @param options see {@link AlertsOptions}; what is left out comes from env, `.env`, the settings file
   * @param dependencies for tests
   * @throws {RunspanError} `INVALID_SETTINGS`, `INVALID_CONFIG`
   */
  constructor(options: AlertsOptions = {}, dependencies: AlertsDependencies = {}) {
    super();
    const { enable, appName, timeout, redactAdd, redactRemove } = resolveAlertsSettings(options);
    this.enable = enable;
    this.appName = appName;
    this.timeout = timeout;
    this.#redactor = createRedactor({ add: redactAdd, remove: redactRemove });
    this.#dependencies = dependencies;
  }

  /**
   * Raises an alert; never throws, never waits for the notifier, never keeps the process alive.
   *
   * @param title may be empty
   * @param message may be empty: then it is a line, for notifiers want one
   */
  notify(title: string, message: string): void {
    const cleanTitle = this.#redactor.redactText(mendText(title) ?? '');
    const cleanMessage = this.#redactor.redactText(mendText(message) ?? '');
    const line = `[${this.appName}] ${cleanTitle}: ${cleanMessage}\n`;
    const isLineOnly = cleanMessage === '' || this.#pending.size >= MAX_PENDING_COUNT;
    if (this.#notifier === undefined || isLineOnly) this.#write(line);
    else this.#show(this.#notifier, { title: cleanTitle, message: cleanMessage, line });
  }

  protected override onStart(): Promise<void> {
    if (!this.enable) return Promise.resolve();
    const { notifier } = this.#dependencies;
    const path = Object.entries(readEnv()).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
    this.#notifier =
      notifier === undefined ? findNotifier({ platform: process.platform, path }) : (notifier ?? undefined);
    if (this.#notifier !== undefined) this.#leaveExits = this.#joinExits();
    return Promise.resolve();
  }

  protected override async onStop({ timeoutMs = GRACE_MS }: StopOptions): Promise<void> {
    this.#notifier = undefined;
    await this.#settleWithin(Math.min(timeoutMs, GRACE_MS));
    this.#leaveExits?.();
    this.#leaveExits = undefined;
  }

  #show(
    notifier: Notifier,
    { title, message, line }: { readonly title: string; readonly message: string; readonly line: string },
  ): void {
    const pending = this.#addPending(line);
    try {
      const { appName, timeout } = this;
      pending.end = notifier.show({ title, message, appName, timeout }, pending.settle);
      // It may have failed before it had returned what ends it.
      if (!this.#pending.has(pending)) pending.end();
    } catch (error) {
      pending.settle(error);
    }
  }

  #addPending(line: string): Pending {
    let resolve = doNothing;
    const settled = new Promise<void>((resolveSettled) => (resolve = resolveSettled));
    const settle = (error?: unknown): void => {
      if (!this.#pending.delete(pending)) return;
      clearTimeout(timer);
      if (error !== undefined && error !== null && error !== '') this.#write(line);
      pending.end();
      resolve();
    };
    const pending: Pending = { settle, settled, end: doNothing };
    const timer = setTimeout(settle, this.#deadlineMs, new Error('the notifier hangs')).unref();
    this.#pending.add(pending);
    return pending;
  }

  get #deadlineMs(): number {
    // notify-send returns at once; the others' notifiers end when the notification does.
    const shownS = process.platform === 'linux' ? 0 : (this.timeout ?? DEFAULT_SHOWN_S);
    return this.#dependencies.deadlineMs ?? shownS * 1000 + DEADLINE_MS;
  }

  #joinExits(): () => void {
    return joinExits({
      exitTimeoutMs: GRACE_MS,
      isBusy: () => false,
      endRunsNow: () => undefined,
      noteUncaught: () => undefined,
      flush: (timeoutMs) => this.#settleWithin(timeoutMs),
      drainInExit: () => {
        this.#notifier = undefined;
        // What is under way may still come to the desktop after this process; whether it does, nobody can say any more.
        for (const pending of this.#pending) pending.end = doNothing;
        this.#settleNow();
      },
    });
  }

  /** Waits for the notifications under way; those that are later become lines. */
  async #settleWithin(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([Promise.all([...this.#pending].map((pending) => pending.settled)), late]);
    clearTimeout(timer);
    this.#settleNow();
  }

  #settleNow(): void {
    for (const pending of this.#pending) pending.settle(new Error('the process ends'));
  }

  #write(line: string): void {
    try {
      const { write = (text: string) => writeNow(text, STDOUT) } = this.#dependencies;
      write(line);
    } catch {
      // Only a test's own `write` throws; an alert is never a reason for the job to fail.
    }
  }
}

function doNothing(): void {
  // Nothing is under way yet, or is to be left alone.
}
