// One artifact file to the run's repository; spooled files go once that is safely noted, the user's own are checked first.
import path from 'node:path';
import type { ArtifactWrite } from '../model/write.ts';
import { RunspanError } from '../errors.ts';
import type { Delivery } from './delivery.ts';
import { bury, findRunId } from './delivery.ts';
import type { EntryOf } from './plan.ts';

/** Uploads one file; one that is gone or was changed since the call is dead-lettered with that reason. */
export async function deliverArtifact(delivery: Delivery, entry: EntryOf<ArtifactWrite>): Promise<void> {
  const { sequence, write } = entry;
  const error = await upload(delivery, write);
  if (error !== undefined) {
    bury(delivery, sequence, { record: write, error });
    return;
  }
  const { source } = write;
  const { paths } = delivery;
  if (source.kind !== 'spool' || paths === undefined) return;
  delivery.state.afterSave(() => delivery.system.disk.removeFile(path.join(paths.spool, path.basename(source.file))));
}

async function upload(delivery: Delivery, write: ArtifactWrite): Promise<Error | undefined> {
  const file = sourceFile(delivery, write);
  if (file instanceof Error) return file;
  const artifactUri = await findArtifactUri(delivery, write.runKey);
  if (artifactUri instanceof Error) return artifactUri;
  const outcome = await delivery.patience.attempt(async () => {
    const repository = await delivery.destination.artifacts(artifactUri);
    await repository.putFile(write.path, file);
  });
  return outcome.status === 'rejected' ? outcome.error : undefined;
}

function sourceFile(delivery: Delivery, { source, path: target }: ArtifactWrite): string | Error {
  const { disk } = delivery.system;
  if (source.kind === 'spool') {
    // basename: a journal's text never leads out of its own spool.
    const file = path.join(delivery.paths?.spool ?? '', path.basename(source.file));
    if (disk.stat(file) !== undefined) return file;
    return new RunspanError('FILE_NOT_READABLE', `The kept copy of artifact '${target}' is gone: ${file}`);
  }
  const stat = disk.stat(source.file);
  if (stat === undefined) {
    return new RunspanError('FILE_NOT_READABLE', `The file of artifact '${target}' is gone: ${source.file}`);
  }
  if (stat.sizeBytes === source.sizeBytes && stat.modifiedMs === Math.trunc(source.modifiedMs)) return source.file;
  return new RunspanError(
    'FILE_NOT_READABLE',
    `The file of artifact '${target}' was changed after it was logged: ${source.file}`,
  );
}

async function findArtifactUri(delivery: Delivery, runKey: string): Promise<string | Error> {
  const open = delivery.state.run(runKey);
  if (open !== undefined && open.failedReason === undefined) return open.artifactUri;
  const found = await findRunId(delivery, runKey);
  if (found.status === 'rejected') return found.error;
  const run = await delivery.patience.attempt(async () => (await delivery.destination.store()).getRun(found.value));
  return run.status === 'rejected' ? run.error : run.value.info.artifactUri;
}
