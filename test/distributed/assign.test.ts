/** How gradients are dealt out to buckets. */
import { expect, test } from "vitest";
import { assignBuckets, splitLast } from "../../src/distributed/parallel/assign";

const pieces = (sizes: readonly number[]) => sizes.map((bytes) => ({ dtype: "float32" as const, bytes }));

test("a bucket is closed when it reaches its limit, each dtype for itself", () => {
  const sizes = [...pieces([4, 8, 40, 80, 12]), { dtype: "float16" as const, bytes: 10 }];
  expect(assignBuckets(sizes, [0, 5, 1, 2, 3, 4], [10, 100])).toEqual([[5], [0, 1], [2, 3], [4]]);
});

test.each([
  ["small pieces at the end get a bucket of their own", [10, 50, 30, 6, 4], [[0], [1, 2, 3, 4]], [[0], [1, 2], [3, 4]]],
  ["what is small stays one bucket", [10, 6, 4], [[0], [1, 2]], [[0], [1, 2]]],
  ["a piece that is large is not separated", [10, 4, 60], [[0], [1, 2]], [[0], [1, 2]]],
  ["a single bucket stays one", [50, 4], [[0, 1]], [[0, 1]]],
  ["there may be none", [], [], []],
])("of the last bucket, %s", (_, sizes, buckets, expected) => {
  expect(splitLast(pieces(sizes), buckets, 10)).toEqual(expected);
});
