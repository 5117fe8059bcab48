// A large file to the object store behind the tracking server's proxy: in parts, several at once, by URLs that the server has signed.
import type { RestApi } from '../../rest/api.ts';
import {
  abortPartedUpload,
  completePartedUpload,
  createPartedUpload,
  type PartedUpload,
} from '../../rest/endpoints/artifact-endpoints.ts';
import { inParallel } from './parallel.ts';
import type { SignedUrls } from './signed-urls.ts';

/** What goes where. */
export interface PartedFile {
  /** Below the proxy's root; not empty. */
  readonly folder: string;
  readonly name: string;
  readonly file: string;
  readonly sizeBytes: number;
  /** The least size of a part. */
  readonly chunkBytes: number;
}

/** S3 takes no more parts of one object. */
const MAX_PART_COUNT = 10_000;
const MAX_PARTS_AT_ONCE = 4;

/**
 * Sends a file; each part is sent again by itself where it fails. Where the whole fails, the parts are thrown away.
 *
 * @throws {MlflowError} `NOT_IMPLEMENTED` where the server has no such way
 */
export async function uploadInParts(api: RestApi, urls: SignedUrls, from: PartedFile): Promise<void> {
  const { folder, name, sizeBytes } = from;
  const partBytes = Math.max(from.chunkBytes, Math.ceil(sizeBytes / MAX_PART_COUNT));
  const partCount = Math.max(1, Math.ceil(sizeBytes / partBytes));
  const upload = await api.call(createPartedUpload(folder), { name, partCount });
  try {
    const parts = await inParallel(upload.parts, MAX_PARTS_AT_ONCE, async (part) => {
      const startByte = (part.partNumber - 1) * partBytes;
      const slice = { file: from.file, startByte, sizeBytes: Math.min(partBytes, sizeBytes - startByte) };
      const etag = await urls.put(part, slice, `part ${part.partNumber} of '${name}'`);
      return { partNumber: part.partNumber, etag, url: part.url };
    });
    await api.call(completePartedUpload(folder), { name, uploadId: upload.uploadId, parts });
  } catch (error) {
    await abort(api, from, upload);
    throw error;
  }
}

async function abort(api: RestApi, { folder, name }: PartedFile, { uploadId }: PartedUpload): Promise<void> {
  try {
    await api.call(abortPartedUpload(folder), { name, uploadId });
  } catch {
    // what failed first is what is told; the parts stay until the store's own rule removes them
  }
}
