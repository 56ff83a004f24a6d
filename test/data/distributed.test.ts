/** Data sets dealt out to several processes, in PyTorch's order, and what is not here. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { DistributedSampler, IterDataPipe, DataLoader, DataLoader2, ShardedDataset } = torch.utils.data;
const ten = Array.from({ length: 10 }, (_, i) => i);

test("each process gets its share, in PyTorch's order", () => {
  const of = (options: object) => {
    const sampler = new DistributedSampler(ten, { numReplicas: 3, rank: 1, ...options });
    sampler.setEpoch(2);
    expect([...sampler].length).toBe(sampler.length);
    return [...sampler];
  };
  expect(of({})).toEqual([7, 6, 4, 8]);
  expect(of({ seed: 5 })).toEqual([0, 1, 6, 5]);
  expect(of({ rank: 2, shuffle: false })).toEqual([2, 5, 8, 1]);
  expect(of({ rank: 0, shuffle: false, dropLast: true })).toEqual([0, 3, 6]);
  expect([...new DistributedSampler([5], { numReplicas: 4, rank: 3 })]).toEqual([0]);
});

test("a loader takes it", async () => {
  const sampler = new DistributedSampler(ten, { numReplicas: 2, rank: 0, shuffle: false });
  const batches: unknown[] = [];
  for await (const batch of new DataLoader(ten, { sampler, batchSize: 3 }))
    batches.push((batch as torch.Tensor).tolist());
  expect(batches).toEqual([
    [0, 2, 4],
    [6, 8],
  ]);
});

test("says what is wrong", () => {
  const of = (options: object) => () => new DistributedSampler(ten, { numReplicas: 3, rank: 0, ...options });
  expect(of({ rank: 3 })).toThrow("Invalid rank 3, rank should be in the interval [0, 2]");
  expect(of({ numReplicas: 0 })).toThrow("numReplicas should be a positive integer value, but got numReplicas=0");
  expect(of({ rank: undefined })).toThrow("DistributedSampler: Default process group has not been initialized");
  expect(of({ shuffle: 1 })).toThrow("shuffle must be true or false, got 1");
  expect(() => new IterDataPipe()).toThrow("IterDataPipe: data pipes are not there");
  expect(() => new DataLoader2([])).toThrow("DataLoader2: data pipes are not there");
});

/** Samples of all shards, by process. */
async function shards(count: number, numReplicas: number, options: object, loading: object): Promise<number[][]> {
  const samples = Array.from({ length: count }, (_, i) => i);
  const parts = Array.from({ length: numReplicas }, async (_, rank) => {
    const own = new ShardedDataset(samples, { numReplicas, rank, ...options });
    const got: number[] = [];
    for await (const batch of new DataLoader(own, { batchSize: 1, ...loading }))
      got.push((batch as torch.Tensor).item());
    return got;
  });
  return Promise.all(parts);
}

test("an iterable data set is dealt out to processes, and to their workers", async () => {
  expect(await shards(7, 2, {}, {})).toEqual([
    [0, 2, 4],
    [1, 3, 5],
  ]);
  expect(await shards(7, 2, { dropLast: false }, {})).toEqual([
    [0, 2, 4, 6],
    [1, 3, 5],
  ]);
  expect(await shards(11, 2, {}, { numWorkers: 2 })).toEqual([
    [0, 1, 4, 5],
    [2, 3, 6, 7],
  ]);
  const all = await shards(11, 2, { dropLast: false }, { numWorkers: 2 });
  expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 11 }, (_, i) => i));
});

test("a data set that is dealt out says what is wrong", () => {
  const of = (dataset: any, options: object) => () => new ShardedDataset(dataset, options);
  expect(of(ten, { numReplicas: 2, rank: 2 })).toThrow("ShardedDataset: Invalid rank 2");
  expect(of(ten, {})).toThrow("ShardedDataset: Default process group has not been initialized");
  expect(of(5, { numReplicas: 2, rank: 0 })).toThrow("ShardedDataset: dataset must be iterable, got 5");
});
