/** DistributedDataParallel on ranks that are worker threads. */
import { expect, test } from "vitest";
import { valuesOf } from "./ranks";

const FILE = "ddpScenarios.mjs";

interface Trained {
  losses: number[];
  weights: unknown;
  buckets: number;
}

const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

test("2 and 4 ranks train as one process with the whole batch, with the same bits on all", async () => {
  const [[one], two, four] = await Promise.all([1, 2, 4].map((size) => valuesOf<Trained>(FILE, "leNet", size)));
  for (const ranks of [two!, four!]) {
    for (const { losses, weights } of ranks) {
      expect(largest(losses, one!.losses)).toBeLessThan(1e-5);
      expect(weights).toEqual(ranks[0]!.weights);
    }
  }
  expect(one!.losses.at(-1)).toBeLessThan(one!.losses[0]! * 0.9);
});

test.for([
  [{ gradientAsBucketView: true }],
  [{ findUnusedParameters: true }],
  [{ staticGraph: true }],
  [{ gradientAsBucketView: true, staticGraph: true, bucketCapMb: 100 }],
])("the same with %o", async ([options]) => {
  const [plain, other] = await Promise.all(
    [{}, options].map((options) => valuesOf<Trained>(FILE, "leNet", 2, { steps: 12, options })),
  );
  expect(other!.map(({ losses, weights }) => ({ losses, weights }))).toEqual(
    plain!.map(({ losses, weights }) => ({ losses, weights })),
  );
});
