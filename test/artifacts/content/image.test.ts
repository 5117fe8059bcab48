// Images as PNG and as lossless WebP, without a native library; test/live/artifact-methods.test.ts lets Pillow read them.
import { createRequire } from 'node:module';
import type * as pngjs from 'pngjs';
import { describe, expect, it } from 'vitest';
import { encodeImage, encodeImageFor, isImage, type RawImage } from '../../../src/artifacts/content/image.ts';
import { imagePaths, tableImagePaths } from '../../../src/artifacts/content/image-names.ts';
import { encodeWebp } from '../../../src/artifacts/content/webp.ts';

const { PNG } = createRequire(import.meta.url)('pngjs') as typeof pngjs;
const decode = (bytes: Uint8Array): { width: number; height: number; data: Buffer } =>
  PNG.sync.read(Buffer.from(bytes));
const pixelsOf = (image: RawImage): number[] => [...decode(encodeImage(image).png).data];

describe('pixels', () => {
  it.each<[string, RawImage, number[]]>([
    ['grey', { data: [0, 255], width: 2, height: 1, channels: 1 }, [0, 0, 0, 255, 255, 255, 255, 255]],
    ['RGB', { data: Uint8Array.of(1, 2, 3), width: 1, height: 1, channels: 3 }, [1, 2, 3, 255]],
    ['RGBA', { data: Uint8ClampedArray.of(1, 2, 3, 4), width: 1, height: 1, channels: 4 }, [1, 2, 3, 4]],
    ['fractions', { data: [0, 0.5, 1], width: 1, height: 1, channels: 3 }, [0, 127, 255, 255]],
    ['floats that are whole', { data: Float32Array.of(0, 1, 1), width: 1, height: 1, channels: 3 }, [0, 255, 255, 255]],
    ['fractions out of range, spread', { data: [-1, 0.5, 3], width: 1, height: 1, channels: 3 }, [0, 95, 255, 255]],
  ])('of %s become a PNG of the same', (_, image, expected) => expect(pixelsOf(image)).toEqual(expected));

  it.each([
    [1, 0],
    [3, 2],
    [4, 6],
  ] as const)('of %i channels become a PNG of that colour type, as Python writes it: %i', (channels, type) => {
    const data = new Uint8Array(2 * channels).fill(7);
    expect(encodeImage({ data, width: 2, height: 1, channels }).png[25]).toBe(type); // PNG's header
  });

  it.each([
    [{ data: [0, 256, 0], width: 1, height: 1, channels: 3 }, 'from 0 to 255'],
    [{ data: [0, 0], width: 1, height: 1, channels: 3 }, 'has 3 values, not 2'],
    [{ data: [0, 0], width: 1, height: 1, channels: 2 }, '1, 3 or 4 channels'],
    [{ data: [], width: 0, height: 0, channels: 1 }, 'whole sides above 0'],
    [{ data: [NaN], width: 1, height: 1, channels: 1 }, 'not NaN'],
    [Buffer.from('GIF89a'), 'the bytes of a PNG or as pixels'],
    [Buffer.from('89504e470d0a1a0a00', 'hex'), 'Cannot read the PNG'],
  ])('%j are refused', (image, message) => {
    const encode = (): unknown => encodeImage(image as RawImage);
    expect(encode).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(encode).toThrow(message);
  });
});

describe('the small copy', () => {
  const sizeOf = (webp: Uint8Array): string => {
    const bits = Buffer.from(webp).readUInt32LE(21);
    return `${(bits & 0x3fff) + 1}x${((bits >> 14) & 0x3fff) + 1}`;
  };
  it.each([
    [512, 256, '256x128'],
    [100, 400, '64x256'],
    [1, 1, '256x256'],
    [2000, 1, '256x1'],
  ])('of %i x %i is %s', (width, height, expected) => {
    const image = { data: new Uint8Array(width * height), width, height, channels: 1 } as const;
    const { webp } = encodeImage(image);
    expect(Buffer.from(webp).toString('latin1', 0, 4)).toBe('RIFF');
    expect(Buffer.from(webp).readUInt32LE(4)).toBe(webp.length - 8);
    expect(sizeOf(webp)).toBe(expected);
  });

  it('has a side that WebP can say', () => {
    expect(() => encodeWebp({ width: 0, height: 1, data: new Uint8Array() })).toThrow(RangeError);
  });
});

describe('a name', () => {
  const dot: RawImage = { data: [7], width: 1, height: 1, channels: 1 };
  const png = encodeImage(dot).png;
  const jpeg = Buffer.from('ffd8ffe0', 'hex');

  it('decides what is written', () => {
    expect([...decode(encodeImageFor('a.png', dot)).data]).toEqual([7, 7, 7, 255]);
    expect(encodeImageFor('a.png', png)).toBe(png);
    expect(Buffer.from(encodeImageFor('a.webp', png)).toString('latin1', 8, 12)).toBe('WEBP');
    expect(encodeImageFor('a.jpg', jpeg)).toBe(jpeg);
  });

  it('that says what cannot be written is refused', () => {
    for (const image of [dot, png])
      expect(() => encodeImageFor('a.jpg', image)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('of a step is the one that MLflow’s page looks for', () => {
    const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}';
    const { png: path, webp } = imagePaths({ key: 'dogs/big', step: 3, timestampMs: 1700 });
    expect(path).toMatch(new RegExp(`^images/dogs~big\\+step\\+3\\+timestamp\\+1700\\+${uuid}\\.png$`));
    expect(webp).toBe(path.replace('.png', '+compressed.webp'));
    expect(tableImagePaths('a/b.json').png).toMatch(new RegExp(`^table_images/a/b/${uuid}\\.png$`));
  });

  it.each([
    { key: 'a#b', step: 0, timestampMs: 1 },
    { key: '', step: 0, timestampMs: 1 },
    { key: 'a', step: 0.5, timestampMs: 1 },
  ])('%j is refused', (key) => {
    expect(() => imagePaths(key)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

it('an image is told from other values', () => {
  expect([Buffer.from('x'), 'x', null, {}, { data: [], width: 1, channels: 1 }].map(isImage)).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
});
