// What there is to copy: every run of the source with a fingerprint of all it holds, beside what was copied of it before.
import { MlflowError } from '../../errors.ts';
import type { Experiment, RunEntity } from '../../model/entities.ts';
import type { Copying } from './copying.ts';
import type { CopiedBefore, Experiments } from './experiments.ts';
import { findSourceFiles, withArtifacts } from './files.ts';
import { Fingerprint, originOf } from './marks.ts';
import { readPoints } from './metrics.ts';

/** A run of the source, and what is to be done. */
export interface PlannedRun {
  readonly runId: string;
  readonly runName: string;
  readonly experimentName: string;
  readonly action: 'copy' | 'update' | 'none';
  readonly fingerprint: string;
  readonly pointCount: number;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

const PAGE_SIZE = 100;

/** Plans the copy of experiments; nothing is written. */
export async function planRuns(
  copying: Copying,
  experiments: Experiments,
  wanted: readonly Experiment[],
): Promise<readonly PlannedRun[]> {
  const planned: PlannedRun[] = [];
  for (const experiment of wanted) {
    const before = await experiments.lookUp(experiment);
    for await (const run of readRuns(copying, experiment.experimentId)) {
      planned.push(await planRun(copying, run, { experimentName: experiment.name, before }));
      copying.onProgress();
    }
  }
  return planned;
}

/** Plans one run. */
export async function planRun(
  copying: Copying,
  run: RunEntity,
  { experimentName, before }: { readonly experimentName: string; readonly before: Pick<CopiedBefore, 'runs'> },
): Promise<PlannedRun> {
  const { runId, runName, artifactUri } = run.info;
  const fingerprint = new Fingerprint();
  fingerprint.addRun(run);
  let pointCount = 0;
  for (const key of Object.keys(run.data.metrics).toSorted()) {
    for await (const points of readPoints(copying.source.store, runId, key)) {
      fingerprint.addPoints(points);
      pointCount += points.length;
    }
  }
  const files = await withArtifacts(() => copying.source.openArtifacts(artifactUri), findSourceFiles).catch(
    noneIfUnreachable,
  );
  fingerprint.addFiles(files);
  const state = fingerprint.toHex();
  const copied = before.runs.get(originOf(run.data.tags, runId));
  const isSame = copied?.isDeleted === true || copied?.state?.fingerprint === state;
  return {
    runId,
    runName,
    experimentName,
    action: isSame ? 'none' : copied === undefined ? 'copy' : 'update',
    fingerprint: state,
    pointCount,
    fileCount: files.length,
    sizeBytes: files.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0),
  };
}

/** Reads the runs of an experiment, the oldest first, so that parents mostly come before their children. */
async function* readRuns(copying: Copying, experimentId: string): AsyncGenerator<RunEntity, void> {
  const { store } = copying.source;
  let pageToken: string | undefined;
  do {
    const paging = pageToken === undefined ? {} : { pageToken };
    const request = { experimentIds: [experimentId], maxResults: PAGE_SIZE, orderBy: ['start_time ASC'], ...paging };
    const page = await copying.attempt(() => store.searchRuns(request));
    yield* page.items;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/** The copy itself will say why they cannot be had; a server that is away is another matter. */
function noneIfUnreachable(error: unknown): readonly [] {
  if (error instanceof MlflowError && error.isRetryable) throw error;
  return [];
}
