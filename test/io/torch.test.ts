import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { nn, optim } = torch;
const folder = mkdtempSync(join(tmpdir(), "kindling-torch-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const again = async (value: unknown): Promise<any> => await torch.load(await torch.save(value));

/** A legacy file, whose parts are pickles of their own: an easy frame for hostile ones. */
function legacy(pickle: string): Uint8Array {
  const text = `\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.${pickle}\x80\x02].`;
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

class Net extends nn.Module {
  fc1 = new nn.Linear(4, 3);
  scale = new nn.Parameter(torch.ones([3]));
  in_features = 4;
  inFeatures = 5;
  override forward(x: torch.Tensor): torch.Tensor {
    return this.fc1(x).mul(this.scale);
  }
}

describe("values come back as they were", () => {
  const plain = {
    numbers: [0, 255, 256, 65536, -1, 2 ** 40, -(2 ** 53) + 1, 1.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e300],
    long: [2n ** 63n, -(2n ** 63n), 2n ** 1500n, -129n * 2n ** 64n],
    texts: ["", "ä😀", "x".repeat(70_000)],
    others: [null, true, false, new Uint8Array([0, 255]), new Uint8Array(0), new Set([1, "a"])],
    maps: [
      new Map<unknown, unknown>([
        [1, "one"],
        ["1", "text"],
      ]),
      new Map([["b", 1]].concat([["1", 2]]) as [string, number][]),
    ],
    many: Array.from({ length: 2500 }, (_, i) => ({ [`key${i}`]: i })),
  };

  test("plain ones", async () => {
    expect(await again(plain)).toEqual(plain);
    expect(await again(undefined)).toBe(null);
    expect(await again(10n)).toBe(10);
  });

  test("tuples are frozen arrays, and sizes stay sizes", async () => {
    const tuple = Object.freeze([1, Object.freeze(["a"]), [2]]);
    const read = await again({ tuple, size: torch.Size([2, 3]) });
    expect(read.tuple).toEqual(tuple);
    expect([read.tuple, read.tuple[1], read.tuple[2], read.size].map(Object.isFrozen)).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  test("what is shared is shared, what contains itself too", async () => {
    const inner = { a: 1 };
    const outer: any = { first: inner, second: inner, list: [] };
    outer.self = outer;
    outer.list.push(outer.list);
    const read = await again(outer);
    expect(read.first).toBe(read.second);
    expect(read.self).toBe(read);
    expect(read.list[0]).toBe(read.list);
  });

  test("__proto__ is a key like others", async () => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}');
    const read = await again(value);
    expect(Object.keys(read)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(({} as any).polluted).toBe(undefined);
  });

  test("tensors of every dtype, views and parameters", async () => {
    const dtypes = [
      "float32",
      "float64",
      "float16",
      "bfloat16",
      "int64",
      "int32",
      "int16",
      "int8",
      "uint8",
      "bool",
    ] as const;
    const x = torch.arange(12).reshape([3, 4]);
    const value = {
      ...Object.fromEntries(dtypes.map((dtype) => [dtype, torch.tensor([0, 1, 1], { dtype })])),
      x,
      view: x.t().slice(0, 1, 4, 2),
      row: x.select(0, 1),
      empty: torch.zeros([2, 0]),
      scalar: torch.tensor(2.5),
      expanded: torch.ones([1]).expand([5]),
      leaf: torch.ones([2], { requiresGrad: true }),
      frozen: new nn.Parameter(torch.ones([2]), { requiresGrad: false }),
    };
    const read = await again(value);
    for (const [name, before] of Object.entries(value) as [string, torch.Tensor][]) {
      expect(read[name].dtype).toBe(before.dtype);
      expect([...read[name].shape]).toEqual([...before.shape]);
      expect(read[name].tolist()).toEqual(before.tolist());
      expect(read[name].requiresGrad).toBe(before.requiresGrad);
    }
    expect([...read.view.strides]).toEqual([...value.view.strides]);
    expect(read.frozen).toBeInstanceOf(nn.Parameter);
    read.x.fill_(7);
    expect(read.view.max().item()).toBe(7);
    expect(read.row.tolist()).toEqual([7, 7, 7, 7]);
  });

  test("whole modules, of classes that are known or given", async () => {
    const model = new nn.Sequential(new Net(), new nn.BatchNorm1d(3), new nn.Dropout(0.25), new nn.LSTM(3, 2)).eval();
    const bytes = await torch.save(model);
    await expect(torch.load(bytes)).rejects.toThrow(/__main__\.Net.*classes: \{ Net \}/s);
    const read = await torch.load(bytes, { classes: { Net } });
    const x = torch.arange(8).to("float32").reshape([2, 4]);
    expect(read[0]).toBeInstanceOf(Net);
    expect(read[0].in_features).toBe(4);
    expect(read[0].inFeatures).toBe(5);
    expect(read.training).toBe(false);
    expect(String(read)).toBe(String(model));
    expect(Object.keys(read.stateDict())).toEqual(Object.keys(model.stateDict()));
    expect(read(x)[0].tolist()).toEqual(model(x)[0].tolist());
    await expect(torch.load(bytes, { classes: { Net: Date } })).rejects.toThrow(/load: classes: Net must be a class/);
  });

  test("to a path, a stream, and from a Blob", async () => {
    await torch.save([1], at("a.pt"));
    expect(await torch.load(at("a.pt"))).toEqual([1]);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, {
      highWaterMark: 100,
    });
    await torch.save([2], writable);
    expect(await torch.load(await new Response(readable as ReadableStream).blob())).toEqual([2]);
    expect(await torch.load({ f: await torch.save([3]), mapLocation: { "cuda:0": "cpu" } })).toEqual([3]);
  });
});

describe("errors", () => {
  test.each([
    [{ a: [new Date()] }, /^save: the value\.a\[0\] is of the class Date/],
    [{ a: () => 1 }, /^save: the value\.a is function a/],
    [{ a: "\ud800" }, /^save: the value\.a has half of a surrogate pair/],
    [new Map([[[1], 1]]), /which Python cannot look up/],
    [new Float32Array(2), /of the class Float32Array/],
  ])("what cannot be saved is named by its place: %#", async (value, message) => {
    await expect(torch.save(value)).rejects.toThrow(message);
  });

  test("depth is bounded both ways", async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 5000; i++) deep = [deep];
    await expect(torch.save(deep)).rejects.toThrow(/nested more than 200 deep/);
    await expect(torch.load(legacy(`\x80\x02${"]".repeat(5000)}${"a".repeat(4999)}.`))).rejects.toThrow(
      /nested more than 200/,
    );
  });

  test("a tensor that changes while it is saved", async () => {
    const x = torch.zeros([1 << 22]);
    const changing = new WritableStream<Uint8Array>({
      write(piece) {
        if (piece.length > 1 << 20) x.add_(1);
      },
    });
    await expect(torch.save({ x }, changing)).rejects.toThrow(
      /^save: a tensor was changed or disposed of while it was saved/,
    );
    x.dispose();
    await expect(torch.save({ x })).rejects.toThrow(torch.DisposedError);
  });

  test("weightsOnly is the only way", async () => {
    await expect(torch.load(await torch.save(1), { weightsOnly: false })).rejects.toThrow(
      /^load: weightsOnly cannot be false/,
    );
  });

  test.each([
    ["cos\nsystem\n(S'echo hi'\ntR.", /os\.system.*state dict/s],
    ["\x80\x02cposix\nsystem\n.", /posix\.system/],
    ["\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.", /__builtin__\.eval/],
    ["\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", /no storage/],
    ["\x80\x02ctorch\nSize\n.", /a class or a function/],
    ["\x80\x02j\xff\xff\xff\xff.", /recalls value 4294967295/],
    ["\x80\x02Nr\xff\xff\xff\xff.", undefined],
    ["\x80\x02X\xff\xff\xff\x7fabc.", /ends within/],
    ["\x80\x02\x8b\xff\xff\xff\x7f.", /integer of/],
    ["\x80\x02cconstructor\nprototype\n.", /constructor\.prototype/],
    ["\x80\x02c__proto__\ntoString\n.", /__proto__\.toString/],
  ])("a hostile pickle: %j", async (pickle, message) => {
    const loading = torch.load(legacy(pickle));
    if (message === undefined) expect(await loading).toBe(null);
    else await expect(loading).rejects.toThrow(message);
    await loading.catch((error) => expect(error).toBeInstanceOf(torch.FormatError));
  });

  test.each(["nothing of the kind", "", "PK", "PK\x03\x04", "\x80\x02\x8a\x0a"])(
    "what is no checkpoint: %j",
    async (text) => {
      writeFileSync(at("none.pt"), text);
      await expect(torch.load(at("none.pt"))).rejects.toThrow(torch.FormatError);
      await expect(torch.load(at("none.pt"))).rejects.toThrow(/none\.pt/);
    },
  );

  test("no memory is left behind by what fails", async () => {
    const bytes = await torch.save([torch.ones([1000]), torch.ones([1000])]);
    const damaged = bytes.slice();
    damaged[damaged.length - 1500]! ^= 1;
    await torch.load(damaged).catch(() => {});
    const before = torch.memoryStats().allocated;
    for (let i = 0; i < 5; i++) await torch.load(damaged).catch(() => {});
    expect(torch.memoryStats().allocated).toBe(before);
  });
});

const python = "/usr/bin/python3";
let skipped: string | undefined;
try {
  execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
} catch {
  skipped = `skipped: ${python} has no torch`;
}

describe.skipIf(skipped)(`with real PyTorch ${skipped ?? ""}`, { timeout: 120_000 }, () => {
  let judged: any;
  const kinds = ["adam", "amsgrad", "sgd"] as const;
  const ours: Record<string, number[]> = {};

  function train(parameter: torch.Tensor, optimizer: torch.optim.Optimizer, steps: number): number[] {
    return Array.from({ length: steps }, () => {
      optimizer.zeroGrad();
      const loss = parameter
        .mul(torch.tensor([1, 2, 3], { dtype: "float32" }))
        .sub(1)
        .pow(2)
        .sum();
      loss.backward();
      optimizer.step();
      return loss.item() as number;
    });
  }

  const optimizerOf = (kind: string, parameter: torch.Tensor): torch.optim.Optimizer =>
    kind === "adam"
      ? new optim.Adam([parameter], { lr: 0.05, betas: [0.8, 0.99], weightDecay: 0.01 })
      : kind === "amsgrad"
        ? new optim.AdamW([parameter], { lr: 0.05, amsgrad: true })
        : new optim.SGD([parameter], { lr: 0.02, momentum: 0.9 });

  const model = new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU(), new nn.Linear(3, 2));

  beforeAll(async () => {
    const base = torch.arange(6).to("float32").reshape([2, 3]);
    const dtypes = [
      "float32",
      "float64",
      "float16",
      "bfloat16",
      "int64",
      "int32",
      "int16",
      "int8",
      "uint8",
      "bool",
    ] as const;
    const value: any = {
      ...{ i: 5, big: 2n ** 80n, f: 1.5, nz: -0, list: [1, [2]], tuple: Object.freeze([1, "a"]), none: null },
      ...{ map: new Map([[0, "zero"]]), set: new Set([1]), raw: new Uint8Array([0, 255]), size: torch.Size([2, 3]) },
      tensors: Object.fromEntries(dtypes.map((dtype) => [dtype, torch.tensor([0, 1, 1], { dtype })])),
      base,
      view: base.t(),
      parameter: new nn.Parameter(torch.ones([2])),
    };
    value.self = value;
    await torch.save(value, at("ours.pt"));
    for (const kind of kinds) {
      const parameter = new nn.Parameter(torch.tensor([0.5, -0.5, 1.5]));
      const optimizer = optimizerOf(kind, parameter);
      const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
      train(parameter, optimizer, 3);
      scheduler.step();
      await torch.save(
        { parameter, optimizer: optimizer.stateDict(), scheduler: scheduler.stateDict() },
        at(`ours-${kind}.pt`),
      );
      ours[kind] = train(parameter, optimizer, 5);
    }
    await torch.save(model, at("ours-model.pt"));
    const script = new URL("torch_check.py", import.meta.url).pathname;
    judged = JSON.parse(execFileSync(python, [script, folder], { encoding: "utf8" }));
  }, 120_000);

  test("values written here load there", () => {
    expect(judged.plain).toEqual({
      ...{ i: "5", big: String(2n ** 80n), f: "1.5", nz: "-0.0", list: "[1, [2]]", tuple: "(1, 'a')", none: "None" },
      ...{ map: "{0: 'zero'}", set: "{1}", raw: "b'\\x00\\xff'", size: "(2, 3)" },
    });
    for (const [dtype, [name, values]] of Object.entries(judged.tensors) as any) {
      expect(name).toBe(`torch.${dtype}`);
      expect(values).toEqual([0, 1, 1]);
    }
    expect(judged.shared).toEqual([
      [0, 6],
      [2, 8],
      [4, 10],
    ]);
    expect(judged.strides).toEqual([1, 3]);
    expect(judged.parameter).toEqual(["Parameter", true]);
    expect(judged.self).toBe(true);
  });

  test.each(kinds)("%s goes on there with the same losses, and here", async (kind) => {
    const [losses, rates] = judged.continued[kind];
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(ours[kind]![i]!, 5);
    for (const suffix of ["", "-legacy"]) {
      const saved = await torch.load(at(`theirs-${kind}${suffix}.pt`));
      const parameter: torch.Tensor = saved.parameter;
      const optimizer = optimizerOf(kind, parameter);
      optimizer.loadStateDict(saved.optimizer);
      const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
      scheduler.loadStateDict(saved.scheduler);
      for (const [i, loss] of train(parameter, optimizer, 5).entries())
        expect(loss).toBeCloseTo(judged.theirs[kind][i], 5);
      expect(scheduler.getLastLr()).toEqual(rates);
    }
  });

  test("whole models of layers load there and here", async () => {
    expect(judged.model[0]).toBe(
      "Sequential(\n  (0): Linear(in_features=4, out_features=3, bias=True)\n  (1): ReLU()\n  (2): Linear(in_features=3, out_features=2, bias=True)\n)",
    );
    const mine = model(torch.ones([2, 4])).tolist() as number[][];
    for (const [i, value] of judged.model[1].flat().entries()) expect(value).toBeCloseTo(mine.flat()[i]!, 5);
    const net = await torch.load(at("theirs-model.pt"));
    const out = net(torch.arange(16).to("float32").reshape([1, 1, 4, 4])).tolist();
    for (const [i, value] of judged.net.flat().entries()) expect(out.flat()[i]).toBeCloseTo(value, 4);
  });

  test("random states", async () => {
    torch.setRngState(await torch.load(at("theirs-random.pt")));
    for (const [i, value] of (torch.rand([3]).tolist() as number[]).entries())
      expect(value).toBeCloseTo(judged.random[i], 6);
  });

  test.each(["complex", "sparse", "quantized"])("%s tensors are an error that says so", async (kind) => {
    await expect(torch.load(at(`theirs-${kind}.pt`))).rejects.toThrow(new RegExp(`${kind}.*not there`));
  });
});

describe("mapLocation", () => {
  const { files } = JSON.parse(readFileSync(join(import.meta.dirname, "tar.json"), "utf8"));
  // Of a tensor on cuda:0.
  const file = new Uint8Array(gunzipSync(Buffer.from(files.cuda.file, "base64")));
  const values = async (mapLocation: torch.MapLocation | null) => {
    const { x } = await torch.load(file, { mapLocation });
    return [x.device, x.tolist()];
  };

  test.each<[what: string, mapLocation: torch.MapLocation | null]>([
    ["nothing", null],
    ["a device", "cpu"],
    ["another name of it", "wasm"],
    ["a device with its number", "cpu:0"],
    ["what torch.device gives", torch.device("cpu", 0)],
    ["an object", { "cuda:0": "cpu" }],
    ["an object without the location", { "cuda:1": "cpu" }],
    ["a Map", new Map([["cuda:0", "cpu:0" as const]])],
    ["a function that gives the storage", (storage) => storage],
    ["one that moves the storage", (storage) => storage.cpu()],
    ["one that gives a device", () => "cpu"],
    ["one that gives nothing", () => null],
  ])("%s", async (_what, mapLocation) => {
    expect(await values(mapLocation)).toEqual(["cpu", [1, 2]]);
  });

  test("a function gets the storage and its location", async () => {
    const seen: unknown[] = [];
    await values((storage, location) => {
      seen.push([location, storage.device, storage.dtype, storage.size(), storage.nbytes()]);
      return storage;
    });
    expect(seen).toEqual([["cuda:0", "cpu", "float32", 2, 8]]);
  });

  test.each<[what: string, mapLocation: any, message: RegExp]>([
    ["a device that is not there", "cuda:0", /^load: mapLocation is "cuda:0", which is not there: map to "cpu"/],
    ["one in an object", { "cuda:0": "cuda:1" }, /^load: mapLocation\["cuda:0"\] is "cuda:1", which is not there/],
    ["one from a function", () => "mps", /^load: what mapLocation gave for "cuda:0" is "mps", which is not there/],
    ["storage.cuda()", (storage: torch.LoadingStorage) => storage.cuda(), /^load: .*"cuda:0", which is not there/],
    ["no device", "gpu0", /^load: mapLocation must be a device such as "cpu", got "gpu0"/],
    ["a number", 3, /^load: mapLocation must be a device, an object of devices by location, a function/],
    ["an object of numbers", { "cuda:0": 0 }, /^load: mapLocation must map the file's locations to devices.*got 0/],
    ["a function that gives a number", () => 5, /^load: mapLocation must give the storage, a device or null, got 5/],
  ])("%s is an error that says what to do", async (_what, mapLocation, message) => {
    const { blocks } = torch.memoryStats();
    await expect(torch.load(file, { mapLocation })).rejects.toThrow(message);
    expect(torch.memoryStats().blocks).toBe(blocks);
  });
});
