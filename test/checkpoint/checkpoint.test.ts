/** Folders of checkpoints: what stays, what is passed over, what is refused. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const { nn, optim } = torch;

let folder: string;
const opened: torch.Checkpoint[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kindling-checkpoint-"));
});
afterEach(async () => {
  for (const checkpoint of opened.splice(0)) await checkpoint.close();
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

function open(options: torch.CheckpointOptions = {}): torch.Checkpoint {
  const checkpoint = new torch.Checkpoint(folder, options);
  opened.push(checkpoint);
  return checkpoint;
}

const files = () => readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
const name = (index: number) => `checkpoint-${String(index).padStart(8, "0")}.safetensors`;
const linear = () => new nn.Linear(3, 2);

/** The folder as another run finds it that begins when the first has ended. */
async function reopen(first: torch.Checkpoint, options: torch.CheckpointOptions = {}) {
  await first.close();
  return open(options);
}

describe("values", () => {
  test("all come back exactly", async () => {
    const values = {
      numbers: [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, 5e-324, 2 ** 53],
      seed: 2n ** 63n - 1n,
      text: "\ud800 ünï \u0000",
      nothing: null,
      missing: undefined,
      map: new Map<unknown, unknown>([[1n, new Set(["a"])]]),
      when: new Date(12345),
      $: { $: "number", v: "NaN" },
      list: new Float64Array([1.5, -0, Number.NaN]),
      bytes: new Uint8Array([1, 2, 3]).subarray(1),
      empty: {},
    };
    Object.defineProperty(values, "__proto__", { value: 7, enumerable: true });
    const first = open();
    await first.save(values);
    const found = await (await reopen(first)).resume();
    expect(found).toEqual(values);
    expect(Object.hasOwn(found!, "__proto__")).toBe(true);
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect(Object.is(found!.numbers[1], -0)).toBe(true);
  });

  test("tensors of all dtypes do", async () => {
    const x = torch.tensor([[1, 0, 1]]);
    const dtypes = ["float64", "float16", "bfloat16", "int64", "int8", "uint8", "bool"] as const;
    const first = open();
    await first.save({ list: dtypes.map((dtype) => x.to(dtype)), scalar: torch.tensor(3) });
    const found = await (await reopen(first)).resume();
    expect(found!.list.map((y: torch.Tensor) => [y.dtype, y.tolist()])).toEqual(
      dtypes.map((d) => [d, x.to(d).tolist()]),
    );
    expect(found!.scalar.shape).toEqual([]);
  });

  test("what no file can hold is refused with its place", async () => {
    const loop: any = {};
    loop.self = loop;
    await expect(open().save({ a: { f: () => 1 } })).rejects.toThrow(/values\.a\.f is function f/);
    await expect(open().save({ a: [new Error("x")] })).rejects.toThrow(/values\.a\.0 is a Error/);
    await expect(open().save({ loop })).rejects.toThrow(/nested more than 100/);
    await expect(open().save([] as any)).rejects.toThrow(torch.ArgumentError);
    await expect(open({ keepBest: 1 }).save({ metric: "good" })).rejects.toThrow(/metric must be a number/);
  });
});

describe("a folder", () => {
  test("is null at first", async () => {
    expect(await open().resume()).toBeNull();
  });

  test("keeps the last and the best", async () => {
    const checkpoint = open({ keepLast: 2, keepBest: 1, metric: "accuracy", mode: "max" });
    for (const accuracy of [0.5, 0.9, Number.NaN, 0.7, 0.8, undefined]) await checkpoint.save({ accuracy });
    expect(files()).toEqual([name(2), name(5), name(6)]);
    expect(await checkpoint.list()).toEqual([
      { file: name(2), metric: 0.9, isBest: true, isDamaged: false },
      { file: name(5), metric: 0.8, isBest: false, isDamaged: false },
      { file: name(6), metric: null, isBest: false, isDamaged: false },
    ]);
    expect((await checkpoint.load("best")).accuracy).toBe(0.9);
    expect((await checkpoint.load(name(5))).accuracy).toBe(0.8);
    await expect(checkpoint.load("other")).rejects.toThrow(
      /there is no checkpoint "other".*there are: checkpoint-00000002/,
    );
  });

  test("does without its manifest", async () => {
    const first = open({ keepBest: 1 });
    for (const metric of [1, 3, 2]) await first.save({ metric });
    writeFileSync(join(folder, "manifest.json"), "{");
    const next = await reopen(first, { keepBest: 1, keepLast: 1 });
    expect((await next.resume())!.metric).toBe(2);
    await next.save({ metric: 4 });
    expect(files()).toEqual([name(1), name(4)]);
  });

  test("belongs to one run", async () => {
    const first = open();
    await first.resume();
    const second = open();
    await expect(second.resume()).rejects.toThrow(new RegExp(`is in use by process ${process.pid}`));
    await expect(second.save()).rejects.toThrow(torch.KindlingError);
    await first.save({ step: 1 });
    expect(await second.load()).toEqual({ step: 1 });
    await first.close();
    expect(await second.resume()).toEqual({ step: 1 });
  });

  test("is cleared of what a killed run left, and of nothing else", async () => {
    const id = "01234567-89ab-4def-8123-456789abcdef";
    const own = [`.${name(3)}.${id}.tmp`, `.manifest.json.${id}.tmp`, `.lock.${id}`];
    const others = ["events.tfevents", `.other.${id}.tmp`, "notes.tmp"];
    for (const file of [...own, ...others]) writeFileSync(join(folder, file), "x");
    // The number of this process, begun at another time: that of a container before it was started again.
    const dead = { host: (await import("node:os")).hostname(), pid: process.pid, key: id, born: "boot 1" };
    writeFileSync(join(folder, ".lock"), JSON.stringify(dead));
    expect(await open().resume()).toBeNull();
    expect(readdirSync(folder).sort()).toEqual([".lock", ...others].sort());
  });

  test.skipIf(process.getuid?.() === 0)("that cannot be written leaves the old ones", async () => {
    const checkpoint = open();
    await checkpoint.save({ step: 1 });
    chmodSync(folder, 0o555);
    await expect(checkpoint.save({ step: 2 })).rejects.toThrow(/permission denied/);
    chmodSync(folder, 0o755);
    expect(await checkpoint.load()).toEqual({ step: 1 });
  });

  test("that is a file is an error that says so", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(new torch.Checkpoint(join(folder, "file")).resume()).rejects.toThrow(
      /Checkpoint: cannot make the folder/,
    );
  });

  test("saves in order, also without waiting, what was there at the call", async () => {
    const model = linear();
    const checkpoint = open({ model, keepLast: 3 });
    await checkpoint.resume();
    const saves = [1, 2, 3].map((step) => {
      torch.noGrad(() => model.weight.fill_(step));
      return checkpoint.save({ step });
    });
    await Promise.all(saves);
    for (const step of [1, 2, 3]) {
      expect(await checkpoint.load(name(step))).toEqual({ step });
      expect(model.weight.at(0, 0).item()).toBe(step);
    }
  });
});

describe("a damaged checkpoint", () => {
  const damages: Record<string, (path: string) => void> = {
    empty: (path) => truncateSync(path, 0),
    truncated: (path) => truncateSync(path, 300),
    "without its last byte": (path) => truncateSync(path, readFileSync(path).length - 1),
    "with a flipped bit": (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 4;
      writeFileSync(path, bytes);
    },
    "with a flipped bit in its header": (path) => {
      const bytes = readFileSync(path);
      bytes[20]! ^= 1;
      writeFileSync(path, bytes);
    },
  };
  test.each(Object.entries(damages))("%s is passed over with a warning", async (_, damage) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const first = open({ model: linear() });
    for (const step of [1, 2]) await first.save({ step });
    damage(join(folder, name(2)));
    const next = await reopen(first, { model: linear() });
    expect(await next.resume()).toEqual({ step: 1 });
    expect(warn.mock.calls.flat().join()).toMatch(
      /checkpoint-00000002.*truncated or damaged.*; the one before it is used/s,
    );
    await next.save({ step: 3 });
    // The damaged one does not count among the last two.
    expect(files()).toEqual([name(1), name(3)]);
  });

  test("is an error where there is no whole one", async () => {
    const first = open();
    await first.save();
    truncateSync(join(folder, name(1)), 10);
    await expect((await reopen(first)).resume()).rejects.toThrow(/no checkpoint in .* is whole/);
  });
});

describe("another run's checkpoint", () => {
  async function resumed(saved: torch.CheckpointOptions, given: torch.CheckpointOptions) {
    const first = open(saved);
    await first.save();
    const next = await reopen(first, given);
    return next.resume().finally(() => next.close());
  }

  test("names the keys and sizes of another model, which is unchanged", async () => {
    const model = new nn.Sequential(new nn.Linear(3, 2), new nn.Linear(2, 5));
    const before = model.stateDict()["0.weight"]!.tolist();
    const saved = new nn.Sequential(new nn.Linear(3, 2, { bias: false }), new nn.Linear(2, 4), new nn.BatchNorm1d(4));
    const error: Error = await resumed({ model: saved }, { model }).catch((e) => e);
    expect(error).toBeInstanceOf(torch.StateError);
    expect(error.message).toContain('missing key(s): "0.bias"');
    expect(error.message).toContain('unexpected key(s): "2.weight", "2.bias", "2.running_mean"');
    expect(error.message).toContain("size mismatch for 1.weight: [4, 2] in the checkpoint, [5, 2] in the model");
    expect(model.stateDict()["0.weight"]!.tolist()).toEqual(before);
  });

  test("names the options of another optimizer", async () => {
    const model = linear();
    const [adam, sgd] = [new optim.Adam(model.parameters()), new optim.SGD(model.parameters(), { lr: 1 })];
    await expect(resumed({ optimizer: adam }, { optimizer: sgd })).rejects.toThrow(
      /another optimizer.*SGD's options it has no "momentum".*and it has "betas", "eps"/s,
    );
  });

  test("names parts that are missing or too many", async () => {
    const model = linear();
    const optimizer = new optim.Adam(model.parameters());
    await expect(resumed({ model }, { model, optimizer })).rejects.toThrow(/has no optimizer/);
    await expect(resumed({ model, optimizer }, { model })).rejects.toThrow(/was saved with optimizer/);
    await expect(resumed({ model: { a: model } }, { model: { b: model } })).rejects.toThrow(
      /saved were "a", given are "b"/,
    );
  });

  test("of another dtype is refused", async () => {
    await expect(resumed({ model: linear() }, { model: linear().double() })).rejects.toThrow(
      /float32 in the checkpoint, float64/,
    );
  });
});

test("one part alone can be loaded, from a folder or from bytes", async () => {
  const [model, other] = [linear(), linear()];
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
  const checkpoint = open({ model, optimizer });
  const blob = await checkpoint.toBlob({ step: 4 });
  const evaluation = new torch.Checkpoint(join(folder, "none"), { model: other });
  torch.manualSeed(1);
  const draw = torch.rand([1]).item();
  torch.manualSeed(1);
  expect(await evaluation.load(blob, { parts: ["model"] })).toEqual({ step: 4 });
  expect(torch.rand([1]).item()).toBe(draw);
  expect(other.weight.tolist()).toEqual(model.weight.tolist());
  const bytes = new Uint8Array(await blob.arrayBuffer());
  expect(Object.keys(torch.safetensors.load(bytes))).toContain("model.weight");
  bytes[bytes.length >> 1]! ^= 1;
  await expect(evaluation.load(bytes)).rejects.toThrow(torch.FormatError);
  await expect(evaluation.load("last")).rejects.toThrow(/there is no checkpoint "last"/);
  await expect(evaluation.load("last", { parts: ["modle" as any] })).rejects.toThrow(torch.ArgumentError);
});

test("gradients, several models and generators, and exact numbers of optimizers belong to it", async () => {
  const make = () => {
    const model = { g: linear(), d: linear() };
    const optimizer = [new optim.NAdam(model.g.parameters()), new optim.Adam(model.d.parameters())];
    return { model, optimizer, generator: new torch.Generator().manualSeed(3), gradients: true };
  };
  const a = make();
  for (let i = 0; i < 3; i++) {
    for (const part of [a.model.g, a.model.d])
      part(torch.rand([2, 3]))
        .sum()
        .backward();
    for (const optimizer of a.optimizer) optimizer.step();
  }
  a.generator.random();
  const first = open(a);
  await first.save();
  const b = make();
  await (await reopen(first, b)).resume();
  expect(b.model.g.weight.grad!.tolist()).toEqual(a.model.g.weight.grad!.tolist());
  expect([...b.optimizer[0]!.state.values()].map((s: any) => s.muProduct)).toEqual(
    [...a.optimizer[0]!.state.values()].map((s: any) => s.muProduct),
  );
  expect(b.generator.random()).toBe(a.generator.random());
});

test("options that make no sense are refused", () => {
  expect(() => new torch.Checkpoint("")).toThrow(torch.ArgumentError);
  expect(() => new torch.Checkpoint("a", { keepLast: 0 })).toThrow(torch.ValueError);
  expect(() => new torch.Checkpoint("a", { mode: "most" as any })).toThrow(/"min", "max"/);
  expect(() => new torch.Checkpoint("a", { keepfirst: 1 } as any)).toThrow(/keepfirst/);
});

test("a part without a state is refused", async () => {
  await expect(new torch.Checkpoint(folder, { model: 3 as any }).resume()).rejects.toThrow(
    /model must be something with/,
  );
});
