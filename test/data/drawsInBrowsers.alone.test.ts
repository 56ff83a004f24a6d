/** Random numbers of async data sets where the runtime cannot tell whose code goes on after an `await`, as in browsers. */
import { expect, test } from "vitest";

const { getBuiltinModule } = process;
process.getBuiltinModule = ((id: string) =>
  /async_hooks$/.test(id) ? undefined : getBuiltinModule(id)) as typeof getBuiltinModule;
const torch = await import("kindling");
const { Drawing, DrawingStream } = await import("./fixtures/datasets.mjs");

const { DataLoader } = torch.utils.data;

const plain = (x: any): any => (torch.isTensor(x) ? x.tolist() : Array.isArray(x) ? x.map(plain) : x);

async function read(dataset: any, options: object): Promise<any[]> {
  torch.manualSeed(7);
  const batches: any[] = [];
  for await (const batch of new DataLoader<any, any>(dataset, options)) batches.push(plain(batch));
  return [batches, torch.rand(1).item()];
}

test.each([
  ["at once", new Drawing(11, false)],
  ["after an await", new Drawing(11, true)],
  ["in a stream", new DrawingStream(9)],
])("what is drawn %s is what workers draw", { timeout: 30_000 }, async (_, dataset) => {
  expect(await read(dataset, { batchSize: 4 })).toEqual(await read(dataset, { batchSize: 4, numWorkers: 1 }));
});

test("samples that draw nothing later are awaited together", async () => {
  let [open, most] = [0, 0];
  const later = {
    length: 8,
    async at(i: number) {
      const x = torch.rand(1).item();
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return [i, x];
    },
  };
  await read(later, { batchSize: 8 });
  expect(most).toBe(7);
});
