/** ZeroRedundancyOptimizer, SyncBatchNorm and samplers on ranks that are worker threads. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorsOf, valuesOf } from "./ranks";

const FILE = "otherScenarios.mjs";

const close = (a: readonly number[], b: readonly number[], tolerance: number) => {
  expect(a.length).toBe(b.length);
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(tolerance * (1 + Math.abs(b[i]!)));
};

test.for([
  ["Adam", undefined, false],
  ["Adam", undefined, true],
  ["SGD", { lr: 0.1, momentum: 0.9 }, false],
] as const)(
  "%s with state divided among the ranks makes the same steps, bit by bit",
  async ([name, options, isView]) => {
    const ranks = await valuesOf(FILE, "zero", 2, { name, options, isView });
    for (const { weights, isInstance, text } of ranks) {
      expect(weights[1]).toEqual(weights[0]);
      expect([isInstance, text]).toEqual([true, "ZeroRedundancyOptimizer ("]);
    }
    expect(ranks[0].own + ranks[1].own).toBe(4);
    expect(Math.min(ranks[0].own, ranks[1].own)).toBeGreaterThan(0);
    expect(ranks[1].state).toEqual(ranks[1].whole);
    for (const [rank, { message }] of ranks.entries())
      expect(message).toMatch(new RegExp(`has not been consolidated on this rank.*consolidateStateDict\\(${rank}\\)`));
  },
);

test("state that one number of ranks saved is that of another", async () => {
  const [[one], two, four] = [
    await valuesOf(FILE, "zeroResumed", 1),
    await valuesOf(FILE, "zeroResumed", 2),
    await valuesOf(FILE, "zeroResumed", 4),
  ];
  expect(one!.own).toBe(4);
  for (const ranks of [two, four]) {
    expect(ranks.reduce((sum, { own }) => sum + own, 0)).toBe(4);
    expect(ranks[0]!.weights).toEqual(one!.weights);
  }
});

test("a checkpoint of 2 ranks is gone on from by 4, and by one, as if nothing had happened", async () => {
  const base = mkdtempSync(join(tmpdir(), "kindling-ranks-"));
  const train = (size: number, run: string, until: number) =>
    valuesOf<{ first: number; weights: number[] }>(FILE, "resumedRun", size, { folder: join(base, run), until });
  try {
    await train(2, "whole", 2);
    const [whole] = await train(2, "whole", 6);
    await train(2, "parts", 2);
    for (const [size, from, until] of [
      [4, 2, 4],
      [1, 4, 6],
    ] as const) {
      const ranks = await train(size, "parts", until);
      for (const { first, weights } of ranks) expect([first, weights]).toEqual([from, ranks[0]!.weights]);
      if (until === 6) close(ranks[0]!.weights, whole!.weights, 1e-4);
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});

test("groups may be added, steps take closures, and arguments stand by name", async () => {
  for (const { losses, weights } of await valuesOf(FILE, "zeroGroups", 2)) {
    expect(losses[1]).toEqual(losses[0]);
    expect(weights[1]).toEqual(weights[0]);
  }
});

test.for([
  ["class", /ArgumentError: .*optimizerClass must be the class of an optimizer/],
  ["option", /ArgumentError: .*beta/],
  ["overlap", /ValueError: .*overlapWithDdp is not available/],
  ["empty", /ValueError: .*empty parameter list/],
  ["differing", /ValueError: .*Rank 0 has 4 params, while Rank 1 has inconsistent 3 params/],
  ["rank", /consolidateStateDict: to/],
] as const)("ZeroRedundancyOptimizer says on every rank what is wrong: %s", async ([kind, message]) => {
  for (const error of await errorsOf(FILE, "zeroErrors", 2, kind)) expect(error).toMatch(message);
});

test.for([
  [{}, 2e-5],
  [{ dtype: "float64" }, 1e-11],
  [{ dtype: "float64", shape: [8, 3, 2, 2] }, 1e-11],
  [{ dtype: "float64", shape: [8, 3] }, 1e-11],
  [{ options: { affine: false }, dtype: "float64" }, 1e-11],
  [{ options: { trackRunningStats: false }, dtype: "float64" }, 1e-11],
  [{ momentum: null, dtype: "float64" }, 1e-11],
  [{ dtype: "float16" }, 0.1],
] as const)("SyncBatchNorm on 2 ranks is batch normalization of the whole batch: %o", async ([argument, tolerance]) => {
  const [whole] = await valuesOf(FILE, "syncedNorm", 1, argument);
  const parts = await valuesOf(FILE, "syncedNorm", 2, argument);
  // The last is that of evaluation, which without running statistics has those of each rank's own batch.
  const compared = "options" in argument && "trackRunningStats" in argument.options ? 4 : 5;
  for (const [i, result] of whole.results.slice(0, compared).entries())
    close(
      parts.flatMap((part) => part.results[i]),
      result,
      tolerance,
    );
  for (const part of parts) {
    expect(part.name).toBe(whole.name);
    for (const [i, running] of whole.running.entries()) close([part.running[i]].flat(), [running].flat(), tolerance);
  }
  // Each rank has the gradients of its own part.
  for (const [i, grad] of whole.parameters.entries())
    close(
      grad.map((_: number, k: number) => parts[0].parameters[i][k] + parts[1].parameters[i][k]),
      grad,
      tolerance,
    );
});

test("batches of SyncBatchNorm may differ in size", async () => {
  const [whole] = await valuesOf<number[]>(FILE, "unevenNorm", 1);
  for (const counts of [
    [4, 2],
    [5, 1],
    [6, 0],
  ])
    close((await valuesOf<number[]>(FILE, "unevenNorm", 2, counts)).flat(), whole!, 1e-5);
});

test.for([
  ["axes", /ShapeError: .*expected at least 2D input \(got 1D input\)/],
  ["channels", /ValueError: .*number of input channels should be non-zero/],
  ["group", /ArgumentError: .*processGroup must be a torch\.distributed\.ProcessGroup, got 5/],
  ["convert", /ArgumentError: .*takes an nn\.Module, got 5/],
  ["unknown", /ArgumentError: .*unknown argument "group"/],
] as const)("SyncBatchNorm says on every rank what is wrong: %s", async ([kind, message]) => {
  for (const error of await errorsOf(FILE, "normErrors", 2, kind)) expect(error).toMatch(message);
});

test("convertSyncBatchnorm puts SyncBatchNorm in the place of all others, and keeps what they have", async () => {
  const [{ text, same, training, keys }] = await valuesOf(FILE, "converted", 1);
  expect(text).toContain("SyncBatchNorm(2, eps=0.1, momentum=None, affine=True, track_running_stats=True)");
  expect(text).toContain("(a): SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=False");
  expect([same, training]).toEqual([true, false]);
  expect(keys.slice(2)).toEqual(
    ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
      .map((key) => `1.${key}`)
      .concat(["running_mean", "running_var", "num_batches_tracked"].map((key) => `2.a.${key}`)),
  );
});

test("samplers know the ranks of the process group", async () => {
  const [zero, one] = await valuesOf(FILE, "sampler", 2);
  expect([zero.rank, zero.size, one.rank, one.size]).toEqual([true, true, true, true]);
  expect([...zero.indices, ...one.indices].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
