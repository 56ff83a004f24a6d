import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { cut, cutNote, runsAll } from "../helpers/cut";
import { collateAtRandom, Drawing, DrawingStream, drawAtStart, Started } from "./fixtures/datasets.mjs";

const { DataLoader } = torch.utils.data;

const plain = (x: any): any => (torch.isTensor(x) ? x.tolist() : Array.isArray(x) ? x.map(plain) : x);

/** Two passes after a seed, and what the program outside draws before each batch and at the end. */
async function read(dataset: any, options: object): Promise<{ batches: any[]; outside: number[] }> {
  torch.manualSeed(7);
  const loader = new DataLoader<any, any>(dataset, options);
  const batches: any[] = [];
  const outside: number[] = [];
  for (let epoch = 0; epoch < 2; epoch++)
    for await (const batch of loader) {
      batches.push(plain(batch));
      outside.push(torch.rand(1).item());
    }
  outside.push(torch.randn(1).item());
  return { batches, outside };
}

const arms: [string, any, object][] = [
  ["in `at`", new Drawing(13, false), { batchSize: 4, shuffle: true }],
  ["after an await", new Drawing(13, true), { batchSize: 4, shuffle: true }],
  ["without batches", new Drawing(7, true), { batchSize: null, shuffle: true }],
  ["in a collateFn of workers", new Drawing(9, false), { batchSize: 4, collateFn: collateAtRandom }],
  [
    "in a collateFn of this thread",
    new Drawing(9, true),
    { batchSize: 4, collateFn: (samples: any[]) => [samples, torch.rand(1).item()] },
  ],
  [
    "in an async collateFn of this thread",
    new Drawing(9, false),
    {
      batchSize: 4,
      collateFn: async (samples: any[]) => {
        await null;
        return [samples, torch.rand(1).item()];
      },
    },
  ],
];

describe("random numbers are the same for any number of workers", () => {
  test.each(cut(arms, 3))(`%s${cutNote}`, { timeout: 60_000 }, async (arm, dataset, options) => {
    const here = await read(dataset, options);
    expect(new Set(here.batches.flat(3)).size).toBeGreaterThan(here.batches.length);
    // The number of workers matters alike for all; starting them takes the time.
    const isFirst = arm === arms[0]![0];
    for (const numWorkers of runsAll ? [1, 2, 3, 4] : isFirst ? [2] : [])
      expect(await read(dataset, { ...options, numWorkers })).toEqual(here);
    expect(await read(dataset, { ...options, numWorkers: isFirst ? 3 : 1, persistentWorkers: true })).toEqual(here);
  });

  test("of an iterable data set, with one worker and with none", async () => {
    const here = await read(new DrawingStream(9), { batchSize: 2 });
    expect(await read(new DrawingStream(9), { batchSize: 2, numWorkers: 1 })).toEqual(here);
  });

  test("and follow the loader's generator alone, if it has one", async () => {
    const draws = async (seed: number) => {
      torch.manualSeed(seed);
      const generator = new torch.Generator().manualSeed(3);
      const batches: any[] = [];
      for await (const batch of new DataLoader<any, any>(new Drawing(6, false), { generator }))
        batches.push(plain(batch));
      return batches;
    };
    expect(await draws(1)).toEqual(await draws(2));
  });
});

describe("the program's own random numbers", () => {
  test("are what they are when the data set draws none", async () => {
    const silent = await read(
      Array.from({ length: 13 }, (_, i) => i),
      { batchSize: 4, shuffle: true },
    );
    for (const isAsync of [false, true]) {
      const drawing = await read(new Drawing(13, isAsync), { batchSize: 4, shuffle: true });
      expect(drawing.outside).toEqual(silent.outside);
    }
  });

  test("are its own while the loader waits for a sample", async () => {
    torch.manualSeed(1);
    const expected = [torch.empty(1, { dtype: "int64" }).random_().item(), ...torch.rand(20).tolist<number[]>()];
    torch.manualSeed(1);
    const pass = new DataLoader<any, any>(new Drawing(8, true), { batchSize: 8 })[Symbol.asyncIterator]();
    const batch = pass.next();
    const drawn: number[] = [];
    for (let i = 0; i < 20; i++) {
      drawn.push(torch.rand(1).item());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await batch;
    expect(drawn).toEqual(expected.slice(1));
  });

  test("may be drawn in the passes of two loaders at once", async () => {
    const dataset = new Drawing(12, true);
    torch.manualSeed(2);
    const passes = [1, 2].map(() => new DataLoader<any, any>(dataset, { batchSize: 3 })[Symbol.asyncIterator]());
    const alone: any[][] = [[], []];
    for (const [i, pass] of passes.entries())
      for (let n = 0; n < 4; n++) alone[i]!.push(plain((await pass.next()).value));
    torch.manualSeed(2);
    const again = [1, 2].map(() => new DataLoader<any, any>(dataset, { batchSize: 3 })[Symbol.asyncIterator]());
    const together: any[][] = [[], []];
    for (let n = 0; n < 4; n++)
      for (const [i, step] of (await Promise.all(again.map((pass) => pass.next()))).entries())
        together[i]!.push(plain(step.value));
    expect(together).toEqual(alone);
  });

  test("are untouched by a data set that fails", async () => {
    const failing = {
      length: 4,
      at(i: number) {
        torch.rand(3);
        if (i === 2) throw new RangeError("no such sample");
        return i;
      },
    };
    torch.manualSeed(3);
    torch.empty(1, { dtype: "int64" }).random_();
    const expected = torch.rand(2).tolist();
    torch.manualSeed(3);
    expect(() => [...new DataLoader(failing)]).toThrow(/no such sample/);
    expect(torch.rand(2).tolist()).toEqual(expected);
  });
});

test("a worker's first function draws from the base seed plus its number", async () => {
  torch.manualSeed(5);
  const base = BigInt(torch.empty(1, { dtype: "int64" }).random_().item());
  torch.manualSeed(5);
  const options = { batchSize: null, numWorkers: 2, workerInitFn: drawAtStart };
  const samples: any[] = [];
  for await (const sample of new DataLoader<any, any>(new Started(), options)) samples.push(sample);
  for (const [i, [seed, drawn]] of samples.entries()) {
    expect(seed).toBe(String(base + BigInt(i % 2)));
    torch.manualSeed(base + BigInt(i % 2));
    expect(drawn).toBe(torch.rand(1).item());
  }
});
