// One file from a source that breaks off, changes, lies or gives parts: whole under its name, or not there.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  downloadBytes,
  downloadTo,
  type ByteRange,
  type ByteSource,
} from '../../../src/artifacts/transfer/download.ts';
import { MlflowError, mlflowError } from '../../../src/errors.ts';

const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
let folder: string;
let target: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runspan-download-'));
  target = join(folder, 'target');
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Behaviour {
  readonly partBytes?: number;
  /** How many bytes each answer brings before it breaks; the last one holds for ever. */
  readonly breaksAfter?: readonly number[];
  readonly version?: string | undefined;
  readonly md5?: string;
  readonly crc32?: number;
  readonly givesParts?: boolean;
  readonly contents?: readonly Buffer[];
  readonly error?: Error;
}

const lost = mlflowError('TEMPORARILY_UNAVAILABLE', 'the connection was lost');

function sourceThat(behaviour: Behaviour): ByteSource & { readonly asked: (ByteRange | undefined)[] } {
  const { breaksAfter = [Infinity], givesParts = true, contents = [content], error = lost } = behaviour;
  const version = 'version' in behaviour ? behaviour.version : '"v1"';
  const asked: (ByteRange | undefined)[] = [];
  return {
    asked,
    what: 'the file',
    partBytes: behaviour.partBytes,
    fetch: async (range, read) => {
      const wanted = range();
      asked.push(wanted);
      const at = asked.length - 1;
      const limit = breaksAfter[Math.min(at, breaksAfter.length - 1)] ?? Infinity;
      const whole = contents[Math.min(at, contents.length - 1)] ?? content;
      const startByte = givesParts ? (wanted?.startByte ?? 0) : 0;
      const bytes = whole.subarray(startByte, (wanted?.endByte ?? whole.length - 1) + 1);
      async function* stream(): AsyncGenerator<Uint8Array, void> {
        for (let done = 0; done < bytes.length; done += 100) {
          if (done >= limit) throw error;
          yield bytes.subarray(done, done + 100);
        }
        await Promise.resolve();
      }
      const { md5, crc32: crc } = behaviour;
      return await read({ startByte, totalBytes: whole.length, version, md5, crc32: crc, bytes: stream() });
    },
  };
}

function isWhole(expected: Buffer = content): void {
  expect(readdirSync(folder)).toEqual(['target']);
  expect(readFileSync(target).equals(expected)).toBe(true);
}

describe('a download that breaks off', () => {
  it('goes on where it stopped, as long as bytes come', async () => {
    const source = sourceThat({ breaksAfter: [300, 100, 100, 100, Infinity] });
    await downloadTo(target, source);
    isWhole();
    expect(source.asked.map((one) => one?.startByte)).toEqual([undefined, 300, 400, 500, 600]);
    expect(source.asked[1]).toEqual({ startByte: 300, endByte: undefined, version: '"v1"' });
  });

  it.each([
    ['gives no parts', { givesParts: false }],
    ['does not name the state of the file', { version: undefined }],
  ])('begins again where the server %s', async (_, behaviour) => {
    await downloadTo(target, sourceThat({ breaksAfter: [500, Infinity], ...behaviour }));
    isWhole();
    expect(
      Buffer.from(await downloadBytes(sourceThat({ breaksAfter: [500, Infinity], ...behaviour }))).equals(content),
    ).toBe(true);
  });

  it('begins again where the file has changed meanwhile, and never mixes the two', async () => {
    const changed = Buffer.alloc(700, 7);
    const source = sourceThat({ breaksAfter: [500, Infinity], contents: [content, changed], givesParts: false });
    await downloadTo(target, source);
    isWhole(changed);
  });

  it('begins again where the server refuses a part of what has changed', async () => {
    const changed = Buffer.alloc(700, 7);
    const source = sourceThat({ breaksAfter: [500, Infinity], contents: [content, changed] });
    const fetch = source.fetch.bind(source);
    source.fetch = (range, read) => {
      const refusal = { errorCode: 'TEMPORARILY_UNAVAILABLE', status: 412, isRetryable: true };
      if (range() === undefined) return fetch(range, read);
      return Promise.reject(new MlflowError('At least one of the pre-conditions did not hold', refusal));
    };
    await downloadTo(target, source);
    isWhole(changed);
  });

  it('ends where two tries in a row bring nothing, and leaves no part', async () => {
    const source = sourceThat({ breaksAfter: [300, 0] });
    await expect(downloadTo(target, source)).rejects.toBe(lost);
    expect(source.asked).toHaveLength(3);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends at once where nothing can mend it', async () => {
    const error = mlflowError('RESOURCE_DOES_NOT_EXIST', 'gone');
    const source = sourceThat({ breaksAfter: [300], error });
    await expect(downloadTo(target, source)).rejects.toBe(error);
    expect(source.asked).toHaveLength(1);
  });
});

describe('a large file', () => {
  it('comes in parts, each going on by itself', async () => {
    const source = sourceThat({ partBytes: 400, breaksAfter: [Infinity, 100, Infinity] });
    await downloadTo(target, source);
    isWhole();
    const ranges = source.asked.map((one) => (one === undefined ? 'whole' : `${one.startByte}-${one.endByte}`));
    expect(ranges.toSorted()).toEqual(['0-399', '100-399', '400-799', '800-999', 'whole']);
  });

  it('comes in one where the state of the file is not named', async () => {
    const source = sourceThat({ partBytes: 400, version: undefined });
    await downloadTo(target, source);
    isWhole();
    expect(source.asked).toEqual([undefined]);
  });
});

describe('what arrived', () => {
  const md5 = createHash('md5').update(content).digest('hex');

  it('is compared with the MD5 that the server knows', async () => {
    await downloadTo(target, sourceThat({ md5 }));
    isWhole();
    const damaged = sourceThat({ md5, contents: [Buffer.alloc(1000)] });
    await expect(downloadTo(target, damaged)).rejects.toMatchObject({
      errorCode: 'TEMPORARILY_UNAVAILABLE',
      message: expect.stringContaining(`the server says ${md5}`) as string,
    });
    isWhole();
    await expect(downloadBytes(damaged)).rejects.toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE' });
  });

  it.each([
    ['whole', {}],
    ['in parts that go on by themselves', { partBytes: 300, breaksAfter: [Infinity, 100, Infinity] }],
    ['after it broke off', { breaksAfter: [300, 100, Infinity] }],
    ['after it began again', { breaksAfter: [500, Infinity], givesParts: false }],
  ])('is compared with the CRC32 that the server knows, %s', async (_, behaviour) => {
    await downloadTo(target, sourceThat({ ...behaviour, crc32: crc32(content) }));
    isWhole();
    const damaged = sourceThat({ ...behaviour, crc32: crc32(content), contents: [Buffer.alloc(1000)] });
    await expect(downloadTo(target, damaged)).rejects.toMatchObject({
      errorCode: 'TEMPORARILY_UNAVAILABLE',
      message: expect.stringContaining('its CRC32 is') as string,
    });
    isWhole();
  });
});
