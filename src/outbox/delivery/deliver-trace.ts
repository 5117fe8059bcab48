// A run's spans to MLflow, which shows them as the run's trace: logged, linked, and looked at.
import { MlflowError } from '../../errors.ts';
import type { ArtifactWrite } from '../../model/write.ts';
import type { TraceStore } from '../../stores/contract.ts';
import type { Delivery } from './delivery.ts';
import { findRunId } from './delivery.ts';
import { judgeError } from './patience.ts';
import { messageOf } from '../machine/system.ts';

/** The tag of a run that names its trace. */
const TRACE_ID_TAG = 'otel.trace_id';

/**
 * Sends the lines of a file to the store as traces of its run. A store that keeps no traces is left alone, and one that refuses
 * these is said once: the spans are in the artifact all the same.
 *
 * @throws what time may mend; sent again, nothing is doubled
 */
export async function deliverTrace(delivery: Delivery, { runKey, path }: ArtifactWrite, file: string): Promise<void> {
  const { traces } = await delivery.destination.store();
  const text = delivery.system.disk.readText(file);
  if (traces === undefined || text === undefined) return;
  const { runId, experimentId } = await findIds(delivery, runKey);
  try {
    const found = new Set<string>();
    for (const line of text.split('\n')) {
      if (line === '') continue;
      await traces.log({ experimentId, runId, line });
      for (const [, traceId = ''] of line.matchAll(/"traceId":"([0-9a-f]{32})"/g)) found.add(traceId);
    }
    // Those of a run that was opened inside another's span have their root elsewhere, and are linked by no header.
    await traces.link(runId, [...found]);
    await checkLinks(delivery, traces, { runId, experimentId, traceIds: [...found] });
  } catch (error) {
    if (judgeError(error) !== 'rejected' && !isNotOffered(error)) throw error;
    const why = isNotOffered(error) ? 'it takes no traces' : messageOf(error);
    delivery.onceWarning(
      'trace',
      `The tracking server did not take a run's spans: ${why}. They are its artifact ${path}.`,
    );
  }
}

/** The store's ids of a run, of one that has ended too. */
async function findIds(
  delivery: Delivery,
  runKey: string,
): Promise<{ readonly runId: string; readonly experimentId: string }> {
  const open = delivery.state.run(runKey);
  if (open !== undefined) return open;
  const store = await delivery.destination.store();
  const found = await findRunId(delivery, runKey);
  if (found.status === 'rejected') throw found.error;
  return (await store.getRun(found.value)).info;
}

/** Links a run to its trace from the first moment; what fails here is done again with the spans. */
export async function linkTrace(
  delivery: Delivery,
  runId: string,
  tags: readonly { readonly key: string; readonly value: string }[],
): Promise<void> {
  const traceId = tags.find(({ key }) => key === TRACE_ID_TAG)?.value;
  if (traceId === undefined) return;
  try {
    const { traces } = await delivery.destination.store();
    await traces?.link(runId, [traceId]);
  } catch {
    // A server without traces, or one that went away: the run is made, and its spans come with their own links.
  }
}

/** The server answers 200 to a link of what it does not know: only a search tells. */
async function checkLinks(
  delivery: Delivery,
  traces: TraceStore,
  run: { readonly runId: string; readonly experimentId: string; readonly traceIds: readonly string[] },
): Promise<void> {
  const linked = await traces.list(run.experimentId, run.runId);
  const missing = run.traceIds.filter((id) => !linked.includes(id));
  if (missing.length === 0) return;
  delivery.onceWarning(
    'trace link',
    `The tracking server took the spans of run ${run.runId}, but does not show trace ${missing.join(', ')} with it.`,
  );
}

/** No such path on this server: an MLflow before traces, or one that is served by another server than FastAPI's. */
function isNotOffered(error: unknown): boolean {
  return error instanceof MlflowError && [404, 405, 501].includes(error.status);
}
