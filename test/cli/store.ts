// A store with runs as jobs leave them, for the tests of the command line.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArtifacts } from '../../src/artifacts/repositories/open.ts';
import type { Connection } from '../../src/cli/store/connect.ts';
import type { Metric, Tag, TerminalStatus } from '../../src/model/entities.ts';
import type { Store } from '../../src/stores/contract.ts';
import { openStore } from '../../src/stores/open/open.ts';

/** When the first run started. */
export const START_MS: number = Date.UTC(2026, 10, 20, 8, 0, 0);

/** A temp folder with `mlflow.db` in it. */
export interface FilledFolder {
  readonly folder: string;
  readonly uri: string;
  readonly store: Store;
  readonly connection: Connection;
  /** Writes one run; each starts an hour after the one before. */
  addRun(run: NewRun): Promise<string>;
  remove(): Promise<void>;
}

/** What a run of a test is like. */
export interface NewRun {
  readonly experiment?: string;
  readonly name: string;
  readonly status?: TerminalStatus;
  readonly durationMs?: number;
  readonly params?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly metrics?: readonly Omit<Metric, 'timestampMs'>[];
  readonly files?: Readonly<Record<string, string>>;
}

/** Makes a folder with an empty store. */
export async function makeFolder(): Promise<FilledFolder> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'runspan-cli-'));
  const uri = `sqlite:///${join(folder, 'mlflow.db')}`;
  const store = await openStore(uri, { connection: {}, artifactRoot: join(folder, 'mlruns') });
  let runCount = 0;
  const addRun = async (run: NewRun): Promise<string> => {
    const startTimeMs = START_MS + runCount * 3_600_000;
    runCount += 1;
    return writeRun(store, run, startTimeMs);
  };
  const remove = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true });
  };
  const connection: Connection = {
    store,
    openArtifacts: (artifactUri) => openArtifacts(artifactUri, { trackingUri: uri, connection: {} }),
  };
  return { folder, uri, store, connection, addRun, remove };
}

async function writeRun(store: Store, run: NewRun, startTimeMs: number): Promise<string> {
  const { experiment = 'churn', name, status, durationMs = 1500, files = {} } = run;
  const experimentId =
    (await store.getExperimentByName(experiment))?.experimentId ?? (await store.createExperiment({ name: experiment }));
  const tags = toPairs(run.tags);
  const { info } = await store.createRun({ experimentId, runName: name, userId: 'ada', startTimeMs, tags });
  const metrics = (run.metrics ?? []).map((point) => ({ ...point, timestampMs: startTimeMs + point.step }));
  await store.logBatch({ runId: info.runId, params: toPairs(run.params), metrics });
  if (status) await store.updateRun({ runId: info.runId, status, endTimeMs: startTimeMs + durationMs });
  for (const [path, text] of Object.entries(files)) {
    const file = join(info.artifactUri, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  }
  return info.runId;
}

function toPairs(values: Readonly<Record<string, string>> = {}): Tag[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}
