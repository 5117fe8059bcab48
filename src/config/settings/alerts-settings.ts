// The settings of AlertsService.
import type { Fields } from './fields.ts';
import { findProjectName } from './project.ts';
import { REDACT_FIELDS } from './redact-fields.ts';
import type { RedactOptions } from './redact-fields.ts';
import { resolveSettings } from './settings.ts';
import { loadSources } from './sources.ts';
import type { SettingsSources } from './sources.ts';

/** How alerts are given; strict: an unknown key or a wrong type throws `INVALID_SETTINGS`. */
export interface AlertsOptions extends RedactOptions {
  /** Desktop notifications; without them an alert is one line on stdout. @default true  Env: RUNSPAN_ALERTS_ENABLE */
  readonly enable?: boolean;
  /** The application that alerts come from. @default the nearest package.json's name, else the folder's  Env: RUNSPAN_ALERTS_APP_NAME */
  readonly appName?: string;
  /** How long a notification is shown, in seconds. @default the desktop's own  Env: RUNSPAN_ALERTS_TIMEOUT */
  readonly timeout?: number;
}

/** The settings of AlertsService, resolved. */
export interface AlertsSettings extends Required<RedactOptions> {
  /** Whether notifications are shown. */
  readonly enable: boolean;
  /** The application that alerts come from. */
  readonly appName: string;
  /** In seconds; undefined where the desktop decides. */
  readonly timeout: number | undefined;
}

/** The table of the alerts' settings. */
export const ALERTS_FIELDS: Fields<AlertsSettings> = {
  enable: {
    kind: 'boolean',
    env: ['RUNSPAN_ALERTS_ENABLE'],
    defaultValue: true,
    doc: 'Desktop notifications; without them an alert is one line on stdout.',
  },
  appName: {
    kind: 'string',
    env: ['RUNSPAN_ALERTS_APP_NAME'],
    defaultValue: ({ folder }) => findProjectName(folder),
    doc: 'The application that alerts come from.',
  },
  timeout: {
    kind: 'integer',
    env: ['RUNSPAN_ALERTS_TIMEOUT'],
    defaultValue: undefined,
    min: 1,
    max: 86_400,
    doc: 'How long a notification is shown, in seconds.',
  },
  ...REDACT_FIELDS,
};

/**
 * Resolves the settings of AlertsService.
 *
 * @throws {RunspanError} `INVALID_SETTINGS`, and what {@link loadSources} throws
 * @example
 * resolveAlertsSettings({ appName: 'churn' }).enable; // true
 */
export function resolveAlertsSettings(
  options: AlertsOptions = {},
  sources: SettingsSources = loadSources(),
): AlertsSettings {
  return resolveSettings(ALERTS_FIELDS, options, { section: 'alerts', sources }).settings;
}
