/** Writes pickles of protocol 2, which every Python that PyTorch knows reads. What is shared stays shared. */
import { isWellFormed } from "../json";

const FIRST_BYTES = 1 << 12;
/** Entries of a list or a dict that are handed over at once, as Python does. */
const BATCH = 1000;

/** The bytes of a pickle and its memory of what was written. */
export class PickleWriter {
  private bytes = new Uint8Array(FIRST_BYTES);
  private length = 0;
  /** Where values are kept, objects by identity and texts by value. */
  private readonly memo = new Map<unknown, number>();

  constructor() {
    this.code(0x80, 2);
  }

  /** The whole pickle. */
  finish(): Uint8Array {
    this.code(0x2e);
    return this.bytes.slice(0, this.length);
  }

  /** Instructions, or bytes of their arguments. */
  code(...codes: number[]): void {
    this.append(Uint8Array.from(codes));
  }

  private append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) {
      const larger = new Uint8Array(2 * (this.length + bytes.length));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  private number(code: number, count: 2 | 4, value: number): void {
    const bytes = new Uint8Array(1 + count);
    bytes[0] = code;
    for (let i = 0; i < count; i++) bytes[1 + i] = value >>> (8 * i);
    this.append(bytes);
  }

  /** Recalls what was written before. @returns Whether it was. */
  recall(value: unknown): boolean {
    const at = this.memo.get(value);
    if (at === undefined) return false;
    if (at < 256) this.code(0x68, at);
    else this.number(0x6a, 4, at);
    return true;
  }

  /** Keeps what was written last as `value`. */
  keep(value: unknown): void {
    const at = this.memo.size;
    this.memo.set(value, at);
    if (at < 256) this.code(0x71, at);
    else this.number(0x72, 4, at);
  }

  none(): void {
    this.code(0x4e);
  }

  boolean(value: boolean): void {
    this.code(value ? 0x88 : 0x89);
  }

  integer(value: number | bigint): void {
    if (value >= 0 && value < 256) this.code(0x4b, Number(value));
    else if (value >= 0 && value < 65536) this.number(0x4d, 2, Number(value));
    else if (value >= -(2 ** 31) && value < 2 ** 31) this.number(0x4a, 4, Number(value));
    else this.long(BigInt(value));
  }

  /** An integer of any size, in two's complement. */
  private long(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (;;) {
      bytes.push(Number(rest & 255n));
      rest >>= 8n;
      const isNegative = bytes.at(-1)! > 127;
      if (rest === (isNegative ? -1n : 0n)) break;
    }
    if (bytes.length < 256) this.code(0x8a, bytes.length);
    else this.number(0x8b, 4, bytes.length);
    this.append(Uint8Array.from(bytes));
  }

  float(value: number): void {
    const bytes = new Uint8Array(9);
    bytes[0] = 0x47;
    new DataView(bytes.buffer).setFloat64(1, value);
    this.append(bytes);
  }

  /** @returns Whether it is a text: half of a surrogate pair is none. */
  text(value: string): boolean {
    if (!isWellFormed(value)) return false;
    if (this.recall(value)) return true;
    const bytes = new TextEncoder().encode(value);
    this.number(0x58, 4, bytes.length);
    this.append(bytes);
    this.keep(value);
    return true;
  }

  /** A class or a function by its module and name. */
  global(module: string, name: string): void {
    const key = `\0${module}\0${name}`;
    if (this.recall(key)) return;
    this.append(new TextEncoder().encode(`c${module}\n${name}\n`));
    this.keep(key);
  }

  /** Calls a function with what `given` writes. */
  call(module: string, name: string, ...given: (() => void)[]): void {
    this.global(module, name);
    this.tuple(given);
    this.code(0x52);
  }

  tuple(items: readonly (() => void)[]): void {
    if (items.length > 3) this.code(0x28);
    for (const item of items) item();
    this.code(items.length === 0 ? 0x29 : items.length > 3 ? 0x74 : 0x84 + items.length);
  }

  /** Fills the list or the dict that was written last: `e` for lists, `u` for dicts. */
  private fill(items: readonly (() => void)[], code: number): void {
    for (let at = 0; at < items.length; at += BATCH) {
      this.code(0x28);
      for (const item of items.slice(at, at + BATCH)) item();
      this.code(code);
    }
  }

  /** @param object What the list is kept as: it may be among its own items. */
  list(object: unknown, items: readonly (() => void)[]): void {
    this.code(0x5d);
    this.keep(object);
    this.fill(items, 0x65);
  }

  /** @param items Each writes a key and its value. */
  dict(object: unknown, items: readonly (() => void)[]): void {
    this.code(0x7d);
    this.keep(object);
    this.fill(items, 0x75);
  }

  /** Bytes, which this protocol has as a text of latin1. */
  binary(bytes: Uint8Array): void {
    if (bytes.length === 0) {
      this.call("__builtin__", "bytes");
      return;
    }
    const parts: string[] = [];
    for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
    const text = new TextEncoder().encode(parts.join(""));
    this.call(
      "_codecs",
      "encode",
      () => {
        this.number(0x58, 4, text.length);
        this.append(text);
      },
      () => this.text("latin1"),
    );
  }
}
