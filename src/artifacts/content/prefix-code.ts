// Prefix codes as WebP's lossless format has them: their lengths from counts, the bits of each symbol, and how they are told.

/** Writes bits, the lowest first. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #pending = 0;
  #pendingCount = 0;

  /** Writes the lowest `count` bits of a value; at most 24. */
  write(value: number, count: number): void {
    this.#pending |= value << this.#pendingCount;
    this.#pendingCount += count;
    while (this.#pendingCount >= 8) {
      this.#bytes.push(this.#pending & 0xff);
      this.#pending >>>= 8;
      this.#pendingCount -= 8;
    }
  }

  /** What was written, filled up to a whole byte. */
  finish(): Uint8Array {
    if (this.#pendingCount > 0) this.#bytes.push(this.#pending & 0xff);
    return Uint8Array.from(this.#bytes);
  }
}

/** A code that was told to the reader: writes one symbol. */
export type WriteSymbol = (symbol: number) => void;

/** The order in which the lengths of the code for lengths are told (WebP lossless bitstream, section 6.2.1). */
const LENGTH_ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const MAX_LENGTH = 15;
const MAX_LENGTH_OF_LENGTHS = 7;

/** Makes a code for these counts and tells it; a symbol below 256 must be the only one where just one is used. */
export function tellCode(bits: BitWriter, counts: readonly number[]): WriteSymbol {
  const used = counts.flatMap((count, symbol) => (count > 0 ? [symbol] : []));
  if (used.length <= 1) {
    bits.write(0b101, 3); // simple, one symbol, of eight bits
    bits.write(used[0] ?? 0, 8);
    return () => undefined; // the only one needs no bits
  }
  const lengths = codeLengths(counts, MAX_LENGTH);
  bits.write(0, 1); // not simple
  const lengthCounts = Array.from({ length: 19 }, (_, length) => lengths.filter((one) => one === length).length);
  const lengthLengths = codeLengths(lengthCounts, MAX_LENGTH_OF_LENGTHS);
  bits.write(LENGTH_ORDER.length - 4, 4);
  for (const length of LENGTH_ORDER) bits.write(lengthLengths[length] ?? 0, 3);
  bits.write(0, 1); // every symbol's length follows
  const writeLength = writerOf(bits, lengthLengths);
  for (const length of lengths) writeLength(length);
  return writerOf(bits, lengths);
}

/** Canonical, as in deflate: by length, then by symbol; told from the highest bit on. */
function writerOf(bits: BitWriter, lengths: readonly number[]): WriteSymbol {
  // one symbol alone needs no bits, whatever its length is said to be
  if (lengths.filter((length) => length > 0).length === 1) return () => undefined;
  const codes: number[] = [];
  let code = 0;
  for (let length = 1; length <= MAX_LENGTH; length++) {
    code <<= 1;
    for (const [symbol, one] of lengths.entries()) if (one === length) codes[symbol] = reversed(code++, length);
  }
  return (symbol) => bits.write(codes[symbol] ?? 0, lengths[symbol] ?? 0);
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}

/** Huffman's lengths; counts are flattened until none is longer than the limit. */
function codeLengths(counts: readonly number[], limit: number): number[] {
  for (let flattened = counts; ; flattened = flattened.map((count) => (count === 0 ? 0 : (count >> 1) + 1))) {
    const lengths = huffmanLengths(flattened);
    if (Math.max(...lengths) <= limit) return lengths;
  }
}

interface Node {
  readonly count: number;
  readonly symbols: readonly number[];
}

function huffmanLengths(counts: readonly number[]): number[] {
  const lengths = counts.map(() => 0);
  let nodes: Node[] = counts.flatMap((count, symbol) => (count > 0 ? [{ count, symbols: [symbol] }] : []));
  const [only] = nodes;
  if (nodes.length === 1 && only !== undefined) lengths[only.symbols[0] ?? 0] = 1;
  while (nodes.length > 1) {
    nodes = nodes.toSorted((a, b) => a.count - b.count);
    const [first, second, ...rest] = nodes;
    if (first === undefined || second === undefined) break; // there are two
    const symbols = [...first.symbols, ...second.symbols];
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] ?? 0) + 1;
    nodes = [{ count: first.count + second.count, symbols }, ...rest];
  }
  return lengths;
}
