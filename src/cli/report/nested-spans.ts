// The spans of a run's nested runs: they are of one trace with the run's own, and kept by each run for itself.
import type { RunEntity } from '../../model/entities.ts';
import type { Connection } from '../store/connect.ts';
import { readKept } from './run-files.ts';
import { readSpans } from './telemetry.ts';
import type { TraceSpan } from './telemetry.ts';

/** A sweep may have thousands, each with files of its own to ask for. */
const MAX_RUNS = 100;
const PAGE = 100;

/**
 * Reads the spans of the runs nested in this one, and in those, as far as they are of the trace; of the first 100 of them. What cannot
 * be reached is left out.
 */
export async function readNestedSpans(
  connection: Connection,
  run: RunEntity,
  traceId: string,
): Promise<readonly TraceSpan[]> {
  const spans: TraceSpan[] = [];
  for (const nested of await findNested(connection, run)) {
    if (nested.data.tags['otel.trace_id'] !== traceId) continue;
    const text = await readKept(() => connection.openArtifacts(nested.info.artifactUri), 'trace');
    // One by one: a run may keep 10,000.
    for (const span of readSpans(text)) if (span.traceId === traceId) spans.push(span);
  }
  return spans;
}

async function findNested({ store }: Connection, run: RunEntity): Promise<readonly RunEntity[]> {
  // A Map gives what is set while it is gone through, too.
  const found = new Map([[run.info.runId, run]]);
  for (const { info } of found.values()) {
    if (found.size > MAX_RUNS) break;
    const { runId, experimentId } = info;
    const filter = `tags.\`mlflow.parentRunId\` = '${runId.replaceAll("'", '')}'`;
    const { items } = await store.searchRuns({ experimentIds: [experimentId], filter, maxResults: PAGE });
    for (const nested of items) if (!found.has(nested.info.runId)) found.set(nested.info.runId, nested);
  }
  return [...found.values()].slice(1, MAX_RUNS + 1);
}
