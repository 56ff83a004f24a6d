import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { ChainDataset, ConcatDataset, DataLoader, randomSplit, StackDataset, Subset, TensorDataset } = torch.utils.data;

const images = () =>
  torch.tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
const labels = () => torch.tensor([7n, 8n, 9n]);

describe("TensorDataset", () => {
  test("gives slices, from the end as well", () => {
    const dataset = new TensorDataset(images(), labels());
    expect(dataset.length).toBe(3);
    const [x, y] = dataset.at(1);
    expect(x.tolist()).toEqual([3, 4]);
    expect(y.item()).toBe(8);
    expect(dataset.at(-1)[1].item()).toBe(9);
  });

  test("gathers many rows at once, whatever the layout", () => {
    for (const x of [images(), images().t().contiguous().t(), images().slice(0, 0, 3)]) {
      const [batch] = [...new DataLoader(new TensorDataset(x, labels()), { sampler: [2, -3], batchSize: 2 })];
      expect(batch![0].tolist()).toEqual([
        [5, 6],
        [1, 2],
      ]);
      expect(batch![1].tolist()).toEqual([9, 7]);
    }
  });

  test("lets gradients flow", () => {
    const x = images().requiresGrad_();
    for (const [batch] of new DataLoader(new TensorDataset(x), { sampler: [0, 2], batchSize: 2 }))
      batch!.sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [1, 1],
      [0, 0],
      [1, 1],
    ]);
  });

  test("wants one first size, and indices within it", () => {
    expect(() => new TensorDataset(images(), torch.zeros(2))).toThrow(/Size mismatch between tensors.*3, 2/);
    expect(() => [...new DataLoader(new TensorDataset(images()), { sampler: [3] })]).toThrow(torch.IndexError);
  });
});

test("a Subset reads some samples, and passes batches on", () => {
  const inner = new Subset(new TensorDataset(labels()), [2, 0]);
  const dataset = new Subset(inner, [1]);
  expect(dataset.at(0)![0]!.item()).toBe(7);
  expect([...new DataLoader(inner, { batchSize: 2 })][0]![0]!.tolist()).toEqual([9, 7]);
  expect(() => dataset.at(1)).toThrow(/index 1 is out of range for 1 samples/);
});

test("a ConcatDataset reads one after the other", () => {
  const dataset = new ConcatDataset([["a", "b"], [], ["c"]]);
  expect(dataset.length).toBe(3);
  expect([0, 1, 2, -1].map((i) => dataset.at(i))).toEqual(["a", "b", "c", "c"]);
  expect(() => dataset.at(3)).toThrow(torch.IndexError);
  expect(() => new ConcatDataset([])).toThrow(/should not be an empty iterable/);
});

test("a ChainDataset reads iterables one after the other", async () => {
  async function* late() {
    yield 3;
  }
  const seen: unknown[] = [];
  for await (const x of new DataLoader(new ChainDataset<number>([new Set([1, 2]), late()]), { batchSize: 2 }))
    seen.push(x.tolist());
  expect(seen).toEqual([[1, 2], [3]]);
});

test("a StackDataset joins samples by name or by place", () => {
  expect(new StackDataset({ image: ["x", "y"], label: [1, 2] }).at(1)).toEqual({ image: "y", label: 2 });
  expect(new StackDataset(["x", "y"], [1, 2]).at(0)).toEqual(["x", 1]);
  expect(() => new StackDataset(["x"], [1, 2])).toThrow(/Size mismatch between datasets.*1, 2/);
});

describe("randomSplit", () => {
  test("takes sizes or fractions, whose remainder goes round", () => {
    const data = Array.from({ length: 11 }, (_, i) => i);
    expect(randomSplit(data, [8, 3]).map((part) => part.length)).toEqual([8, 3]);
    const parts = randomSplit(data, [0.5, 0.3, 0.2]);
    expect(parts.map((part) => part.length)).toEqual([6, 3, 2]);
    expect(parts.flatMap((part) => part.indices).sort((a, b) => a - b)).toEqual(data);
  });

  test("refuses sizes that do not fit", () => {
    expect(() => randomSplit([1, 2, 3], [1, 1])).toThrow(/does not equal the length of the input dataset/);
    expect(() => randomSplit([1, 2, 3], [1.5, -0.5])).toThrow(/Fraction at index 0 is not between 0 and 1/);
    expect(() => randomSplit([1, 2, 3], [1, 2], { seed: 1 } as object)).toThrow(
      /unknown argument "seed"; the arguments are dataset, lengths, generator/,
    );
  });
});
