import * as torch from "kindling";
import { describe, expect, test, vi } from "vitest";

const { DataLoader, IterableDataset, TensorDataset } = torch.utils.data;

const ten = Array.from({ length: 10 }, (_, i) => i);
const lists = (batches: Iterable<torch.Tensor>) => Array.from(batches, (x) => x.tolist());

async function collect<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

describe("map-style data sets", () => {
  test("come in batches, the last one smaller or left out", () => {
    expect(lists(new DataLoader(ten, { batchSize: 4 }))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(lists(new DataLoader(ten, { batchSize: 4, dropLast: true }))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect(new DataLoader(ten, { batchSize: 4 }).length).toBe(3);
    expect(new DataLoader(ten, { batchSize: 4, dropLast: true }).length).toBe(2);
    expect(lists(new DataLoader([1, 2]))).toEqual([[1], [2]]);
  });

  test("come one by one where batchSize is null", () => {
    expect([...new DataLoader<number[], number>([5, 6], { batchSize: null })]).toEqual([5, 6]);
  });

  test("follow samplers of any kind", () => {
    expect(lists(new DataLoader(ten, { batchSize: 2, sampler: [9, 0, 3] }))).toEqual([[9, 0], [3]]);
    const loader = new DataLoader(ten, { batchSampler: [[1], [2, 3]] });
    expect(lists(loader)).toEqual([[1], [2, 3]]);
    expect(loader.length).toBe(2);
    expect(loader.batchSize).toBe(null);
  });

  test("may be asynchronous, but then have to be awaited", async () => {
    const later = { length: 3, at: async (i: number) => [torch.full([2], i), i] as const };
    const batches = await collect(new DataLoader(later, { batchSize: 2 }));
    expect(batches.map(([x, y]) => [x.tolist(), y.tolist()])).toEqual([
      [
        [
          [0, 0],
          [1, 1],
        ],
        [0, 1],
      ],
      [[[2, 2]], [2]],
    ]);
    expect(() => [...new DataLoader(later)]).toThrow(/iterate with `for await`/);
  });

  test("are collated by a function of one's own", () => {
    const loader = new DataLoader(ten, { batchSize: 5, collateFn: (samples) => samples.reduce((a, b) => a + b) });
    expect([...loader]).toEqual([10, 35]);
  });

  test("give the type that their samples have", () => {
    const loader = new DataLoader([{ x: torch.zeros(1), name: "a" }]);
    const [batch] = [...loader];
    const name: string[] = batch!.name;
    expect(name).toEqual(["a"]);
    expect(batch!.x.shape).toEqual([1, 1]);
  });
});

class Countdown extends IterableDataset<number> {
  override async *[Symbol.asyncIterator]() {
    for (let i = 5; i > 0; i--) yield i;
  }
}

describe("iterable data sets", () => {
  test("are read from beginning to end, in every pass", async () => {
    const loader = new DataLoader(new Countdown(), { batchSize: 2 });
    const pass = async () => (await collect(loader)).map((x) => x.tolist());
    expect(await pass()).toEqual([[5, 4], [3, 2], [1]]);
    expect(await pass()).toEqual([[5, 4], [3, 2], [1]]);
  });

  test("may be plain iterables, also without waiting", () => {
    expect(lists(new DataLoader(new Set(ten), { batchSize: 4, dropLast: true }))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
  });

  test("have no length and no order", () => {
    expect(() => new DataLoader(new Countdown()).length).toThrow(/'Countdown' has no length/);
    expect(() => new DataLoader(new Countdown(), { shuffle: true })).toThrow(/expected unspecified shuffle option/);
    expect(() => new DataLoader(new Countdown(), { sampler: [1] })).toThrow(/expected unspecified sampler option/);
    expect(() => [...new DataLoader(new Countdown())]).toThrow(/iterate with `for await`/);
  });
});

describe("options", () => {
  test.each([
    [{ shuffle: true, sampler: [0] }, /sampler option is mutually exclusive with shuffle/],
    [
      { batchSampler: [[0]], batchSize: 2 },
      /batchSampler option is mutually exclusive with batchSize, shuffle, sampler, and dropLast/,
    ],
    [{ batchSampler: [[0]], dropLast: true }, /batchSampler option is mutually exclusive/],
    [{ batchSize: null, dropLast: true }, /disables auto-batching and is mutually exclusive with dropLast/],
    [{ batchSize: 0 }, /batchSize should be a positive integer value, but got batchSize=0/],
    [{ numWorkers: -1 }, /numWorkers option should be a non-negative integer/],
    [{ prefetchFactor: 3 }, /prefetchFactor option could only be specified with workers/],
    [{ persistentWorkers: true }, /persistentWorkers option needs numWorkers > 0/],
    [{ timeout: -1 }, /timeout option should be non-negative/],
    [{ numWorkers: 1, prefetchFactor: 0 }, /prefetchFactor option should be a positive integer/],
    [{ multiprocessingContext: "fork" }, /multiprocessingContext must be null, got "fork": workers are threads/],
    [{ batchsize: 2 }, /unknown argument "batchsize"; did you mean batchSize/],
  ])("%j is refused", (options, message) => {
    expect(() => new DataLoader(ten, options as object)).toThrow(message);
  });

  test("null is the default of every other option, as None is", () => {
    const loader = new DataLoader(ten, 4, null, null, null, 0, null, { workerInitFn: null, generator: null });
    expect(lists(loader)).toEqual(lists(new DataLoader(ten, { batchSize: 4 })));
  });

  test("a timeout without workers is refused when a pass begins", async () => {
    const loader = new DataLoader(ten, { timeout: 1 });
    expect(() => [...loader]).toThrow(/timeout option could only be specified with workers/);
    await expect(loader.first()).rejects.toThrow(torch.ValueError);
  });

  test("what a loader was made with stays", () => {
    const loader: any = new DataLoader(ten);
    for (const name of ["batchSize", "batchSampler", "sampler", "dropLast", "dataset", "persistentWorkers"])
      expect(() => {
        loader[name] = 1;
      }).toThrow(`${name} attribute should not be set after DataLoader is initialized`);
    expect([loader.pinMemory, loader.timeout, loader.numWorkers]).toEqual([false, 0, 0]);
  });

  test("a data set has to be awaited", () => {
    expect(() => new DataLoader(Promise.resolve(ten) as never)).toThrow(/is a promise; await the data set/);
  });

  test("what has no effect is said once", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    try {
      for (let i = 0; i < 2; i++) new DataLoader(ten, { pinMemory: true });
      for (let i = 0; i < 2; i++) new DataLoader(ten, { pinMemoryDevice: "cuda" });
      for (let i = 0; i < 2; i++) new DataLoader(ten, { numWorkers: 128 });
      expect(warn.mock.calls.map(([text]) => text)).toEqual([
        expect.stringMatching(/pinMemory has no effect/),
        expect.stringMatching(/pinMemoryDevice is set/),
        expect.stringMatching(/128 workers are more than the \d+ threads/),
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  test("an iterable data set that gives more than it said is a warning, once a pass", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    class Liar extends IterableDataset<number> {
      length = 2;
      override async *[Symbol.asyncIterator]() {
        yield* [1, 2, 3, 4];
      }
    }
    try {
      const loader = new DataLoader(new Liar());
      await collect(loader);
      expect(warn).not.toHaveBeenCalled();
      expect(loader.length).toBe(2);
      await collect(loader);
      expect(warn.mock.calls.map(([text]) => text)).toEqual([
        expect.stringMatching(/length of IterableDataset Liar was reported to be 2 .*but 3 samples have been fetched/),
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  test("a chain is as long as its parts, if they know it", () => {
    const { ChainDataset } = torch.utils.data;
    const sized = Object.assign(new Countdown(), { length: 5 });
    expect(new ChainDataset([sized, sized]).length).toBe(10);
    expect(() => new ChainDataset([new Countdown()]).length).toThrow(/'Countdown' has no length/);
  });

  test("a data set has to be one", () => {
    expect(() => new DataLoader(7 as never)).toThrow(/has length and at\(i\), or is iterable; got 7/);
    expect(() => new DataLoader([], { shuffle: true })).toThrow(/numSamples should be a positive integer value/);
  });
});

test("an awaited loop lets finalizers run: memory of forgotten batches comes back", async () => {
  const dataset = new TensorDataset(torch.zeros(256, 65536));
  const before = torch.memoryStats().allocated;
  for (let epoch = 0; epoch < 20; epoch++)
    for await (const [x] of new DataLoader(dataset, { batchSize: 64 })) x!.mul(2);
  expect(torch.memoryStats().peakAllocated - before).toBeLessThan(1 << 30);
}, 60_000);

describe("first", () => {
  test("is the first batch of a new pass", async () => {
    const loader = new DataLoader(ten, { batchSize: 4 });
    expect((await loader.first()).tolist()).toEqual([0, 1, 2, 3]);
    expect((await loader.first()).tolist()).toEqual([0, 1, 2, 3]);
    expect(lists(loader).length).toBe(3);
  });

  test("draws as a pass does", async () => {
    const loader = new DataLoader(ten, { batchSize: 10, shuffle: true });
    torch.manualSeed(1);
    const [whole] = lists(loader);
    torch.manualSeed(1);
    expect((await loader.first()).tolist()).toEqual(whole);
  });

  test("of no batches is an error", async () => {
    await expect(new DataLoader([]).first()).rejects.toThrow(/^DataLoader\.first: there are no batches/);
  });
});
