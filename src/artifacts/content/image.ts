// Images as MLflow keeps them: a PNG, and beside it a small copy for the page.
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type * as pngjs from 'pngjs';
import { RunspanError } from '../../errors.ts';
import { encodeWebp, type Pixels } from './webp.ts';
import { isError } from '../../model/any-realm.ts';

/** Pixels, row by row, each of its channels after the other. */
export interface RawImage {
  /** Whole numbers from 0 to 255; fractions, in a Float32Array, Float64Array or plain array, from 0 to 1. */
  readonly data: ArrayLike<number>;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Grey, RGB or RGBA. */
  readonly channels: 1 | 3 | 4;
}

/** A PNG's bytes, or pixels. */
export type ImageInput = Uint8Array | RawImage;

/** An image ready to be kept. */
export interface EncodedImage {
  readonly png: Uint8Array;
  /** At most 256 pixels a side, as MLflow's own. */
  readonly webp: Uint8Array;
}

/** mlflow/tracking/multimedia.py: COMPRESSED_IMAGE_SIZE */
const SMALL_SIDE = 256;
/** One filter for all rows, the best for pictures: trying each takes three times as long and saves nothing (measured). */
const PAETH = 4;
/** What PNG calls grey, RGB and RGBA. */
const COLOR_TYPES = { 1: 0, 3: 2, 4: 6 } as const;
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Whether it could be an image at all: bytes, or an object with pixels and their measures. */
export function isImage(value: unknown): value is ImageInput {
  if (value instanceof Uint8Array) return isPng(value);
  return typeof value === 'object' && value !== null && 'data' in value && 'width' in value && 'channels' in value;
}

/**
 * Encodes an image and its small copy.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for bytes that are no PNG, and for pixels that do not fit their measures or their range
 */
export function encodeImage(image: ImageInput): EncodedImage {
  const pixels = image instanceof Uint8Array ? decodePng(image) : toPixels(image);
  return {
    png: image instanceof Uint8Array ? image : encodePng(pixels, image.channels),
    webp: encodeWebp(shrink(pixels)),
  };
}

/**
 * Encodes for a name: PNG or WebP by its ending; bytes of another format are kept as they are.
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` where the name says another format than can be written
 */
export function encodeImageFor(artifactFile: string, image: ImageInput): Uint8Array {
  const ending = extname(artifactFile).toLowerCase();
  if (image instanceof Uint8Array && !isPng(image)) return image;
  if (ending === '.png' || ending === '') return encodePngOf(image);
  if (ending === '.webp') return encodeWebp(image instanceof Uint8Array ? decodePng(image) : toPixels(image));
  throw invalid(
    `Cannot write '${artifactFile}': pixels and PNGs are written as .png or .webp. Give the file's own bytes.`,
  );
}

function encodePngOf(image: ImageInput): Uint8Array {
  return image instanceof Uint8Array ? image : encodePng(toPixels(image), image.channels);
}

function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.equals(bytes.subarray(0, PNG_SIGNATURE.length));
}

/** Loaded on first use, synchronously: most jobs log no image. */
function loadPng(): typeof pngjs.PNG {
  // The cast names what the package is.
  return (createRequire(import.meta.url)('pngjs') as typeof pngjs).PNG;
}

function decodePng(bytes: Uint8Array): Pixels {
  if (!isPng(bytes))
    throw invalid('An image is given as the bytes of a PNG or as pixels: { data, width, height, channels }.');
  try {
    return loadPng().sync.read(Buffer.from(bytes));
  } catch (cause) {
    const reason = isError(cause) ? cause.message : String(cause);
    throw invalid(`Cannot read the PNG: ${reason}.`, cause);
  }
}

/** With the channels that were given, as Python: whoever reads it as an array finds the shape again. */
function encodePng({ width, height, data }: Pixels, channels: RawImage['channels']): Uint8Array {
  const png = new (loadPng())({ width, height });
  png.data = Buffer.from(data);
  return loadPng().sync.write(png, { deflateLevel: 6, filterType: PAETH, colorType: COLOR_TYPES[channels] });
}

function toPixels(image: RawImage): Pixels {
  const { data, width, height, channels } = image;
  const areSides = [width, height].every((side) => Number.isInteger(side) && side > 0);
  if (!areSides || ![1, 3, 4].includes(channels)) {
    throw invalid(`An image has whole sides above 0 and 1, 3 or 4 channels, not ${width} x ${height} x ${channels}.`);
  }
  if (data.length !== width * height * channels) {
    throw invalid(
      `An image of ${width} x ${height} x ${channels} has ${width * height * channels} values, not ${data.length}.`,
    );
  }
  const values = toBytes(data);
  const out = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * channels;
    for (let channel = 0; channel < 3; channel++)
      out[pixel * 4 + channel] = values[from + (channels === 1 ? 0 : channel)] ?? 0;
    out[pixel * 4 + 3] = channels === 4 ? (values[from + 3] ?? 0) : 255;
  }
  return { width, height, data: out };
}

/** As Python: whole numbers must fit into a byte; fractions outside 0 to 1 are spread over it. */
function toBytes(data: ArrayLike<number>): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof Uint8ClampedArray) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  let low = Infinity;
  let high = -Infinity;
  let isWhole = !(data instanceof Float32Array || data instanceof Float64Array);
  for (let index = 0; index < data.length; index++) {
    const value = data[index];
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw invalid(`A pixel is a number, not ${String(value)}.`);
    low = Math.min(low, value);
    high = Math.max(high, value);
    isWhole &&= Number.isInteger(value);
  }
  if (isWhole) {
    if (low < 0 || high > 255) throw invalid(`Whole pixels are from 0 to 255, not from ${low} to ${high}.`);
    return Uint8Array.from(data);
  }
  const isInside = low >= 0 && high <= 1;
  const [from, span] = isInside ? [0, 1] : [low, high - low];
  return Uint8Array.from(data, (value) => Math.trunc(((value - from) / span) * 255));
}

/** To 256 pixels on the longer side, each pixel the mean of those it stands for. */
function shrink(pixels: Pixels): Pixels {
  const { width, height } = pixels;
  const isWide = width > height;
  const small = {
    width: isWide ? SMALL_SIDE : Math.max(1, Math.trunc(width * (SMALL_SIDE / height))),
    height: isWide ? Math.max(1, Math.trunc(height * (SMALL_SIDE / width))) : SMALL_SIDE,
  };
  const out = new Uint8Array(small.width * small.height * 4);
  for (let y = 0; y < small.height; y++) {
    const rows = spanOf(y, small.height, height);
    for (let x = 0; x < small.width; x++) {
      const columns = spanOf(x, small.width, width);
      for (let channel = 0; channel < 4; channel++)
        out[(y * small.width + x) * 4 + channel] = meanOf(pixels, { rows, columns, channel });
    }
  }
  return { ...small, data: out };
}

function spanOf(at: number, count: number, size: number): readonly [number, number] {
  const from = Math.min(size - 1, Math.floor((at * size) / count));
  return [from, Math.max(from + 1, Math.floor(((at + 1) * size) / count))];
}

function meanOf(
  { width, data }: Pixels,
  area: {
    readonly rows: readonly [number, number];
    readonly columns: readonly [number, number];
    readonly channel: number;
  },
): number {
  let sum = 0;
  for (let y = area.rows[0]; y < area.rows[1]; y++)
    for (let x = area.columns[0]; x < area.columns[1]; x++) sum += data[(y * width + x) * 4 + area.channel] ?? 0;
  return Math.round(sum / ((area.rows[1] - area.rows[0]) * (area.columns[1] - area.columns[0])));
}

function invalid(message: string, cause?: unknown): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', message, { cause });
}
