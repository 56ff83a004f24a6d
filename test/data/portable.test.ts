/** What goes to workers as it is: transforms, modules with parameters and buffers, pictures, the default generator. */
import * as torch from "kindling";
import { describe, expect, test, vi } from "vitest";
import { negated, Scale, Transformed } from "./fixtures/datasets.mjs";

const { DataLoader } = torch.utils.data;
const { Image, transforms } = torch.vision;

const plain = (x: any): any =>
  torch.isTensor(x)
    ? [x.dtype, x.shape.join(), x.tolist()]
    : typeof x === "object" && x !== null
      ? Object.fromEntries(Object.entries(x).map(([key, value]) => [key, plain(value)]))
      : x;

async function read(dataset: any, options: object): Promise<unknown[]> {
  torch.manualSeed(7);
  const batches: unknown[] = [];
  for await (const batch of new DataLoader<any, any>(dataset, options)) batches.push(plain(batch));
  return batches;
}

async function expectSame(dataset: any, options: object = { batchSize: 2 }): Promise<void> {
  expect(await read(dataset, { ...options, numWorkers: 1 })).toEqual(await read(dataset, options));
}

const picture = (seed: number) =>
  new Image(
    "RGB",
    4,
    2,
    Uint8Array.from({ length: 24 }, (_, i) => (i * 37 + seed * 91) % 256),
  );

describe("go to workers as they are", () => {
  test("transforms of pictures", async () => {
    const transform = new transforms.Compose([
      new transforms.ToTensor(),
      new transforms.Normalize([0.5, 0.4, 0.3], [0.5, 0.6, 0.7]),
      new transforms.Lambda(negated),
    ]);
    await expectSame(new Transformed([0, 1, 2].map(picture), transform));
  });

  test("random transforms, with the same draws", async () => {
    const transform = new transforms.Compose([
      new transforms.RandomCrop([2, 3], { padding: 1 }),
      new transforms.RandomHorizontalFlip(),
      new transforms.ColorJitter({ brightness: 0.5 }),
      new transforms.ToTensor(),
    ]);
    await expectSame(new Transformed([0, 1, 2, 3, 4].map(picture), transform), { batchSize: 2, shuffle: true });
  });

  test("modules, with what they hold and what they are", async () => {
    const items = [0, 1, 2].map((i) => torch.tensor([i, -i]));
    await expectSame(new Transformed(items, new Scale(3)));
    await expectSame(new Transformed(items, new Scale(3).eval()));
    await expectSame(new Transformed(items, new torch.nn.Sequential(new torch.nn.Hardtanh(), new torch.nn.Flatten(0))));
  });

  test("one module that two fields hold stays one, and a module may hold itself", async () => {
    const items = [1, 2].map((i) => torch.tensor([i, -i]));
    const scale: any = new Scale(2);
    scale.again = scale.inner;
    await expectSame(new Transformed(items, scale));
  });

  test("parameters share their memory: workers see steps of this thread", async () => {
    const scale = new Scale(2);
    const dataset = new Transformed([torch.tensor([1, 1])], scale);
    const loader = new DataLoader<any, any>(dataset, { batchSize: null, numWorkers: 1, persistentWorkers: true });
    const before = (await loader.first()).y.tolist();
    torch.noGrad(() => scale.getParameter("weight").mul_(10));
    expect(before).toEqual([3.5, 4.5]);
    expect((await loader.first()).y.tolist()).toEqual([21.5, 22.5]);
  });

  test("pictures, there and back", async () => {
    const options = { batchSize: null, numWorkers: 1 };
    const dataset = [picture(1)];
    for await (const image of new DataLoader<any, any>(dataset, options)) {
      expect(image).toBeInstanceOf(Image);
      expect(image.size).toEqual([4, 2]);
      expect(image.data).toEqual(dataset[0]!.data);
    }
  });
});

describe("is refused", () => {
  const data = (transform: any) => new Transformed([1], transform);
  const read = (transform: any) => new DataLoader<any, any>(data(transform), { numWorkers: 1 }).first();

  test("a module with hooks", async () => {
    const module = new torch.nn.Identity();
    const hook = module.registerForwardHook(() => {});
    await expect(read(module)).rejects.toThrow(
      /the data set\.transform is a Identity with hooks.*Remove the hooks, or use numWorkers: 0/,
    );
    hook.remove();
    await expectSame(data(module));
  });

  /** Reads a batch in this thread. @returns What the program is told. */
  async function warnings(transform: any): Promise<string> {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect((await read(transform)).tolist()).toEqual([1]);
    const said = String(warn.mock.calls);
    warn.mockRestore();
    return said;
  }

  test("a function inside of a transform, by its place", async () => {
    const transform = new transforms.Compose([new torch.nn.Identity(), (x: any) => x]);
    expect(await warnings(transform)).toMatch(
      /the data set\.transform\.transforms\[1\] is a function.*import\.meta\.url/,
    );
  });

  test("a class of which nobody says where it is", async () => {
    class Own extends torch.nn.Module {
      override forward(x: unknown) {
        return x;
      }
    }
    expect(await warnings(new Own())).toMatch(/the data set\.transform is an instance of Own.*static module/);
  });
});
