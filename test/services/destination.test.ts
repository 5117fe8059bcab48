// What is said of a destination before anything is sent to it.
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { resolveMlflowSettings, type MlflowOptions } from '../../src/config/settings/mlflow-settings.ts';
import { loadSources } from '../../src/config/settings/sources.ts';
import { openDisabledOutbox } from '../../src/outbox/job/disabled-outbox.ts';
import { openDestination } from '../../src/services/destination.ts';
import { RunBook } from '../../src/services/run-book.ts';

async function warningsFor(options: MlflowOptions): Promise<readonly string[]> {
  const warnings: string[] = [];
  const book = new RunBook({ warn: (message) => warnings.push(message), makeRunUrl: () => undefined });
  const settings = resolveMlflowSettings({ startTimeoutMs: 0, ...options }, loadSources({ folder: tmpdir(), env: {} }));
  await openDestination({ settings, book, sink: { notify: () => undefined }, open: () => openDisabledOutbox() });
  return warnings.filter((warning) => warning.includes('TLS'));
}

it.each<[string, MlflowOptions, number]>([
  ['a server', { trackingUri: 'https://h', insecureTls: true }, 1],
  ['a registry', { trackingUri: 'sqlite:///x.db', registryUri: 'https://h', insecureTls: true }, 1],
  ['a server without TLS', { trackingUri: 'http://h', insecureTls: true }, 0],
  ['a server whose certificate is checked', { trackingUri: 'https://h' }, 0],
])('warns once where any certificate is taken: %s', async (_, options, count) => {
  const warnings = await warningsFor(options);
  expect(warnings).toHaveLength(count);
  if (count > 0) expect(warnings[0]).toContain('MLFLOW_TRACKING_SERVER_CERT_PATH');
});
