// A CRC32 from those of the parts.
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinCrc32 } from '../../../src/artifacts/transfer/crc32.ts';

test('of any two parts is that of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (first, second) => {
      const whole = crc32(Buffer.concat([first, second]));
      expect(joinCrc32(crc32(first), crc32(second), second.byteLength)).toBe(whole);
    }),
  );
});
