/**
 * The order in which PyTorch 1.13 reads data after `manual_seed`, and the two uniform numbers that its generator gives next: samples of
 * conformance/rng/data_order.jsonl.
 */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { BatchSampler, DataLoader, RandomSampler, randomSplit, SubsetRandomSampler, WeightedRandomSampler } =
  torch.utils.data;

interface Case {
  readonly what: string;
  readonly seed: number;
  readonly generatorSeed?: number;
  readonly n?: number;
  readonly weights?: readonly number[];
  readonly indices?: readonly number[];
  readonly lengths?: readonly number[];
  readonly options?: Record<string, any>;
  readonly epochs: readonly unknown[];
  readonly next: readonly number[];
}

const cases: readonly Case[] = [
  {
    what: "DataLoader",
    seed: 0,
    n: 10,
    options: { batchSize: 3, shuffle: true },
    epochs: [
      [[6, 7, 1], [4, 2, 0], [9, 8, 3], [5]],
      [[2, 4, 7], [0, 8, 9], [5, 3, 6], [1]],
      [[7, 4, 5], [1, 9, 3], [8, 2, 0], [6]],
    ],
    next: [0.022325754165649414, 0.16885894536972046],
  },
  {
    what: "DataLoader",
    seed: 4294967297,
    n: 10,
    options: { batchSize: 3, shuffle: true, dropLast: true },
    epochs: [
      [
        [4, 2, 0],
        [6, 8, 7],
        [9, 1, 5],
      ],
      [
        [4, 8, 1],
        [5, 0, 2],
        [3, 6, 9],
      ],
      [
        [5, 8, 3],
        [7, 6, 9],
        [2, 1, 0],
      ],
    ],
    next: [0.6826140880584717, 0.30514949560165405],
  },
  {
    what: "DataLoader",
    seed: 5,
    n: 5,
    options: { batchSize: 1, shuffle: true },
    epochs: [
      [[3], [0], [1], [4], [2]],
      [[0], [4], [1], [3], [2]],
      [[1], [0], [2], [4], [3]],
    ],
    next: [0.07241219282150269, 0.6593389511108398],
  },
  {
    what: "DataLoader",
    seed: 11,
    generatorSeed: 42,
    n: 9,
    options: { batchSize: 4, shuffle: true },
    epochs: [
      [[7, 0, 6, 8], [4, 5, 1, 3], [2]],
      [[4, 5, 2, 8], [3, 6, 0, 1], [7]],
      [[1, 3, 2, 0], [6, 8, 4, 5], [7]],
    ],
    next: [0.14904171228408813, 0.4865531325340271],
  },
  {
    what: "DataLoader, randn(3), DataLoader",
    seed: 1234,
    n: 11,
    options: { batchSize: 4, shuffle: true },
    epochs: [
      [
        [8, 2, 5, 4],
        [10, 9, 6, 3],
        [7, 0, 1],
      ],
      [
        [4, 7, 8, 1],
        [10, 0, 9, 3],
        [5, 6, 2],
      ],
    ],
    next: [0.283674955368042, 0.6567304134368896],
  },
  {
    what: "DataLoader",
    seed: 2147483647,
    n: 6,
    options: { batchSize: 4, shuffle: false },
    epochs: [
      [
        [0, 1, 2, 3],
        [4, 5],
      ],
      [
        [0, 1, 2, 3],
        [4, 5],
      ],
    ],
    next: [0.09044414758682251, 0.08987283706665039],
  },
  {
    what: "RandomSampler",
    seed: 0,
    n: 8,
    options: {},
    epochs: [
      [2, 5, 4, 6, 1, 7, 0, 3],
      [2, 0, 5, 3, 1, 4, 7, 6],
    ],
    next: [0.30742281675338745, 0.6340786814689636],
  },
  {
    what: "RandomSampler",
    seed: 42,
    n: 8,
    options: { replacement: true, numSamples: 40 },
    epochs: [
      [
        0, 4, 6, 0, 0, 2, 2, 1, 7, 6, 0, 6, 5, 5, 5, 7, 7, 6, 0, 3, 1, 2, 7, 3, 1, 2, 4, 5, 6, 0, 7, 3, 2, 7, 5, 0, 1,
        1, 7, 6,
      ],
      [
        0, 5, 7, 7, 2, 4, 4, 1, 3, 7, 6, 7, 2, 5, 3, 3, 7, 1, 2, 2, 6, 4, 3, 0, 0, 0, 7, 1, 3, 4, 6, 3, 7, 6, 7, 7, 4,
        2, 6, 4,
      ],
    ],
    next: [0.3904482126235962, 0.600895345211029],
  },
  {
    what: "WeightedRandomSampler",
    seed: 1234,
    weights: [0.1, 0.9, 0.4, 0.7, 3.0, 0.6],
    options: { numSamples: 5, replacement: true },
    epochs: [
      [2, 1, 4, 4, 4],
      [3, 2, 2, 3, 5],
    ],
    next: [0.6012226343154907, 0.30432844161987305],
  },
  {
    what: "SubsetRandomSampler",
    seed: 4294967297,
    indices: [3, 9, 4, 11, 7],
    epochs: [
      [3, 7, 4, 11, 9],
      [11, 4, 7, 9, 3],
    ],
    next: [0.5695084929466248, 0.4387779235839844],
  },
  {
    what: "random_split",
    seed: 7,
    n: 11,
    lengths: [0.5, 0.3, 0.2],
    epochs: [
      [3, 0, 9, 2, 5, 8],
      [4, 10, 1],
      [7, 6],
    ],
    next: [0.8549431562423706, 0.5509352087974548],
  },
  {
    what: "BatchSampler(RandomSampler)",
    seed: 5,
    n: 9,
    options: { batchSize: 4, dropLast: false },
    epochs: [
      [[7, 5, 8, 0], [1, 3, 4, 6], [2]],
      [[5, 3, 2, 8], [6, 4, 1, 7], [0]],
    ],
    next: [0.9201034307479858, 0.1166452169418335],
  },
  {
    what: "RandomSampler",
    seed: 1234,
    n: 8,
    options: { numSamples: 4 },
    epochs: [
      [1, 0, 6, 3],
      [0, 2, 5, 1],
    ],
    next: [0.05830073356628418, 0.7006447315216064],
  },
  {
    what: "WeightedRandomSampler",
    seed: 4294967297,
    weights: [0.1, 0.9, 0.4, 0.7, 3.0, 0.6],
    options: { numSamples: 5, replacement: false },
    epochs: [
      [5, 4, 3, 1, 0],
      [4, 5, 3, 1, 2],
    ],
    next: [0.3397757411003113, 0.5239408016204834],
  },
  {
    what: "random_split",
    seed: 7,
    n: 10,
    lengths: [7, 3],
    epochs: [
      [5, 0, 3, 4, 1, 7, 9],
      [6, 8, 2],
    ],
    next: [0.8512683510780334, 0.8549431562423706],
  },
  {
    what: "random_split",
    seed: 3,
    generatorSeed: 5,
    n: 12,
    lengths: [8, 4],
    epochs: [
      [11, 0, 9, 6, 10, 3, 4, 5],
      [8, 7, 1, 2],
    ],
    next: [0.004263520240783691, 0.10556936264038086],
  },
];

const items = (n = 0) => Array.from({ length: n }, (_, i) => i);

/** What can be read several times, by its name in the samples. */
const orders: Record<string, (c: Case) => Iterable<any>> = {
  DataLoader: ({ n, options, generatorSeed }) =>
    new DataLoader(items(n), { ...options, ...generatorOf(generatorSeed) }),
  RandomSampler: ({ n, options }) => new RandomSampler(items(n), options),
  WeightedRandomSampler: ({ weights, options }) =>
    new WeightedRandomSampler(weights!, options!.numSamples, { replacement: options!.replacement }),
  SubsetRandomSampler: ({ indices }) => new SubsetRandomSampler(indices!),
  "BatchSampler(RandomSampler)": ({ n, options }) =>
    new BatchSampler(new RandomSampler(items(n)), options!.batchSize, options!.dropLast),
};

function generatorOf(seed: number | undefined): { generator?: torch.Generator } {
  return seed === undefined ? {} : { generator: new torch.Generator().manualSeed(seed) };
}

const plain = (x: unknown) => (torch.isTensor(x) ? x.tolist() : x);

function read(c: Case): unknown[] {
  if (c.what === "random_split")
    return randomSplit(items(c.n), c.lengths!, generatorOf(c.generatorSeed)).map((part) => part.indices);
  const [name = "", between] = c.what.split(", ");
  const order = orders[name]!(c);
  return c.epochs.map((_, epoch) => {
    if (epoch > 0 && between === "randn(3)") torch.randn(3);
    return Array.from(order, plain);
  });
}

test.each(cases)("$what after seed $seed", (c) => {
  torch.manualSeed(c.seed);
  expect(read(c)).toEqual(c.epochs);
  const next = torch.rand(2).tolist() as number[];
  next.forEach((value, i) => void expect(value).toBeCloseTo(c.next[i]!, 7));
});

test("an awaited pass draws as much as one that is not", async () => {
  const loader = new DataLoader(items(10), { batchSize: 3, shuffle: true });
  torch.manualSeed(0);
  const batches = Array.from(loader, plain);
  const next = torch.rand(2).tolist();
  torch.manualSeed(0);
  const awaited: unknown[] = [];
  for await (const batch of loader) awaited.push(plain(batch));
  expect(awaited).toEqual(batches);
  expect(torch.rand(2).tolist()).toEqual(next);
});
