/** Huffman-coded data of JPEG files, copied bit by bit. */
import { FormatError } from "../../core/errors";

const damaged = (why: string): never => {
  throw new FormatError(`the JPEG file is damaged: ${why}`);
};

/** Codes of up to 16 bits, in the order of their lengths. */
export class HuffmanTable {
  private readonly mostOf = new Int32Array(17).fill(-1);
  private readonly offsetOf = new Int32Array(17);

  /** @param counts How many codes there are of each length, from 1 on. */
  constructor(
    counts: Uint8Array,
    private readonly symbols: Uint8Array,
  ) {
    let [code, at] = [0, 0];
    for (let length = 1; length <= 16; length++, code <<= 1) {
      const n = counts[length - 1]!;
      this.offsetOf[length] = at - code;
      code += n;
      at += n;
      if (n > 0) this.mostOf[length] = code - 1;
    }
  }

  /** The symbol of a code of that length, or undefined if there is none. */
  symbol(code: number, length: number): number | undefined {
    return code <= this.mostOf[length]! ? this.symbols[this.offsetOf[length]! + code] : undefined;
  }
}

/** The tables of a DHT segment. @throws FormatError */
export function readTables(body: Uint8Array, dc: Map<number, HuffmanTable>, ac: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= body.length; ) {
    const kind = body[at]!;
    const counts = body.subarray(at + 1, at + 17);
    const size = counts.reduce((n, count) => n + count, 0);
    if (at + 17 + size > body.length) damaged("a table of codes is too short");
    (kind >> 4 === 0 ? dc : ac).set(kind & 15, new HuffmanTable(counts, body.subarray(at + 17, at + 17 + size)));
    at += 17 + size;
  }
}

/** Reads coded data, and copies what is to stay. */
export class BitCopier {
  /** Whether what is read is copied. */
  copies = true;
  private readonly out: Uint8Array;
  private length = 0;
  private at = 0;
  private byte = 0;
  private left = 0;
  private kept = 0;
  private keptBits = 0;
  private restarts = 0;

  constructor(private readonly data: Uint8Array) {
    // Stuffed zeros may be needed where there were none: at most one for each byte.
    this.out = new Uint8Array(2 * data.length + 16);
  }

  private bit(): number {
    if (this.left === 0) {
      const byte = this.data[this.at];
      // A marker among the data: it ends before its time.
      if (byte === undefined || (byte === 0xff && this.data[this.at + 1] !== 0))
        return damaged("its coded data ends early");
      this.at += byte === 0xff ? 2 : 1;
      this.byte = byte;
      this.left = 8;
    }
    const bit = (this.byte >> --this.left) & 1;
    if (this.copies) this.put(bit);
    return bit;
  }

  private put(bit: number): void {
    this.kept = (this.kept << 1) | bit;
    if (++this.keptBits < 8) return;
    this.out[this.length++] = this.kept;
    if (this.kept === 0xff) this.out[this.length++] = 0;
    this.kept = this.keptBits = 0;
  }

  /** Copies `n` bits. */
  bits(n: number): void {
    for (let i = 0; i < n; i++) this.bit();
  }

  private symbol(table: HuffmanTable): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.bit();
      const symbol = table.symbol(code, length);
      if (symbol !== undefined) return symbol;
    }
    return damaged("a code is in no table");
  }

  /** The first coefficient of a block. */
  difference(table: HuffmanTable): void {
    this.bits(this.symbol(table) & 15);
  }

  /** The other 63. */
  coefficients(table: HuffmanTable): void {
    for (let k = 1; k < 64; k++) {
      const symbol = this.symbol(table);
      const size = symbol & 15;
      if (size === 0 && symbol !== 0xf0) return;
      k += symbol >> 4;
      this.bits(size);
    }
  }

  private pad(): void {
    while (this.keptBits > 0) this.put(1);
  }

  /** Passes a restart marker, which begins on a byte. */
  restart(): void {
    this.left = 0;
    this.pad();
    if (this.data[this.at] !== 0xff || (this.data[this.at + 1]! & 0xf8) !== 0xd0)
      damaged("a restart marker is missing");
    this.at += 2;
    this.out[this.length++] = 0xff;
    this.out[this.length++] = 0xd0 | (this.restarts++ & 7);
  }

  result(): Uint8Array {
    this.pad();
    return this.out.subarray(0, this.length);
  }
}
