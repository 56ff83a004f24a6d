/** `shrinkGroup` on ranks that are worker threads: what it refuses, and what holds after it. */
import { expect, test } from "vitest";
import { errorsOf, valuesOf } from "./ranks";

const FILE = "shrinkScenarios.mjs";

test.for([
  [["0"], /ArgumentError: shrinkGroup: ranksToExclude must be an array of integers, got "0"/],
  [[[0.5]], /shrinkGroup: ranksToExclude\[0\] must be an integer/],
  [[[3]], /shrinkGroup: ranksToExclude\[0\] must be/],
  [[[1, 1]], /ValueError: shrinkGroup: ranksToExclude must not name a rank twice, got \[1, 1\]/],
  [[[0, 1, 2]], /ValueError: shrinkGroup: ranksToExclude must leave a rank of the group \[0, 1, 2\]/],
  [[[], { group: 1 }], /ArgumentError: shrinkGroup: group must be a ProcessGroup/],
  [[[], { ranks: [1] }], /ArgumentError: shrinkGroup: .*ranks/],
] as const)("says on every rank what is wrong: %o", async ([argument, message]) => {
  for (const error of await errorsOf(FILE, "errors", 3, argument)) expect(error).toMatch(message);
});

test("ranks are those of the group, and call it if they are in it", async () => {
  const [first, second, third] = await errorsOf(FILE, "errors", 3, [[2], "pair"]);
  for (const error of [first, second])
    expect(error).toMatch(/ValueError: shrinkGroup: ranksToExclude must be ranks of the group \[0, 1\], got \[2\]/);
  expect(third).toMatch(/ValueError: shrinkGroup: this process is not in the group \[0, 1\]/);
});

test("the default group is replaced, its ranks are counted anew, and groups of before are over", async () => {
  const ranks = await valuesOf(FILE, "world", 3);
  expect(ranks.map(({ rank, size, sum }) => [rank, size, sum])).toEqual([
    [-1, -1, null],
    [0, 2, 3],
    [1, 2, 3],
  ]);
  for (const [i, { ranks: all, more, old, work }] of ranks.entries()) {
    expect(all).toEqual([0, 1]);
    expect(more).toBe(i === 0 ? "ValueError: newGroup: this process was left out of the default group" : "");
    expect(old).toBe("ValueError: barrier: the group was destroyed, or shrinkGroup() has made another of it");
    expect(work).toMatch(
      /^DistBackendError: barrier\(\): shrinkGroup\(\) has made another group of the group \[0, 2\]/,
    );
  }
});

test("another group keeps the ranks of the world, and without arguments all stay", async () => {
  expect(await valuesOf(FILE, "part", 3)).toEqual(
    [0, 1, 2].map((rank) => ({ ranks: 3, rank, sum: rank === 1 ? null : 2, group: [0, 2] })),
  );
});

test.for([
  ["in its backward, with one bucket", { bucketCapMb: 25 }],
  ["in its backward, with several", { bucketCapMb: 0.001 }],
  ["between forward and backward", { bucketCapMb: 25, before: true }],
] as const)("a module is wrapped anew after a rank is lost %s", async ([, argument]) => {
  const [zero, gone, two] = await valuesOf(FILE, "training", 3, argument);
  expect(gone).toBe(null);
  for (const [i, { caught, said, rank, weights }] of [zero, two].entries()) {
    expect([rank, caught]).toEqual([i, [[1], true]]);
    expect(said).toMatch(/^DistBackendError: DistributedDataParallel: shrinkGroup\(\) has made another group/);
    expect(weights).toEqual(zero.weights);
  }
});
