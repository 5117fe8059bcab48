import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameEncoder, HEADER_BYTES, decodeFrame, findFrame } from '../../../src/outbox/journal/frame.ts';

const texts = fc.array(fc.json({ depthSize: 'small' }), { minLength: 1, maxLength: 64 });

function encode(firstSequence: number, lines: readonly string[]): Buffer {
  const text = lines.map((line) => `${line}\n`).join('');
  return Buffer.from(new FrameEncoder().encode(firstSequence, lines.length, text));
}

describe('frame', () => {
  it('comes back equal, whatever the records hold', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (lines, sequence) => {
        const found = decodeFrame(encode(sequence, lines), 0);
        expect(found).toMatchObject({ kind: 'frame', frame: { firstSequence: sequence, lines } });
      }),
    );
  });

  it('is torn at every shorter length and never read in part', () => {
    const bytes = encode(7, ['{"a":1}', '{"b":"é"}']);
    for (let length = 0; length < bytes.byteLength; length += 1) {
      expect(decodeFrame(bytes.subarray(0, length), 0).kind).toBe('torn');
    }
  });

  it('is refused with any one byte changed', () => {
    const bytes = encode(7, ['{"a":1}', '{"b":2}']);
    for (let at = 0; at < bytes.byteLength; at += 1) {
      for (const bit of [1, 4, 32, 128]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ bit;
        const found = decodeFrame(damaged, 0);
        // A longer payload in the header reads as torn; neither is taken for a frame. Lower and upper case hex are one CRC.
        expect(found.kind, `byte ${at}, bit ${bit}`).not.toBe('frame');
      }
    }
  });

  it('grows its buffer for a record larger than it', () => {
    const line = JSON.stringify('日'.repeat(200_000));
    expect(decodeFrame(encode(1, [line]), 0)).toMatchObject({ frame: { lines: [line] } });
  });

  it('is found again behind damage, and not where a value looks like a header', () => {
    const decoy = JSON.stringify(encode(9, ['{}']).toString('latin1'));
    const first = encode(1, [decoy]);
    const second = encode(2, ['{}']);
    const bytes = Buffer.concat([first, second]);
    bytes[HEADER_BYTES + 1] = 0;
    expect(findFrame(bytes, 1)).toBe(first.byteLength);
    expect(findFrame(bytes, first.byteLength + 1)).toBeUndefined();
  });
});
