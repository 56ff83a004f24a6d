/** Orders of indices take what users have: arrays, typed arrays, tensors; and refuse the rest at once. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const {
  BatchSampler,
  ChainDataset,
  ConcatDataset,
  DataLoader,
  RandomSampler,
  randomSplit,
  SequentialSampler,
  StackDataset,
  Subset,
  SubsetRandomSampler,
  TensorDataset,
  WeightedRandomSampler,
} = torch.utils.data;

const seeded = <T>(make: () => Iterable<T>): T[] => {
  torch.manualSeed(7);
  return [...make()];
};

describe("tensors serve as lists", () => {
  test("weights", () => {
    const weights = [0.25, 1, 3, 0, 2];
    const want = seeded(() => new WeightedRandomSampler(weights, 50));
    for (const given of [
      torch.tensor(weights),
      torch.tensor(weights, { dtype: "float64" }),
      Float64Array.from(weights),
    ])
      expect(seeded(() => new WeightedRandomSampler(given, 50))).toEqual(want);
    expect(seeded(() => new WeightedRandomSampler([...torch.tensor(weights)] as never, 50))).toEqual(want);
    const counts = torch.tensor([1, 2, 3], { dtype: "int64" });
    expect(seeded(() => new WeightedRandomSampler(counts, 9))).toEqual(
      seeded(() => new WeightedRandomSampler([1, 2, 3], 9)),
    );
  });

  test("indices", async () => {
    const indices = [4, 2, 7, 0];
    const want = seeded(() => new SubsetRandomSampler(indices));
    for (const given of [
      torch.tensor(indices, { dtype: "int64" }),
      Int32Array.from(indices),
      BigInt64Array.from([4n, 2n, 7n, 0n]),
    ])
      expect(seeded(() => new SubsetRandomSampler(given as never))).toEqual(want);
    const data = Array.from({ length: 8 }, (_, i) => 10 * i);
    const order = torch.tensor(indices, { dtype: "int64" });
    expect([...new BatchSampler(order, 3, false)]).toEqual([[4, 2, 7], [0]]);
    expect(Array.from({ length: 4 }, (_, i) => new Subset(data, order).at(i))).toEqual([40, 20, 70, 0]);
    const values = async (loader: InstanceType<typeof DataLoader>) => {
      const all: number[] = [];
      for await (const x of loader) all.push(...((x as torch.Tensor).tolist() as number[]));
      return all;
    };
    const wanted = [40, 20, 70, 0];
    expect(await values(new DataLoader(data, { sampler: order, batchSize: 2 }))).toEqual(wanted);
    expect(await values(new DataLoader(data, { sampler: order, batchSize: 2, numWorkers: 1 }))).toEqual(wanted);
    expect(
      await values(
        new DataLoader(data, {
          sampler: {
            *[Symbol.iterator]() {
              yield* order;
            },
          },
        }),
      ),
    ).toEqual(wanted);
    expect(await values(new DataLoader(data, { batchSampler: order.view(2, 2) as never }))).toEqual(wanted);
    expect(await values(new DataLoader(data, { batchSampler: order.view(4, 1) as never }))).toEqual(wanted);
  });
});

describe("what is no list, no count and no length is refused", () => {
  const data = [1, 2, 3];
  const x = torch.zeros(2, 2);
  const scalar = torch.tensor(1);
  const nested = { at: () => 0 };
  test.each<[what: string, make: () => unknown]>([
    ["2-d weights", () => new WeightedRandomSampler(x, 2)],
    ["0-d weights", () => new WeightedRandomSampler(scalar, 2)],
    ["weights that are no numbers", () => new WeightedRandomSampler(["a"] as never, 2)],
    ["no weights", () => new WeightedRandomSampler(3 as never, 2)],
    ["a text as weights", () => new WeightedRandomSampler("123" as never, 2)],
    ["negative weights", () => [...new WeightedRandomSampler([1, -1], 2)]],
    ["weights NaN", () => [...new WeightedRandomSampler([1, Number.NaN], 2)]],
    ["too few weights", () => [...new WeightedRandomSampler([1], 2, { replacement: false })]],
    ["half a sample", () => new WeightedRandomSampler([1], 0.5)],
    ["10^12 samples", () => new WeightedRandomSampler([1], 1e12)],
    ["10^12 random samples", () => new RandomSampler(data, { numSamples: 1e12, replacement: true })],
    ["samples NaN", () => new RandomSampler(data, { numSamples: Number.NaN })],
    ["a length of 10^12", () => new RandomSampler({ length: 1e12 })],
    ["a length NaN", () => new SequentialSampler({ length: Number.NaN })],
    ["a fractional length", () => new SequentialSampler({ length: 1.5 })],
    ["no length", () => new SequentialSampler(nested as never)],
    ["no data set", () => new RandomSampler(undefined as never)],
    ["replacement 1", () => new RandomSampler(data, { replacement: 1 as never })],
    ["a generator function", () => new RandomSampler(data, { generator: Math.random as never })],
    ["a number of indices", () => new SubsetRandomSampler(5 as never)],
    ["2-d indices", () => new SubsetRandomSampler(x)],
    ["a batch size NaN", () => new BatchSampler(data, Number.NaN, false)],
    ["no order", () => new BatchSampler(3 as never, 2, false)],
    ["fractions in a subset", () => new Subset(data, [0, 0.5])],
    ["floats in a subset", () => new Subset(data, torch.tensor([0, 1]))],
    ["no indices", () => new Subset(data, undefined as never)],
    ["a subset of nothing", () => new Subset(undefined as never, [0])],
    ["a fraction of an index", () => new Subset(data, [0, 1]).at(0.5)],
    ["a fraction of a joined index", () => new ConcatDataset([data]).at(0.5)],
    ["data sets that are none", () => new ConcatDataset(3 as never)],
    ["a chain of numbers", () => new ChainDataset([3] as never)],
    ["a stack of numbers", () => new StackDataset(3 as never)],
    ["a stack of nothing", () => new StackDataset({ a: undefined } as never)],
    ["0-d tensors", () => new TensorDataset(scalar)],
    ["no tensors", () => new TensorDataset([1] as never)],
    ["lengths that are none", () => randomSplit(data, "ab" as never)],
    ["lengths NaN", () => randomSplit(data, [Number.NaN, 3])],
    ["129 workers", () => new DataLoader(data, { numWorkers: 129 })],
    ["10^9 workers", () => new DataLoader(data, { numWorkers: 1e9 })],
    ["a timeout that is a text", () => new DataLoader(data, { timeout: "5" as never })],
    ["a timeout NaN", () => new DataLoader(data, { timeout: Number.NaN })],
    ["shuffle 1", () => new DataLoader(data, { shuffle: 1 as never })],
    ["a collateFn that is none", () => new DataLoader(data, { collateFn: {} as never })],
    ["a sampler that is none", () => new DataLoader(data, { sampler: 3 as never })],
    ["a batchSampler that is none", () => new DataLoader(data, { batchSampler: 3 as never })],
    ["a batchSampler of numbers", () => [...new DataLoader(data, { batchSampler: [1] as never })]],
    ["an index beyond an array", () => [...new DataLoader(data, { sampler: [3] })]],
    ["a fraction as an index", () => [...new DataLoader(data, { sampler: [0.5] })]],
  ])("%s", (_, make) => {
    const before = performance.now();
    expect(make).toThrow(torch.KindlingError);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  test("a subclass with an `at` of its own is read by it", () => {
    class Doubled extends TensorDataset {
      override at(i: number) {
        return super.at(i).map((row) => row.mul(2)) as never;
      }
    }
    const doubled = new Doubled(torch.arange(3));
    const read = (set: InstanceType<typeof TensorDataset>) =>
      [...new DataLoader(set as never, { batchSize: 3 })].map(([y]: any) => y.tolist());
    expect(read(doubled)).toEqual([[0, 2, 4]]);
    expect(read(new Subset(doubled as never, [2, 1]) as never)).toEqual([[4, 2]]);
  });
});
