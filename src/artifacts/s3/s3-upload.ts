// A large file to S3 in parts, several at once; each is read at its place into memory that is used over and over.
import type {
  CompletedPart,
  CreateMultipartUploadCommandInput,
  PutObjectCommandInput,
  S3Client,
  UploadPartCommandOutput,
} from '@aws-sdk/client-s3';
import { open } from 'node:fs/promises';
import { inParallel } from '../transfer/parallel.ts';
import type { AwsSdk } from './s3-client.ts';
import { fill } from '../transfer/source-file.ts';

/** boto's own: from here on a file goes in parts of this size (s3transfer, TransferConfig). */
export const PART_BYTES: number = 8 * 1024 * 1024;

/** S3 takes no more parts of one object. */
const MAX_PART_COUNT = 10_000;

/** Of one file; eight brought nothing over four (measured). */
const MAX_PARTS_AT_ONCE = 4;

/** Of all files of a repository. */
const MAX_BUFFERS = 8;

/** What goes where. */
export interface LargeFile {
  readonly file: string;
  readonly sizeBytes: number;
  /** What every request of it carries that S3 has it for: the bucket, the key, the type, what the settings say. */
  readonly params: PutObjectCommandInput;
}

/** Memory for parts: a bounded number of pieces, each handed on from part to part. */
export class PartBuffers {
  readonly #maxCount: number;
  readonly #partBytes: number;
  readonly #free: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];
  #takenCount = 0;

  /** @param partBytes of a piece; a larger part gets one of its own */
  constructor(maxCount: number = MAX_BUFFERS, partBytes: number = PART_BYTES) {
    this.#maxCount = maxCount;
    this.#partBytes = partBytes;
  }

  /** Waits for a piece; what it holds is left over from another part. */
  async take(sizeBytes: number): Promise<Buffer> {
    if (this.#takenCount < this.#maxCount) this.#takenCount += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (sizeBytes > this.#partBytes) return Buffer.allocUnsafeSlow(sizeBytes);
    return (this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#partBytes)).subarray(0, sizeBytes);
  }

  /** Hands a piece on to whoever waits; when nobody has one any more, the memory is freed. */
  giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength === this.#partBytes) this.#free.push(Buffer.from(buffer));
    const next = this.#waiting.shift();
    if (next !== undefined) return next();
    this.#takenCount -= 1;
    if (this.#takenCount === 0) this.#free.length = 0;
  }
}

/**
 * Sends a file. The SDK sends each part again where that fails in a way that can pass; where the whole fails, the parts are thrown away.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where the file shrinks meanwhile; else what the SDK throws
 */
export async function putInParts(
  { sdk, client, buffers }: { readonly sdk: AwsSdk; readonly client: S3Client; readonly buffers: PartBuffers },
  { file, sizeBytes, params }: LargeFile,
): Promise<void> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(sizeBytes / MAX_PART_COUNT));
  const starts = Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => index * partBytes);
  const source = await open(file);
  try {
    const algorithm = await checksumOf(client, params);
    const begun = await client.send(new sdk.CreateMultipartUploadCommand({ ...params, ...algorithm }));
    const upload = { ...params, UploadId: begun.UploadId };
    try {
      const parts = await inParallel(starts, MAX_PARTS_AT_ONCE, async (startByte): Promise<CompletedPart> => {
        const PartNumber = startByte / partBytes + 1;
        const Body = await buffers.take(Math.min(partBytes, sizeBytes - startByte));
        try {
          await fill(Body, { file, source, startByte });
          return completed(PartNumber, await client.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body })));
        } finally {
          buffers.giveBack(Body);
        }
      });
      await client.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
    } catch (error) {
      await client.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => {
        // what failed first is what is told; the parts stay until the store's own rule removes them
      });
      throw error;
    }
  } finally {
    await source.close();
  }
}

/**
 * S3 wants to know at the beginning which checksum each part will have: where nothing is said, the SDK gives CRC32. Of those S3 makes one of
 * the whole, which a download is compared with.
 */
async function checksumOf(
  client: S3Client,
  { ChecksumAlgorithm }: PutObjectCommandInput,
): Promise<Pick<CreateMultipartUploadCommandInput, 'ChecksumAlgorithm' | 'ChecksumType'>> {
  const isGiven =
    ChecksumAlgorithm !== undefined || (await client.config.requestChecksumCalculation()) !== 'WHEN_SUPPORTED';
  return isGiven ? {} : { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' };
}

/** What S3 said of a part, its checksum of whatever kind too. */
function completed(PartNumber: number, answer: UploadPartCommandOutput): CompletedPart {
  const said = Object.entries(answer).filter(([name]) => name === 'ETag' || name.startsWith('Checksum'));
  return { PartNumber, ...Object.fromEntries(said) };
}
