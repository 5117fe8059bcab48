// Pixels as a lossless WebP, in plain JavaScript: for the small copies of images that MLflow's page shows.
import { BitWriter, tellCode, type WriteSymbol } from './prefix-code.ts';

/** An image in memory: 8 bits for red, green, blue and alpha of each pixel, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** WebP's own bound of a side. */
const MAX_SIDE = 16_384;

/** How many symbols the five codes of a pixel have: green and lengths of copies, red, blue, alpha, distances. */
const ALPHABETS = [280, 256, 256, 256, 40] as const;

/** Where the channels stand in `Pixels`, in the order in which WebP writes them. */
const CHANNELS = [1, 0, 2, 3] as const;

/** Predicts a pixel from left + top - top left, within the bounds of a byte. */
const PREDICTOR = 12;

/**
 * Encodes an image.
 *
 * @throws {RangeError} where a side is 0 or above 16,384
 * @see https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification
 * @example
 * writeFileSync('small.webp', encodeWebp({ width: 1, height: 1, data: Uint8Array.of(255, 0, 0, 255) }));
 */
export function encodeWebp({ width, height, data }: Pixels): Uint8Array {
  if (![width, height].every((side) => side >= 1 && side <= MAX_SIDE))
    throw new RangeError(`A WebP has 1 to ${MAX_SIDE} pixels a side, not ${width} x ${height}.`);
  const bits = new BitWriter();
  bits.write(0x2f, 8);
  bits.write(width - 1, 14);
  bits.write(height - 1, 14);
  bits.write(data.some((value, index) => index % 4 === 3 && value !== 255) ? 1 : 0, 1);
  bits.write(0, 3); // version
  bits.write(0b101, 3); // a transform: subtract green
  bits.write(0b001, 3); // a transform: predict
  bits.write(7, 3); // in blocks of 512 x 512, all predicted alike
  writeImage(bits, { width: Math.ceil(width / 512), height: Math.ceil(height / 512) }, undefined);
  bits.write(0, 1); // no more transforms
  writeImage(bits, { width, height }, predicted({ width, height, data: withoutGreen(data) }));
  return container(bits.finish());
}

/** An image of residuals, or (undefined) of the predictor for every block. */
function writeImage(bits: BitWriter, size: Omit<Pixels, 'data'>, residuals: Uint8Array | undefined): void {
  bits.write(0, 1); // no colour cache
  if (residuals !== undefined) bits.write(0, 1); // one group of codes for all
  const pixelCount = size.width * size.height;
  const valueOf = (pixel: number, channel: number): number =>
    residuals === undefined ? (channel === 1 ? PREDICTOR : 0) : (residuals[pixel * 4 + channel] ?? 0);
  const writers: WriteSymbol[] = ALPHABETS.map((size_, code) => {
    const counts = Array.from({ length: size_ }, () => 0);
    const channel = CHANNELS[code];
    if (channel !== undefined)
      for (let pixel = 0; pixel < pixelCount; pixel++) {
        const value = valueOf(pixel, channel);
        counts[value] = (counts[value] ?? 0) + 1;
      }
    return tellCode(bits, counts);
  });
  for (let pixel = 0; pixel < pixelCount; pixel++)
    for (const [code, channel] of CHANNELS.entries()) writers[code]?.(valueOf(pixel, channel));
}

/** Red and blue less green: most images then have less in them. */
function withoutGreen(data: Uint8Array): Uint8Array {
  const out = Uint8Array.from(data);
  for (let at = 0; at < out.length; at += 4) {
    const green = data[at + 1] ?? 0;
    out[at] = (data[at] ?? 0) - green;
    out[at + 2] = (data[at + 2] ?? 0) - green;
  }
  return out;
}

/** Each pixel less what is expected of it: the first is opaque black, the first row as its left, the first column as above. */
function predicted({ width, height, data }: Pixels): Uint8Array {
  const out = new Uint8Array(data.length);
  const row = width * 4;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 4; channel++) {
        const at = y * row + x * 4 + channel;
        const left = x > 0 ? (data[at - 4] ?? 0) : 0;
        const top = y > 0 ? (data[at - row] ?? 0) : 0;
        let expected = channel === 3 ? 255 : 0;
        if (x > 0 && y > 0) expected = Math.min(255, Math.max(0, left + top - (data[at - row - 4] ?? 0)));
        else if (x > 0) expected = left;
        else if (y > 0) expected = top;
        out[at] = (data[at] ?? 0) - expected;
      }
    }
  }
  return out;
}

function container(stream: Uint8Array): Uint8Array {
  const padded = stream.length + (stream.length % 2);
  const file = Buffer.alloc(20 + padded);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(12 + padded, 4);
  file.write('WEBPVP8L', 8, 'latin1');
  file.writeUInt32LE(stream.length, 16);
  file.set(stream, 20);
  return file;
}
