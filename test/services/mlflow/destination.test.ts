// What is said of a destination before anything is sent to it.
import { tmpdir } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import { resolveMlflowSettings, type MlflowOptions } from '../../../src/config/settings/mlflow-settings.ts';
import { loadSources } from '../../../src/config/settings/sources.ts';
import type { Outbox, OutboxOptions } from '../../../src/outbox/contract.ts';
import { openDisabledOutbox } from '../../../src/outbox/job/disabled-outbox.ts';
import { openDestination } from '../../../src/services/mlflow/destination.ts';
import { RunBook } from '../../../src/services/mlflow/run-book.ts';

async function warningsFor(
  options: MlflowOptions,
  words: string,
  env: Record<string, string> = {},
): Promise<readonly string[]> {
  const warnings: string[] = [];
  const book = new RunBook({ warn: (message) => warnings.push(message), makeRunUrl: () => undefined });
  const settings = resolveMlflowSettings({ startTimeoutMs: 0, ...options }, loadSources({ folder: tmpdir(), env }));
  await openDestination({ settings, book, sink: { notify: () => undefined }, open: () => openDisabledOutbox() });
  return warnings.filter((warning) => warning.includes(words));
}

it.each<[string, MlflowOptions, number]>([
  ['a server', { trackingUri: 'https://h', insecureTls: true }, 1],
  ['a registry', { trackingUri: 'sqlite:///x.db', registryUri: 'https://h', insecureTls: true }, 1],
  ['a server without TLS', { trackingUri: 'http://h', insecureTls: true }, 0],
  ['a server whose certificate is checked', { trackingUri: 'https://h' }, 0],
])('warns once where any certificate is taken: %s', async (_, options, count) => {
  const warnings = await warningsFor(options, 'TLS');
  expect(warnings).toHaveLength(count);
  if (count > 0) expect(warnings[0]).toContain('MLFLOW_TRACKING_SERVER_CERT_PATH');
});

afterEach(() => void vi.unstubAllEnvs());

it('says of a variable that is a slip of the hand away from one of ours what it may have meant', async () => {
  vi.stubEnv('RUNSPAN_LOGGER_LEVLE', 'INFO');
  vi.stubEnv('RUNSPAN_MLFLOW_COLOUR', 'red');
  vi.stubEnv('RUNSPAN_MLFLOW_LOG_SYSTEM_METRICS', 'false');
  vi.stubEnv('RUNSPAN_SERVICE_PORT', '80'); // what an orchestrator sets is nobody's slip
  expect(await warningsFor({ trackingUri: 'sqlite:///x.db' }, 'is no variable')).toEqual([
    'RUNSPAN_LOGGER_LEVLE is no variable of runspan. Did you mean RUNSPAN_LOGGER_LEVEL?',
    'RUNSPAN_MLFLOW_COLOUR is no variable of runspan. docs/settings.md has all there are.',
    'RUNSPAN_MLFLOW_LOG_SYSTEM_METRICS is no variable of runspan. Did you mean MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING?',
  ]);
  vi.stubEnv('RUNSPAN_RUN_KEY', 'a'.repeat(32)); // the process that started this one has said it
  expect(await warningsFor({ trackingUri: 'sqlite:///x.db' }, 'is no variable')).toEqual([]);
});

it.each([
  ['while it starts', 1_000, []],
  ['later', 0, ['Cannot open store', 'It is kept.']],
])('a refusal of the store %s is thrown or said, not both', async (_, startTimeoutMs, said) => {
  const warnings: string[] = [];
  const book = new RunBook({ warn: (message) => warnings.push(message), makeRunUrl: () => undefined });
  const settings = resolveMlflowSettings(
    { startTimeoutMs, trackingUri: 'sqlite:///x.db' },
    loadSources({ folder: tmpdir(), env: {} }),
  );
  let tell: OutboxOptions['onEvent'] = () => undefined;
  const refuse = (): void => {
    tell({ kind: 'refused', error: new Error('Cannot open store') });
    tell({ kind: 'warning', message: 'It is kept.' });
  };
  const opening = openDestination({
    settings,
    book,
    sink: { notify: () => undefined },
    open: ({ onEvent }) => {
      tell = onEvent;
      if (startTimeoutMs > 0) queueMicrotask(refuse);
      return openDisabledOutbox();
    },
  });
  if (startTimeoutMs > 0) await expect(opening).rejects.toThrow('Cannot open store');
  else await opening.then(refuse);
  expect(warnings).toEqual(said);
});

const PYTHONS = { MLFLOW_TRACKING_AUTH: 'kubernetes', MLFLOW_TRACKING_AWS_SIGV4: 'true' };

it.each<[string, string, Record<string, string>, readonly RegExp[]]>([
  [
    'a server',
    'https://h',
    PYTHONS,
    [
      /^MLFLOW_TRACKING_AUTH names a Python plugin.*MLFLOW_TRACKING_TOKEN/,
      /^MLFLOW_TRACKING_AWS_SIGV4 asks for .* AWS/,
    ],
  ],
  ['a server with both off', 'https://h', { MLFLOW_TRACKING_AUTH: '', MLFLOW_TRACKING_AWS_SIGV4: 'False' }, []],
  ['a database', 'sqlite:///x.db', PYTHONS, []],
])("says what of Python's authentication it does not do: %s", async (_, trackingUri, env, expected) => {
  const warnings = await warningsFor({ trackingUri }, 'MLFLOW_TRACKING_A', env);
  expect(warnings).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string));
});

it.each(['ftp://h', 'databricks', 'sqlite:///:memory:', 'file://other/runs'])(
  'a tracking URI that no store has, %s, is refused before a journal is made for it',
  async (trackingUri) => {
    let openCount = 0;
    const book = new RunBook({ warn: () => undefined, makeRunUrl: () => undefined });
    const settings = resolveMlflowSettings({ trackingUri }, loadSources({ folder: tmpdir(), env: {} }));
    const open = (): Outbox => (openCount++, openDisabledOutbox());
    const opening = openDestination({ settings, book, sink: { notify: () => undefined }, open });
    await expect(opening).rejects.toThrow(`Cannot open store '${trackingUri}'`);
    expect(openCount).toBe(0);
  },
);
