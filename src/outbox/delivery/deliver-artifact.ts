// What sending an artifact needs: its bytes as they were logged, the place they go to, and the end of the kept copy.
import path from 'node:path';
import type { ArtifactWrite } from '../../model/write.ts';
import { RunspanError } from '../../errors.ts';
import type { Delivery } from './delivery.ts';
import { findRunId } from './delivery.ts';
import { findModel, mlmodelName, writeMlmodel } from './deliver-model.ts';
import type { Outcome } from './patience.ts';
import type { FileStat } from '../machine/system.ts';

/** Removes the kept copy of a delivered artifact; the user's own file stays. */
export function discardSpooled(delivery: Delivery, { source, modelKey = '' }: ArtifactWrite): void {
  const { paths } = delivery;
  if (source.kind === 'file' || paths === undefined) return;
  const name = source.kind === 'spool' ? path.basename(source.file) : mlmodelName(modelKey);
  delivery.system.disk.removeFile(path.join(paths.spool, name));
}

/** Which state of a file was found to be the one that was logged; hashing it again at each try costs seconds a gigabyte. */
const verified = new WeakMap<ArtifactWrite['source'], number>();

/**
 * Checks the file of an artifact and hands it to `send`.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where it is gone, was changed since it was logged, or while it was sent
 */
export async function sendFile(
  delivery: Delivery,
  write: ArtifactWrite,
  send: (file: string) => Promise<void>,
): Promise<void> {
  const { source, path: target } = write;
  const { disk } = delivery.system;
  if (source.kind === 'mlmodel') return send(await writeMlmodel(delivery, write, source.fields));
  if (source.kind === 'spool') {
    // basename: a journal's text never leads out of its own spool.
    const file = path.join(delivery.paths?.spool ?? '', path.basename(source.file));
    const stat = disk.stat(file);
    if (stat === undefined) throw unreadable(`The kept copy of artifact '${target}' is gone: ${file}`);
    const isSound = source.checksum === undefined || verified.get(source) === stat.changedMs;
    if (!isSound && (await disk.checksum(file)) !== source.checksum)
      throw unreadable(`The kept copy of artifact '${target}' is damaged: ${file}`);
    verified.set(source, stat.changedMs);
    return send(file);
  }
  const { file, checksum } = source;
  const before = disk.stat(file);
  if (before?.isFile !== true) throw unreadable(`The file of artifact '${target}' is gone: ${file}`);
  const isKnown = checksum === undefined || verified.get(source) === before.changedMs;
  if (!isUnchanged(source, before) || !(isKnown || (await disk.checksum(file)) === checksum)) {
    throw unreadable(`The file of artifact '${target}' was changed after it was logged: ${file}`);
  }
  verified.set(source, before.changedMs);
  await send(file);
  const after = disk.stat(file);
  if (after === undefined || isUnchanged(source, after)) return;
  throw unreadable(
    `The file of artifact '${target}' was changed while it was sent: ${file} What was sent may be mixed.`,
  );
}

function isUnchanged(source: ArtifactWrite['source'] & { readonly kind: 'file' }, stat: FileStat): boolean {
  return stat.sizeBytes === source.sizeBytes && stat.modifiedMs === Math.trunc(source.modifiedMs);
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
