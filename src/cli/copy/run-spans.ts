// The spans that a run keeps as a file: a store in a file or folder has no traces, a server shows them as the run's trace.
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { MlflowError } from '../../errors.ts';
import { kindOfKept } from '../../runs/files/run-telemetry.ts';
import type { Copying } from './copying.ts';
import type { SourceFile } from './files.ts';

/** The spans of one run. */
export interface RunSpans {
  readonly files: readonly SourceFile[];
  readonly from: ArtifactRepository;
  readonly runId: string;
  readonly experimentId: string;
}

/** Sends the spans to a target that takes traces; sent again, nothing is doubled. What a server does not offer is left out. */
export async function copyRunSpans(copying: Copying, { files, from, runId, experimentId }: RunSpans): Promise<void> {
  const { traces } = copying.target.store;
  if (traces === undefined || copying.source.store.traces !== undefined) return;
  const traceIds = new Set<string>();
  try {
    for (const { path } of files.filter((file) => kindOfKept(file.path) === 'trace')) {
      const text = new TextDecoder().decode(await from.readFile(path));
      for (const line of text.split('\n')) {
        if (line === '') continue;
        await copying.attempt(() => traces.log({ experimentId, runId, line }));
        for (const [, traceId = ''] of line.matchAll(/"traceId":"([0-9a-f]{32})"/g)) traceIds.add(traceId);
      }
    }
    if (traceIds.size > 0) await copying.attempt(() => traces.link(runId, [...traceIds]));
    copying.counts.traces += traceIds.size;
  } catch (error) {
    const isNotOffered = error instanceof MlflowError && [404, 405, 501].includes(error.status);
    if (!isNotOffered) throw error;
  }
}
