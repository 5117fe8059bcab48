// The CRC32 of a whole from those of its parts, which may arrive in any order.

/** The polynomial of CRC32, its lowest power in the highest bit, as zlib has it. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
/** The power by which one byte more multiplies. */
const BYTE = 0x00800000;

/**
 * Joins two: that of some bytes, and that of the `sizeBytes` that come after them.
 *
 * @example
 * joinCrc32(crc32('ab'), crc32('c'), 1) === crc32('abc');
 */
export function joinCrc32(first: number, second: number, sizeBytes: number): number {
  let power = ONE;
  let base = BYTE;
  for (let left = sizeBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, base);
    base = multiply(base, base);
  }
  return (multiply(power, first) ^ second) >>> 0;
}

/** Of two polynomials, modulo that of CRC32. */
function multiply(first: number, second: number): number {
  let product = 0;
  let shifted = second;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((first & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}
