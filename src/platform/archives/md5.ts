/** MD5 (RFC 1321), the checksum that data sets are published with: that of the runtime where there is one, else this. Web Crypto has none. */
import { nodeModule } from "../platform";

/** A checksum that is fed piece by piece. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  /** In hexadecimal digits. No piece may follow. */
  digest(): string;
}

/** Bits by which each step turns its sum. */
const TURNS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

/** {@link Checksum} in the language itself. */
export class Md5 implements Checksum {
  private readonly state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  private readonly block = new Uint8Array(64);
  private readonly words = new Int32Array(16);
  private filled = 0;
  private length = 0;

  update(bytes: Uint8Array): void {
    this.length += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(64 - this.filled, bytes.length - at);
      this.block.set(bytes.subarray(at, at + count), this.filled);
      this.filled += count;
      at += count;
      if (this.filled === 64) this.turn();
    }
  }

  digest(): string {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setUint32(0, (this.length << 3) >>> 0, true);
    bits.setUint32(4, Math.floor(this.length / 2 ** 29), true);
    this.update(Uint8Array.of(0x80, ...new Uint8Array((119 - this.filled) % 64)));
    this.update(new Uint8Array(bits.buffer));
    const out = new DataView(new ArrayBuffer(16));
    this.state.forEach((word, i) => void out.setInt32(4 * i, word, true));
    return Array.from(new Uint8Array(out.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** Takes up a whole block. */
  private turn(): void {
    const { block, words, state } = this;
    for (let i = 0, k = 0; i < 16; i++, k += 4)
      words[i] = block[k]! | (block[k + 1]! << 8) | (block[k + 2]! << 16) | (block[k + 3]! << 24);
    let [a, b, c, d] = state as unknown as [number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const [mixed, word] =
        round === 0
          ? [(b & c) | (~b & d), i]
          : round === 1
            ? [(d & b) | (~d & c), 5 * i + 1]
            : round === 2
              ? [b ^ c ^ d, 3 * i + 5]
              : [c ^ (b | ~d), 7 * i];
      const sum = (a + mixed + SINES[i]! + words[word & 15]!) | 0;
      const turn = TURNS[4 * round + (i & 3)]!;
      [a, d, c, b] = [d, c, b, (b + ((sum << turn) | (sum >>> (32 - turn)))) | 0];
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    this.filled = 0;
  }
}

/** The fastest checksum that the runtime has. */
export function createMd5(): Checksum {
  const hash = nodeModule<typeof import("node:crypto")>("node:crypto")?.createHash("md5");
  if (hash === undefined) return new Md5();
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

/** The checksum of bytes. */
export function md5Of(bytes: Uint8Array): string {
  const checksum = createMd5();
  checksum.update(bytes);
  return checksum.digest();
}
