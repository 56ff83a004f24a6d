/** The framing of TensorFlow's record files: length, masked checksum of it, data, masked checksum of that. */

/** Bytes of a frame beside its data. */
export const FRAME = 16;
/** Bytes before the data. */
export const HEAD = 12;

/** CRC-32C (Castagnoli) of each byte, the least significant bit first. */
const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** The checksum as records hold it: turned and moved, since a checksum of data that holds checksums would be weak. */
export function maskedCrc(bytes: Uint8Array): number {
  let c = -1;
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  c = ~c;
  return (((c >>> 15) | (c << 17)) + 0xa282ead8) >>> 0;
}

/** A record of `data`. */
export function frame(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + FRAME);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(out.subarray(0, 8)), true);
  out.set(data, HEAD);
  view.setUint32(HEAD + data.length, maskedCrc(data), true);
  return out;
}
