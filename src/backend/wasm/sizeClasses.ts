/** Sizes of small blocks: four classes per doubling, from 64 bytes to 1 MiB. */

/** Blocks begin at multiples of this. */
export const ALIGNMENT = 64;
/** The largest size that has a class. */
export const SMALL_LIMIT = 1 << 20;

/** The class of the smallest blocks that hold `bytes`, from 0 to {@link SMALL_LIMIT}. */
export function classOf(bytes: number): number {
  if (bytes <= 4 * ALIGNMENT) return Math.max(0, ((bytes + ALIGNMENT - 1) >> 6) - 1);
  const log = 31 - Math.clz32(bytes - 1);
  return 4 + (log - 8) * 4 + ((bytes - 1 - (1 << log)) >> (log - 2));
}

/** The size of the blocks of a class. */
export function classBytes(index: number): number {
  if (index < 4) return (index + 1) * ALIGNMENT;
  const log = 8 + ((index - 4) >> 2);
  return (1 << log) + (((index - 4) & 3) + 1) * (1 << (log - 2));
}

/** Fewer than {@link ALIGNMENT}, so that an address and a class fit one integer of 32 bits. */
export const CLASSES = classOf(SMALL_LIMIT) + 1;

/** The class of the largest blocks that fit into `bytes`, from {@link ALIGNMENT} on. */
export function classWithin(bytes: number): number {
  if (bytes >= SMALL_LIMIT) return CLASSES - 1;
  const index = classOf(bytes);
  return classBytes(index) > bytes ? index - 1 : index;
}
