/** The library's own data sets of images go to workers as they are, in parts and joined. */
import * as torch from "kindling";
import { describe, expect, test, vi } from "vitest";
import { runsAll } from "../helpers/cut";
import { halve } from "./fixtures/datasets.mjs";

const { DataLoader, Subset } = torch.utils.data;

async function collect<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

describe("data sets of images", () => {
  const { digits } = torch.vision.datasets;
  const data = digits({ count: 24 });
  const [first, second] = torch.utils.data.randomSplit(data, [16, 8]) as [any, any];

  test.each([
    ["as they are", data],
    ["a part", new Subset(data, [5, 3, 1])],
    ["parts at random", first],
    ["joined", new torch.utils.data.ConcatDataset([first, second])],
  ])("go to workers: %s", { timeout: 30_000 }, async (kind, dataset) => {
    const read = async (numWorkers: number) => {
      torch.manualSeed(4);
      const batches = await collect(new DataLoader<any, any>(dataset, { batchSize: 5, shuffle: true, numWorkers }));
      return batches.map(([x, y]) => [x.dtype, x.tolist(), y.dtype, y.tolist()]);
    };
    const here = await read(0);
    // How many workers there are matters alike for all; starting them takes the time.
    for (const numWorkers of runsAll ? [1, 2] : [kind === "as they are" ? 2 : 1])
      expect(await read(numWorkers)).toEqual(here);
  });

  test("a transform has to be known there", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const closure = digits({ count: 2, transform: () => torch.ones(3) });
    const [[ones]] = (await collect(new DataLoader(closure, { batchSize: 2, numWorkers: 1 }))) as [any];
    expect(ones.shape).toEqual([2, 3]);
    expect(String(warn.mock.calls)).toMatch(/transform is a function.*module/);
    warn.mockRestore();
    const known = digits({ count: 4, transform: halve });
    const [[x]] = (await collect(new DataLoader(known, { batchSize: 4, numWorkers: 1 }))) as [any];
    expect(x.tolist()).toEqual(known.data.div(2).flatten(1).tolist());
  });
});
