// One frame of the journal: a text header of fixed width, then JSON lines; whole and right by its CRC, or not there.
import { crc32 } from 'node:zlib';
import { numberText } from './number-text.ts';

/** `#RSJ1 <first sequence, 16> <count, 4> <payload bytes, 10> <crc, 8 hex>\n` */
const MAGIC = '#RSJ1 ';
const MAGIC_BYTES = Buffer.from(MAGIC);

/** Bytes of a header. */
export const HEADER_BYTES = 48;

/** Where the CRC begins; it covers what stands before it and the payload. */
const CRC_AT = 39;

const HEADER_PATTERN = /^#RSJ1 (\d{16}) (\d{4}) (\d{10}) ([0-9a-f]{8})\n$/;

/** One frame, read back. */
export interface Frame {
  /** The sequence number of its first record. */
  readonly firstSequence: number;
  /** Its records as JSON texts. */
  readonly lines: readonly string[];
  /** Bytes of header and payload. */
  readonly bytes: number;
}

/** What lies at an offset: a frame; the beginning of one (`torn`); or something that is none (`corrupt`). */
export type FrameAt =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'torn'; readonly neededBytes: number }
  | { readonly kind: 'corrupt' };

/** Builds frames in one buffer that it uses again, so that a frame costs no allocation. */
export class FrameEncoder {
  #scratch: Buffer = Buffer.allocUnsafe(64 * 1024);

  /**
   * Builds the frame of `count` records.
   *
   * @param lines JSON texts, each ending in a line feed
   * @returns a view that is valid until the next call
   */
  encode(firstSequence: number, count: number, lines: string): Uint8Array {
    // A UTF-16 unit is at most three bytes of UTF-8.
    const roomBytes = HEADER_BYTES + lines.length * 3;
    if (this.#scratch.byteLength < roomBytes) this.#scratch = Buffer.allocUnsafe(roomBytes * 2);
    const payloadBytes = this.#scratch.write(lines, HEADER_BYTES, 'utf8');
    const front = `${MAGIC}${pad(firstSequence, 16)} ${pad(count, 4)} ${pad(payloadBytes, 10)} `;
    this.#scratch.write(front, 0, 'latin1');
    const end = HEADER_BYTES + payloadBytes;
    const sum = crc32(this.#scratch.subarray(HEADER_BYTES, end), crc32(front));
    this.#scratch.write(`${sum.toString(16).padStart(8, '0')}\n`, CRC_AT, 'latin1');
    return this.#scratch.subarray(0, end);
  }
}

/** Reads what lies at an offset of a segment's bytes. */
export function decodeFrame(bytes: Buffer, offset: number): FrameAt {
  const header = bytes.toString('latin1', offset, offset + HEADER_BYTES);
  if (header.length < HEADER_BYTES) {
    const isBeginning = header.startsWith(MAGIC) || MAGIC.startsWith(header);
    return isBeginning ? { kind: 'torn', neededBytes: HEADER_BYTES } : { kind: 'corrupt' };
  }
  const match = HEADER_PATTERN.exec(header);
  if (match === null) return { kind: 'corrupt' };
  const count = Number(match[2]);
  const payloadBytes = Number(match[3]);
  const start = offset + HEADER_BYTES;
  if (start + payloadBytes > bytes.byteLength) return { kind: 'torn', neededBytes: HEADER_BYTES + payloadBytes };
  const payload = bytes.subarray(start, start + payloadBytes);
  if (crc32(payload, crc32(header.slice(0, CRC_AT))) !== Number.parseInt(match[4] ?? '', 16))
    return { kind: 'corrupt' };
  const lines = payload.toString('utf8').split('\n');
  // The payload ends in a line feed, so that the last piece is empty.
  if (lines.pop() !== '' || lines.length !== count) return { kind: 'corrupt' };
  return {
    kind: 'frame',
    frame: { firstSequence: Number(match[1]), lines, bytes: HEADER_BYTES + payloadBytes },
  };
}

/** Finds the next whole frame at or after an offset; undefined where there is none. JSON escapes line feeds, so no value can pass for a header. */
export function findFrame(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MAGIC_BYTES, from); at !== -1; at = bytes.indexOf(MAGIC_BYTES, at + 1)) {
    if (decodeFrame(bytes, at).kind === 'frame') return at;
  }
  return undefined;
}

function pad(value: number, width: number): string {
  return numberText(value).padStart(width, '0');
}
