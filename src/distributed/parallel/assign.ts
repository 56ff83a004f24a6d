/** How gradients are dealt out to buckets. */
import type { DType } from "../../core/dtype";

/** What a bucket must know of a gradient. */
export interface Piece {
  readonly dtype: DType;
  readonly bytes: number;
}

/** The first bucket of a backward is small, so that communication begins early, and so is the last, for which a program waits when backward is over. */
export const SMALL_BUCKET_BYTES = 1 << 20;

/**
 * Deals pieces out in the given order, those of each dtype to buckets of their own. A bucket is closed when it has reached its limit; the first of each dtype
 * has the first limit, all others the last.
 * @param order Numbers of pieces.
 * @returns The numbers in each bucket, in the order in which buckets are closed.
 * @see c10d::compute_bucket_assignment_by_size
 */
export function assignBuckets(
  pieces: readonly Piece[],
  order: readonly number[],
  limits: readonly number[],
): number[][] {
  const closed: number[][] = [];
  const open = new Map<DType, { numbers: number[]; bytes: number; limit: number }>();
  for (const number of order) {
    const { dtype, bytes } = pieces[number]!;
    const bucket = open.get(dtype) ?? { numbers: [], bytes: 0, limit: 0 };
    open.set(dtype, bucket);
    bucket.numbers.push(number);
    bucket.bytes += bytes;
    if (bucket.bytes < limits[bucket.limit]!) continue;
    closed.push(bucket.numbers);
    open.set(dtype, { numbers: [], bytes: 0, limit: Math.min(bucket.limit + 1, limits.length - 1) });
  }
  for (const { numbers } of open.values()) if (numbers.length > 0) closed.push(numbers);
  return closed;
}

/**
 * Takes the end of the last of several buckets, at most `bytes` of it, to a bucket of its own.
 * @param buckets As {@link assignBuckets} gives them.
 */
export function splitLast(pieces: readonly Piece[], buckets: readonly number[][], bytes: number): number[][] {
  const last = buckets.at(-1) ?? [];
  let start = last.length;
  for (let left = bytes; start > 0; start--) {
    left -= pieces[last[start - 1]!]!.bytes;
    if (left < 0) break;
  }
  if (buckets.length === 1 || start === 0 || start === last.length) return [...buckets];
  return [...buckets.slice(0, -1), last.slice(0, start), last.slice(start)];
}
