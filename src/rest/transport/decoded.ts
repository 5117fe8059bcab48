// What a proxy on the way has packed, unpacked.
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** We ask for no encoding, but there are proxies that compress all the same. What it unfolds to is bounded by who reads it. */
export function decoded(body: Readable, encoding: string | undefined): Readable {
  const decoder = createDecoder(encoding?.trim().toLowerCase());
  if (decoder === undefined) return body;
  // whoever reads the decoder hears of its errors, those of the body included
  return pipeline(body, decoder, () => undefined);
}

function createDecoder(encoding: string | undefined): Transform | undefined {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  return encoding === 'br' ? createBrotliDecompress() : undefined;
}
