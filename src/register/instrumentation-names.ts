// Which instrumentations a job wants: ours by default, others by name.
import { findVariable, loadSources } from '../config/settings/sources.ts';
import type { SettingsSources } from '../config/settings/sources.ts';

const DEFAULT_NAMES = ['undici', 'http'];

/**
 * Reads RUNSPAN_INSTRUMENTATIONS, else OpenTelemetry's OTEL_NODE_ENABLED_INSTRUMENTATIONS (comma-separated short names such as
 * `http,pg`, or whole package names), less OTEL_NODE_DISABLED_INSTRUMENTATIONS; `none` is none.
 *
 * @example
 * findInstrumentationNames(); // ['undici', 'http']
 */
export function findInstrumentationNames(sources: SettingsSources = loadSources()): readonly string[] {
  const read = (name: string): readonly string[] | undefined =>
    findVariable(sources, name)
      ?.text.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  const wanted = read('RUNSPAN_INSTRUMENTATIONS') ?? read('OTEL_NODE_ENABLED_INSTRUMENTATIONS') ?? DEFAULT_NAMES;
  const unwanted = new Set(read('OTEL_NODE_DISABLED_INSTRUMENTATIONS'));
  return [...new Set(wanted)].filter((name) => name !== 'none' && !unwanted.has(name));
}
