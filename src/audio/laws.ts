/** The logarithmic encodings of telephony (ITU-T G.711): 8 bits for samples of 14 (µ-law) or 13 (A-law) bits, here of 16. */

const MU_BIAS = 0x84;
const MU_CLIP = 32635;

/** The segment that a magnitude lies in: the position of its highest bit from bit `first` up. */
const segmentOf = (magnitude: number, first: number): number => Math.max(0, 31 - Math.clz32(magnitude) - first);

function muDecode(code: number): number {
  const bits = ~code & 255;
  const magnitude = ((((bits & 15) << 3) + MU_BIAS) << ((bits & 0x70) >> 4)) - MU_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

function aDecode(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits & 0x70) >> 4;
  const step = (bits & 15) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

/** Samples of 16 bits by µ-law code. */
export const muTable: Int16Array = Int16Array.from({ length: 256 }, (_, code) => muDecode(code));
/** Samples of 16 bits by A-law code. */
export const aTable: Int16Array = Int16Array.from({ length: 256 }, (_, code) => aDecode(code));

/** The µ-law code of a sample of 16 bits; two bits are dropped, as the field's encoders do. */
export function muEncode(sample: number): number {
  const isNegative = sample < 0;
  const magnitude = Math.min(isNegative ? -(sample >> 2) * 4 : (sample >> 2) * 4, MU_CLIP) + MU_BIAS;
  const segment = segmentOf(magnitude, 7);
  const code = segment > 7 ? 0x7f : (segment << 4) | ((magnitude >> (segment + 3)) & 15);
  return (code ^ 0xff) & (isNegative ? 0x7f : 0xff);
}

/** The A-law code of a sample of 16 bits; three bits are dropped. */
export function aEncode(sample: number): number {
  const bits = sample >> 3;
  const [magnitude, mask] = bits >= 0 ? [bits, 0xd5] : [-bits - 1, 0x55];
  const segment = magnitude < 32 ? 0 : segmentOf(magnitude, 4);
  const mantissa = segment < 2 ? magnitude >> 1 : magnitude >> segment;
  return ((segment << 4) | (mantissa & 15)) ^ mask;
}
