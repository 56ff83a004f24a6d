/** DistributedDataParallel on ranks that are worker threads. Values of sums, of PowerSGD and of `join` are recorded from PyTorch 1.13 with gloo. */
import { expect, test } from "vitest";
import { errorsOf, valuesOf } from "./ranks";

const FILE = "ddpScenarios.mjs";

interface Trained {
  losses: number[];
  weights: unknown;
}

const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

// 4 of them are tested as processes.
test("2 ranks train as one process with the whole batch, with the same bits on both", async () => {
  const [one] = await valuesOf<Trained>(FILE, "leNet", 1);
  const ranks = await valuesOf<Trained>(FILE, "leNet", 2);
  for (const { losses, weights } of ranks) {
    expect(largest(losses, one!.losses)).toBeLessThan(1e-5);
    expect(weights).toEqual(ranks[0]!.weights);
  }
  expect(one!.losses.at(-1)).toBeLessThan(one!.losses[0]! * 0.9);
});

test("options change how gradients travel, not what they are", async () => {
  const plain = await valuesOf<Trained>(FILE, "leNet", 2, { steps: 8 });
  const all = [
    { gradientAsBucketView: true },
    { findUnusedParameters: true },
    { staticGraph: true },
    { gradientAsBucketView: true, staticGraph: true, findUnusedParameters: true, bucketCapMb: 100 },
  ];
  for (const options of all) expect(await valuesOf(FILE, "leNet", 2, { steps: 8, options })).toEqual(plain);
});

test("buckets are reduced while backward still runs, and from the second step on in the order in which gradients come", async () => {
  const [{ logs }, other] = await valuesOf(FILE, "overlap", 2);
  expect(other.logs).toEqual(logs);
  const [first, second, third] = logs as string[][];
  const order = ["weight 3", "bucket 0", "weight 2", "bucket 1", "weight 1", "bucket 2", "weight 0", "bucket 3"];
  const steps = (log: string[]): string[] => log.filter((line) => /weight|bucket/.test(line));
  expect(steps(first!)).toEqual(order);
  expect(second!.filter((line) => line === "DistributedDataParallel")).toHaveLength(1);
  expect(steps(second!)).toEqual(order);
  expect(third).toEqual(order);
});

test.for([[{}], [{ gradientAsBucketView: true }], [{ staticGraph: true }]])(
  "gradients add up, are clipped and forgotten as in PyTorch, with %o",
  async ([options]) => {
    const clipped = Math.fround(1 / Math.sqrt(3));
    const near = (grads: number[]) => grads.map((value) => Math.round(value * 1e5) / 1e5);
    const [zero, one] = (await valuesOf(FILE, "accumulation", 2, options)) as number[][];
    expect(near(zero!)).toEqual(near([1.5, 12, 1, 3, 7.5, 5.5, clipped]));
    expect(near(one!)).toEqual(near([1.5, 12, 2, 5, 7.5, 5.5, clipped]));
  },
);

test("noSync holds for an async body, and no longer than a body that fails", async () => {
  expect(await valuesOf(FILE, "noSyncAsync", 2)).toEqual([
    [1, true, 3],
    [2, true, 3],
  ]);
});

test("with findUnusedParameters, what any rank uses has a gradient on all, and what none uses has none", async () => {
  for (const options of [{}, { gradientAsBucketView: true }]) {
    const [zero, one] = await valuesOf(FILE, "unusedParameters", 2, options);
    const all = [
      [true, true, false],
      [true, true, false],
      [true, false, false],
    ];
    expect(zero).toEqual({ grads: all, same: one.same });
    expect(one.grads).toEqual(all);
  }
});

test("without it, the next step names the parameters that got none, on every rank", async () => {
  for (const [rank, error] of (await errorsOf(FILE, "unusedError", 2)).entries()) {
    expect(error).toMatch(/^StateError: .*Expected to have finished reduction in the prior iteration/);
    expect(error).toContain("findUnusedParameters: true");
    expect(error).toContain(`Parameters which did not receive grad for rank ${rank}: b.weight, b.bias`);
    expect(error).toContain(`Parameter indices which did not receive grad for rank ${rank}: 2 3`);
  }
});

test("a parameter whose gradient comes twice is an error", async () => {
  for (const error of await errorsOf(FILE, "twice", 2))
    expect(error).toMatch(
      /Expected to mark a variable ready only once.*with name 0\.1\.\w+ has been marked as ready twice/,
    );
});

test.for([
  [
    "count",
    /ValueError: .*DDP expects same model across all ranks, but Rank 0 has 2 params, while Rank 1 has inconsistent 1 params/,
  ],
  [
    "shape",
    /ShapeError: .*param weight on Rank 1 with sizes \[3, 2\] appears not to match sizes \[2, 2\] .* on Rank 0/,
  ],
  ["dtype", /DTypeError: .*param weight on Rank 1 with dtype float64/],
  ["name", /ValueError: .*param 0 is a\.weight on Rank 0 and b\.weight on Rank 1/],
  ["buffer", /ValueError: .*Rank 0 has 5 tensors, while Rank 1 has inconsistent 2 tensors/],
  ["frozen", /ValueError: .*is not needed when a module doesn't have any parameters that require a gradient/],
  ["lazy", /StateError: .*uninitialized parameters/],
] as const)("models that differ in %s are an error on every rank", async ([kind, message]) => {
  for (const error of await errorsOf(FILE, "mismatch", 2, kind)) expect(error).toMatch(message);
});

test.for([
  [{ deviceIds: [0] }, /ValueError: .*deviceIds/],
  [{ outputDevice: 0 }, /ValueError: .*outputDevice/],
  [{ bucketCapMb: 0 }, /ValueError: .*bucketCapMb must be above 0/],
  [{ staticGraph: 1 }, /ArgumentError: .*staticGraph/],
  [{ processGroup: 3 }, /ArgumentError: .*ProcessGroup, got 3/],
  [{ buckets: 3 }, /ArgumentError: .*unknown argument "buckets"/],
] as const)("the options %o are an error", async ([options, message]) => {
  for (const error of await errorsOf(FILE, "badArguments", 1, options)) expect(error).toMatch(message);
});

test("ranks begin with the state of rank 0; buffers are its own before each forward, also in evaluation", async () => {
  const [zero, one] = await valuesOf(FILE, "state", 2);
  expect(one).toEqual({ ...zero, afterStep: one.afterStep });
  expect(zero).toMatchObject({ count: 4, isModule: true, atStart: [1, 1], text: "DistributedDataParallel(" });
  expect(zero.keys.slice(0, 3)).toEqual(["module.0.weight", "module.0.bias", "module.1.weight"]);
  expect(zero.keys).toContain("module.2.weight");
  expect(one.afterStep).not.toEqual(zero.afterStep);
  const [, own] = await valuesOf(FILE, "state", 2, { broadcastBuffers: false });
  expect(own).toMatchObject({ atStart: [1, 1], afterEval: own.afterStep });
});

test("gradients that are views share the memory of their bucket, in every step", async () => {
  const [zero, one] = await valuesOf(FILE, "views", 2);
  expect(zero).toEqual(one);
  expect([zero.first, zero.second, zero.last]).toEqual([1, 1, zero.grads[1].map((value: number) => value / 2)]);
});

test("communication hooks take the place of the reduction", async () => {
  for (const isView of [false, true]) {
    const run = (name: string, wrapper?: string) => valuesOf(FILE, "commHooks", 2, { name, wrapper, isView });
    for (const { grad } of await run("allreduceHook")) expect(grad).toEqual([[1.5, Math.fround(0.1)]]);
    for (const name of ["fp16CompressHook", "bf16CompressHook"])
      for (const { grad, dtype } of await run(name)) {
        expect([grad[0][0], dtype]).toEqual([1.5, "float32"]);
        expect(grad[0][1]).toBeCloseTo(0.1, name.startsWith("fp16") ? 4 : 2);
        expect(grad[0][1]).not.toBe(Math.fround(0.1));
      }
    for (const wrapper of ["fp16CompressWrapper", "bf16CompressWrapper"])
      for (const { grad, dtype } of await run("allreduceHook", wrapper)) {
        expect([grad[0][0], dtype]).toEqual([1.5, "float32"]);
        expect(grad[0][1]).not.toBe(Math.fround(0.1));
      }
    for (const [rank, { grad, seen, second }] of (await run("own")).entries()) {
      expect(grad).toEqual([[2, Math.fround(0.1)]]);
      expect(seen).toEqual([["state", 0, true, true, [[1 + rank, Math.fround(0.1)]]]]);
      expect(second).toMatch(/can only be called once/);
    }
  }
});

test.for([
  ["powerSGDHook", { startPowerSGDIter: 2 }, 0.4456670866565321, 1.186464299809212, 0.36321293113563924, 5980, 1030],
  [
    "powerSGDHook",
    { startPowerSGDIter: 2, matrixApproximationRank: 2, minCompressionRate: 1.1 },
    0.4433329299400097,
    1.130114135239329,
    0.3631260136590298,
    5980,
    1760,
  ],
  [
    "powerSGDHook",
    { startPowerSGDIter: 2, matrixApproximationRank: 3, minCompressionRate: 1, batchTensorsWithSameShape: true },
    0.4432908620860276,
    1.1286259292136125,
    0.3631296054703866,
    5980,
    2490,
  ],
  [
    "powerSGDHook",
    { startPowerSGDIter: 3, warmStart: false, randomSeed: 7 },
    0.45912760687722354,
    1.931353107385866,
    0.36318273805268964,
    4784,
    824,
  ],
  [
    "powerSGDHook",
    { startPowerSGDIter: 2, useErrorFeedback: false, orthogonalizationEpsilon: 0.001 },
    0.4545308937237973,
    1.1386717826259989,
    0.363191743313582,
    5980,
    1030,
  ],
  [
    "batchedPowerSGDHook",
    { startPowerSGDIter: 2, matrixApproximationRank: 2 },
    0.011262722030759018,
    0.07167212791953198,
    0.33666290992148634,
    5680,
    680,
  ],
  [
    "batchedPowerSGDHook",
    { startPowerSGDIter: 2, warmStart: false, matrixApproximationRank: 3 },
    0.011088963881110435,
    0.2125929390483841,
    0.33618248936950523,
    5680,
    1020,
  ],
] as const)("%s gives what PyTorch's does, with %o", async ([hook, options, loss, norm, weight, before, after]) => {
  const ranks = await valuesOf(FILE, "powerSgd", 2, { hook, options });
  // Losses are those of each rank's own part.
  expect(Math.abs(ranks[0].losses.at(-1) / loss - 1)).toBeLessThan(1e-11);
  for (const { norms, weights, stats, iter } of ranks) {
    const got = [norms[0] / norm, weights[0] / weight];
    for (const ratio of got) expect(Math.abs(ratio - 1)).toBeLessThan(1e-11);
    expect([stats, iter]).toEqual([[before / after, before, after], 7]);
  }
});

test.for([
  [
    { hook: "powerSGDHook", options: { startPowerSGDIter: 1 } },
    /ValueError: PowerSGDState: Expect `startPowerSGDIter` > 1 if/,
  ],
  [{ hook: "powerSGDHook", options: { rank: 2 } }, /ArgumentError: PowerSGDState: .*unknown argument "rank"/],
  [{ hook: "powerSGDHook", options: { matrixApproximationRank: 0 } }, /PowerSGDState: matrixApproximationRank must be/],
] as const)("PowerSGD says what is wrong: %o", async ([argument, message]) => {
  for (const error of await errorsOf(FILE, "powerSgd", 1, argument)) expect(error).toMatch(message);
});

test.for([[true], [false]])(
  "join lets ranks have different numbers of inputs (divided by all ranks: %s)",
  async ([all]) => {
    const [bias, later] = all ? [0.48000258, 0.28800213] : [0.3600023, 0.21600182];
    for (const broadcastBuffers of [true, false])
      for (const isAsync of [false, true]) {
        const argument = { options: { broadcastBuffers }, join: { divideByInitialWorldSize: all }, isAsync };
        for (const [rank, got] of (await valuesOf(FILE, "joined", 2, argument)).entries()) {
          expect(got.steps).toBe(rank + 2);
          expect([got.after[1][0], got.later[1][0], got.mean[0]].map((x) => Math.round(x * 1e5) / 1e5)).toEqual(
            [bias, later, rank === 0 ? 0.7224984 : 0.8224981].map((x) => Math.round(x * 1e5) / 1e5),
          );
        }
      }
  },
);

test("join can be an error on all ranks as soon as one has no inputs left", async () => {
  for (const error of await errorsOf(FILE, "joined", 2, { join: { throwOnEarlyTermination: true } }))
    expect(error).toMatch(/at least one rank that exhausted inputs/);
});
