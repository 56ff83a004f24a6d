/** Undoes bzip2 (Seward, 1996). Its blocks have at most 900,000 bytes each, so that memory stays small whatever a file claims. */
import { FormatError } from "../core/errors";

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const MOST_CODE = 20;
const GROUP = 50;

/** Bits from the highest on. */
class Bits {
  private at = 0;
  private held = 0;
  private count = 0;

  constructor(
    private readonly path: string,
    private readonly bytes: Uint8Array,
  ) {}

  fail(why: string): never {
    throw new FormatError(`"${this.path}" cannot be decompressed: ${why}: it is truncated or damaged`);
  }

  /** Up to 24 bits. */
  take(n: number): number {
    while (this.count < n) {
      if (this.at >= this.bytes.length) this.fail("it ends early");
      this.held = ((this.held & 0xffffff) << 8) | this.bytes[this.at++]!;
      this.count += 8;
    }
    this.count -= n;
    return (this.held >>> this.count) & ((1 << n) - 1);
  }

  bit(): boolean {
    return this.take(1) === 1;
  }

  take48(): number {
    return this.take(24) * 2 ** 24 + this.take(24);
  }

  take32(): number {
    return this.take(16) * 65536 + this.take(16);
  }

  /** Goes on at a whole byte. @returns Whether there are any. */
  align(): boolean {
    this.count -= this.count % 8;
    return this.at - this.count / 8 < this.bytes.length;
  }
}

/** A prefix code: for each length the codes below a limit, and the symbols in order. */
class PrefixCode {
  private readonly limits = new Int32Array(MOST_CODE + 2).fill(-1);
  private readonly bases = new Int32Array(MOST_CODE + 2);
  private readonly symbols: Int32Array;

  constructor(
    private readonly bits: Bits,
    lengths: Uint8Array,
  ) {
    this.symbols = new Int32Array(lengths.length);
    let code = 0;
    let at = 0;
    for (let length = 1; length <= MOST_CODE; length++) {
      this.bases[length] = at - code;
      for (let symbol = 0; symbol < lengths.length; symbol++)
        if (lengths[symbol] === length) {
          this.symbols[at++] = symbol;
          code++;
        }
      this.limits[length] = code;
      if (code > 2 ** length) bits.fail("a code is ambiguous");
      code *= 2;
    }
  }

  next(): number {
    let code = 0;
    for (let length = 1; length <= MOST_CODE; length++) {
      code = code * 2 + this.bits.take(1);
      if (code < this.limits[length]!) {
        const at = this.bases[length]! + code;
        // A code below those of this length belongs to a shorter one, and was found there.
        if (at >= 0 && at < this.symbols.length) return this.symbols[at]!;
      }
    }
    return this.bits.fail("a code in it has no meaning");
  }
}

function readCode(bits: Bits, count: number): PrefixCode {
  const lengths = new Uint8Array(count);
  let length = bits.take(5);
  for (let i = 0; i < count; i++) {
    for (;;) {
      if (length < 1 || length > MOST_CODE) bits.fail("a code is too long");
      if (!bits.bit()) break;
      length += bits.bit() ? -1 : 1;
    }
    lengths[i] = length;
  }
  return new PrefixCode(bits, lengths);
}

/** The bytes that occur in a block. */
function readAlphabet(bits: Bits): number[] {
  const ranges = bits.take(16);
  const found: number[] = [];
  for (let i = 0; i < 16; i++) {
    if (!(ranges & (0x8000 >> i))) continue;
    const part = bits.take(16);
    for (let k = 0; k < 16; k++) if (part & (0x8000 >> k)) found.push(16 * i + k);
  }
  return found.length > 0 ? found : bits.fail("a block has no bytes");
}

/** Which code each group of symbols has. */
function readSelectors(bits: Bits, codes: number): number[] {
  const count = bits.take(15);
  if (count < 1) bits.fail("a block has no codes");
  const order = Array.from({ length: codes }, (_, i) => i);
  return Array.from({ length: count }, () => {
    let place = 0;
    while (bits.bit()) if (++place >= codes) bits.fail("a block names a code that it does not have");
    const [code] = order.splice(place, 1) as [number];
    order.unshift(code);
    return code;
  });
}

/** The last column of the sorted turns of a block. */
function readColumn(bits: Bits, column: Uint8Array): Uint8Array {
  const most = column.length;
  const alphabet = readAlphabet(bits);
  const codeCount = bits.take(3);
  if (codeCount < 2 || codeCount > 6) bits.fail("a block has a wrong number of codes");
  const selectors = readSelectors(bits, codeCount);
  const codes = Array.from({ length: codeCount }, () => readCode(bits, alphabet.length + 2));
  const end = alphabet.length + 1;
  let [length, run, weight] = [0, 0, 1];
  for (let i = 0; ; i++) {
    const selector = selectors[Math.floor(i / GROUP)];
    if (selector === undefined) bits.fail("a block does not end");
    const symbol = codes[selector!]!.next();
    if (symbol <= 1) {
      run += weight << symbol;
      weight *= 2;
      if (run > most) bits.fail("a block is too large");
      continue;
    }
    if (length + run > most) bits.fail("a block is too large");
    column.fill(alphabet[0]!, length, length + run);
    length += run;
    [run, weight] = [0, 1];
    if (symbol === end) return column.subarray(0, length);
    if (length >= most) bits.fail("a block is too large");
    const [byte] = alphabet.splice(symbol - 1, 1) as [number];
    alphabet.unshift(byte);
    column[length++] = byte;
  }
}

/** The block whose sorted turns end with `column`. */
function unsorted(bits: Bits, column: Uint8Array, origin: number): Uint8Array {
  if (origin >= column.length) bits.fail("a block has no beginning");
  const starts = new Int32Array(257);
  for (const byte of column) starts[byte + 1]!++;
  for (let i = 0; i < 256; i++) starts[i + 1]! += starts[i]!;
  const next = new Int32Array(column.length);
  column.forEach((byte, i) => {
    next[starts[byte]!++] = i;
  });
  const out = new Uint8Array(column.length);
  for (let i = 0, at = next[origin]!; i < out.length; i++, at = next[at]!) out[i] = column[at]!;
  return out;
}

let table: Int32Array | undefined;

/** The checksum of a block, whose bits go the other way than those of gzip. */
function checksumOf(bytes: Uint8Array): number {
  table ??= Int32Array.from({ length: 256 }, (_, n) => {
    let c = n << 24;
    for (let k = 0; k < 8; k++) c = c < 0 ? (c << 1) ^ 0x04c11db7 : c << 1;
    return c;
  });
  let c = -1;
  for (const byte of bytes) c = (c << 8) ^ table[((c >>> 24) ^ byte) & 255]!;
  return ~c >>> 0;
}

/** Four equal bytes are followed by the number of more of them. */
function spread(bits: Bits, block: Uint8Array, most: number): Uint8Array {
  let size = 0;
  const visit = (put: (byte: number, count: number) => void): void => {
    let [last, equal] = [-1, 0];
    for (const byte of block) {
      if (equal === 4) {
        put(last, byte);
        [last, equal] = [-1, 0];
        continue;
      }
      equal = byte === last ? equal + 1 : 1;
      last = byte;
      put(byte, 1);
    }
  };
  visit((_, count) => {
    size += count;
  });
  if (size > most) bits.fail(`it holds more than ${most} bytes`);
  const out = new Uint8Array(size);
  let at = 0;
  visit((byte, count) => {
    out.fill(byte, at, at + count);
    at += count;
  });
  return out;
}

/**
 * The content of a file that was packed with bzip2.
 * @param path The name of the file in errors.
 * @param most The most bytes that it may hold.
 * @throws FormatError if it is damaged, truncated, or holds more.
 */
export function bunzip2(path: string, file: Uint8Array, most: number): Uint8Array {
  const bits = new Bits(path, file);
  const parts: Uint8Array[] = [];
  let left = most;
  do {
    const level = bits.take(24) === 0x425a68 ? bits.take(8) - 48 : 0;
    if (level < 1 || level > 9) bits.fail("it is no bzip2 file");
    let sum = 0;
    const column = new Uint8Array(100_000 * level);
    for (;;) {
      const magic = bits.take48();
      const checksum = bits.take32();
      if (magic === END_MAGIC) {
        if (checksum !== sum >>> 0) bits.fail("its checksum differs");
        break;
      }
      if (magic !== BLOCK_MAGIC) bits.fail("a block in it has no beginning");
      if (bits.bit()) bits.fail("a block in it is of an old kind that is not read");
      const origin = bits.take(24);
      const part = spread(bits, unsorted(bits, readColumn(bits, column), origin), left);
      if (checksumOf(part) !== checksum) bits.fail("the checksum of a block in it differs");
      sum = ((sum << 1) | (sum >>> 31)) ^ checksum;
      left -= part.length;
      parts.push(part);
    }
  } while (bits.align());
  const out = new Uint8Array(most - left);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
