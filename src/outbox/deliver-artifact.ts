// What sending an artifact needs: its bytes as they were logged, the place they go to, and the end of the kept copy.
import path from 'node:path';
import type { ArtifactWrite } from '../model/write.ts';
import { RunspanError } from '../errors.ts';
import type { Delivery } from './delivery.ts';
import { findRunId } from './delivery.ts';
import { findModel, mlmodelName, writeMlmodel } from './deliver-model.ts';
import type { Outcome } from './patience.ts';

/** Removes the kept copy of a delivered artifact; the user's own file stays. */
export function discardSpooled(delivery: Delivery, { source, modelKey = '' }: ArtifactWrite): void {
  const { paths } = delivery;
  if (source.kind === 'file' || paths === undefined) return;
  const name = source.kind === 'spool' ? path.basename(source.file) : mlmodelName(modelKey);
  delivery.system.disk.removeFile(path.join(paths.spool, name));
}

/**
 * The file to send, unchanged since it was logged.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where it is gone or was changed
 */
export function readyFile(delivery: Delivery, write: ArtifactWrite): Promise<string> {
  const { source, path: target } = write;
  const { disk } = delivery.system;
  if (source.kind === 'mlmodel') return writeMlmodel(delivery, write, source.fields);
  if (source.kind === 'spool') {
    // basename: a journal's text never leads out of its own spool.
    const file = path.join(delivery.paths?.spool ?? '', path.basename(source.file));
    if (disk.stat(file) !== undefined) return Promise.resolve(file);
    return Promise.reject(unreadable(`The kept copy of artifact '${target}' is gone: ${file}`));
  }
  const stat = disk.stat(source.file);
  if (stat === undefined) return Promise.reject(unreadable(`The file of artifact '${target}' is gone: ${source.file}`));
  if (stat.sizeBytes === source.sizeBytes && stat.modifiedMs === Math.trunc(source.modifiedMs)) {
    return Promise.resolve(source.file);
  }
  return Promise.reject(unreadable(`The file of artifact '${target}' was changed after it was logged: ${source.file}`));
}

/** Where the artifacts of a run, or of its model, go. */
export async function artifactUriOf(delivery: Delivery, { runKey, modelKey }: ArtifactWrite): Promise<Outcome<string>> {
  if (modelKey !== undefined) {
    const model = await findModel(delivery, { runKey, modelKey });
    return model.status === 'rejected' ? model : { status: 'done', value: model.value.artifactUri };
  }
  const open = delivery.state.run(runKey);
  if (open !== undefined && open.failedReason === undefined) return { status: 'done', value: open.artifactUri };
  const found = await findRunId(delivery, runKey);
  if (found.status === 'rejected') return found;
  return delivery.patience.attempt(async () => {
    const run = await (await delivery.destination.store()).getRun(found.value);
    return run.info.artifactUri;
  });
}

function unreadable(message: string): RunspanError {
  return new RunspanError('FILE_NOT_READABLE', message);
}
