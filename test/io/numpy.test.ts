/** NumPy's files: written here and read by NumPy, and the other way; and what is no such file. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "kindling-numpy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);

/** A file of a header as it is written, and data. */
function npy(header: string, data: Uint8Array | readonly number[] = [], version = 1): Uint8Array {
  const text = Buffer.from(header, version === 3 ? "utf8" : "latin1");
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(text.length);
  else length.writeUInt32LE(text.length);
  return new Uint8Array(
    Buffer.concat([Buffer.from([0x93, 78, 85, 77, 80, 89, version, 0]), length, text, Buffer.from(data)]),
  );
}

const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const valid: [what: string, file: Uint8Array, dtype: string, shape: number[], values: unknown][] = [
  ["a vector", npy(header("'<f4'", "(2,)"), bytesOf(Float32Array.of(1.5, -2))), "float32", [2], [1.5, -2]],
  ["a scalar", npy(header("'<f8'", "()"), bytesOf(Float64Array.of(0.1))), "float64", [], 0.1],
  ["nothing", npy(header("'<i8'", "(0, 3)")), "int64", [0, 3], []],
  ["big-endian numbers", npy(header("'>i2'", "(2,)"), [1, 2, 255, 254]), "int16", [2], [258, -2]],
  ["big-endian int64", npy(header("'>i8'", "(1,)"), [0, 0, 0, 0, 0, 0, 1, 0]), "int64", [1], [256]],
  ["halves", npy(header("'<f2'", "(2,)"), [0, 0x3c, 0, 0xc0]), "float16", [2], [1, -2]],
  ["truth values", npy(header("'|b1'", "(3,)"), [1, 0, 1]), "bool", [3], [true, false, true]],
  [
    "Fortran's order",
    npy(header("'|u1'", "(2, 3)", "True"), [1, 2, 3, 4, 5, 6]),
    "uint8",
    [2, 3],
    [
      [1, 3, 5],
      [2, 4, 6],
    ],
  ],
  ["uint16", npy(header("'<u2'", "(2,)"), [255, 255, 1, 0]), "int32", [2], [65535, 1]],
  ["big-endian uint16", npy(header("'>u2'", "(1,)"), [255, 254]), "int32", [1], [65534]],
  ["uint32", npy(header("'<u4'", "(2,)"), [255, 255, 255, 255, 2, 0, 0, 0]), "int64", [2], [4294967295, 2]],
  ["uint64", npy(header("'<u8'", "(1,)"), [7, 0, 0, 0, 0, 0, 0, 0]), "int64", [1], [7]],
  ["version 2", npy(header("'|i1'", "(1,)"), [255], 2), "int8", [1], [-1]],
  ["version 3", npy(header("'|i1'", "(1,)"), [255], 3), "int8", [1], [-1]],
  ["Python 2's integers", npy(header("'|i1'", "(2L,)"), [1, 2]), "int8", [2], [1, 2]],
  [
    "other quotation marks and order",
    npy(`{"shape":(1,),"fortran_order":False,"descr":"|u1"}`, [9]),
    "uint8",
    [1],
    [9],
  ],
  ["what follows the array", npy(header("'|u1'", "(1,)"), [9, 1, 2, 3]), "uint8", [1], [9]],
];

const refused: [what: string, file: Uint8Array, words: RegExp][] = [
  ["nothing", new Uint8Array(0), /no file of NumPy's/],
  ["another file", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), /no file of NumPy's/],
  ["a truncated magic", npy("").subarray(0, 6), /ends within its header/],
  ["version 4", npy(header("'|u1'", "(1,)"), [1], 4), /version 4\.0/],
  ["a truncated header", npy(header("'|u1'", "(1,)"), [1]).subarray(0, 30), /ends within its header/],
  ["truncated data", npy(header("'<f4'", "(2,)"), [0, 0, 0, 0]), /takes 8 bytes, but 4 follow/],
  ["a huge shape", npy(header("'<f8'", "(99999999999, 1000)")), /takes \d+ bytes/],
  ["sizes that overflow", npy(header("'<f8'", "(4294967296, 4294967296, 0)")), /overflow/],
  ["a negative size", npy(header("'|u1'", "(-1,)"), [1]), /shape is \[-1\]/],
  ["a number as the shape", npy(header("'|u1'", "(1)"), [1]), /shape is 1/],
  ["65 axes", npy(header("'|u1'", `(${"1,".repeat(65)})`), [1]), /65 axes/],
  ["structures", npy(header("[('a', '<f4'), ('b', '<i4')]", "(1,)"), [0]), /structured: \[\["a","<f4"\]/],
  ["Python objects", npy(header("'|O'", "(1,)"), [0]), /'\|O' is of Python objects/],
  ["texts", npy(header("'<U5'", "(1,)"), [0]), /'<U5' is of texts/],
  ["byte strings", npy(header("'|S5'", "(1,)"), [0]), /'\|S5' is of byte strings/],
  ["complex numbers", npy(header("'<c8'", "(1,)"), [0]), /'<c8' is of complex/],
  ["dates", npy(header("'<M8[ns]'", "(1,)"), [0]), /of dates/],
  ["long doubles", npy(header("'<f16'", "(1,)"), [0]), /long doubles/],
  ["a dtype of a prototype", npy(header("'constructor'", "(1,)"), [0]), /not known/],
  [
    "a uint64 beyond int64",
    npy(header("'<u8'", "(1,)"), [0, 0, 0, 0, 0, 0, 0, 128]),
    /element 0 is 9223372036854775808/,
  ],
  ["a truth value 2", npy(header("'|b1'", "(2,)"), [1, 2]), /element 1 is 2/],
  ["a missing key", npy("{'descr': '|u1', 'shape': (1,)}", [1]), /keys descr, shape/],
  ["a key twice", npy("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", [1]), /occurs twice/],
  ["code", npy("__import__('os').system('true')"), /no dict of Python/],
  ["deep nesting", npy("(".repeat(60000)), /levels deep/],
];

describe("load", () => {
  test.each(valid)("takes %s", async (_, file, dtype, shape, values) => {
    const x = (await torch.numpy.load(file)) as torch.Tensor;
    expect([x.dtype, x.shape, x.tolist()]).toEqual([dtype, shape, values]);
    // Node's buffers may lie anywhere in a larger one.
    const y = (await torch.numpy.load(Buffer.from(file))) as torch.Tensor;
    expect(y.tolist()).toEqual(values);
  });

  test.each(refused)("refuses %s, and keeps nothing", async (_, file, words) => {
    const { blocks } = torch.memoryStats();
    const error = await torch.numpy.load(file).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(torch.FormatError);
    expect((error as Error).message).toMatch(words);
    expect(torch.memoryStats().blocks).toBe(blocks);
  });

  test("Blobs, and files by path", async () => {
    const file = npy(header("'|u1'", "(2,)"), [3, 4]);
    const x = (await torch.numpy.load(new Blob([file as Uint8Array<ArrayBuffer>]))) as torch.Tensor;
    expect(x.tolist()).toEqual([3, 4]);
    await expect(torch.numpy.load(path("missing.npy"))).rejects.toThrow(/numpy\.load: .*missing\.npy/);
    await expect(torch.numpy.load(3 as never)).rejects.toThrow(torch.ArgumentError);
  });
});

/** A zip archive with one entry whose sizes may be lies. */
function zip(entries: { name: string; data: Uint8Array; method?: number; size?: number; crc?: number }[]): Uint8Array {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, data, method = 0, size = data.length, crc = 0 } of entries) {
    const label = Buffer.from(name);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(label.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc, 16);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(label.length, 28);
    entry.writeUInt32LE(at, 42);
    local.push(head, label, Buffer.from(data));
    central.push(entry, label);
    at += 30 + label.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...local, directory, end]));
}

describe("archives", () => {
  const tensors = () => ({
    "": torch.tensor([1, 2]),
    __proto__x: torch.tensor([[1n, -2n]]),
    "a/b.npy": torch.randn(3, 4).half(),
    mask: torch.tensor([true, false]),
    scalar: torch.tensor(2.5, { dtype: "float64" }),
    empty: torch.zeros(0, 2, { dtype: "int16" }),
  });

  test.each([false, true])("what is saved is loaded, compressed: %s", async (compressed) => {
    const given: Record<string, torch.Tensor> = tensors();
    Object.defineProperty(given, "__proto__", { value: torch.ones(1), enumerable: true });
    const bytes = await torch.numpy.encode(given, { compressed });
    const loaded = (await torch.numpy.load(bytes)) as Record<string, torch.Tensor>;
    expect(Object.keys(loaded)).toEqual(Object.keys(given));
    for (const [name, x] of Object.entries(loaded)) {
      const want = Object.entries(given).find(([key]) => key === name)![1];
      expect([name, x.dtype, x.shape, x.tolist()]).toEqual([name, want.dtype, want.shape, want.tolist()]);
    }
    expect(Object.getPrototypeOf(loaded)).toBe(Object.prototype);
    expect(await torch.numpy.encode(given, { compressed })).toEqual(bytes);
  });

  test("some of the arrays, and lists", async () => {
    await torch.numpy.savez(path("list"), [torch.tensor([1]), torch.tensor([2])]);
    const { arr_1, ...others } = await torch.numpy.load(path("list.npz") as "list.npz", { keys: ["arr_1"] });
    expect([arr_1!.tolist(), others]).toEqual([[2], {}]);
    await expect(torch.numpy.load(path("list.npz"), { keys: ["x"] })).rejects.toThrow(
      /no array "x"; it has "arr_0", "arr_1"/,
    );
  });

  const array = npy(header("'|u1'", "(3,)"), [1, 2, 3]);
  const zeros = npy(header("'|u1'", "(1000000,)"), new Uint8Array(1e6));
  test.each([
    [
      "a name twice",
      zip([
        { name: "a.npy", data: array },
        { name: "a.npy", data: array },
      ]),
      /two arrays "a"/,
    ],
    ["a wrong checksum", zip([{ name: "a.npy", data: array }]), /checksum/],
    [
      "a size that is too small",
      zip([{ name: "a.npy", data: deflateRawSync(zeros), method: 8, size: 2000 }]),
      /size or the checksum/,
    ],
    ["a bomb", zip([{ name: "a.npy", data: deflateRawSync(zeros), method: 8, size: 4e9 }]), /claims 4000000000 bytes/],
    ["another packing", zip([{ name: "a.npy", data: array, method: 14 }]), /packed in a way/],
    ["objects", zip([{ name: "a.npy", data: npy(header("'|O'", "(1,)"), [1]) }]), /"a\.npy" in .* Python objects/],
  ])("refuses %s, and keeps nothing", async (_, file, words) => {
    const { blocks } = torch.memoryStats();
    await expect(torch.numpy.load(file)).rejects.toThrow(words);
    await expect(torch.numpy.load(file)).rejects.toThrow(torch.FormatError);
    expect(torch.memoryStats().blocks).toBe(blocks);
  });

  test("what cannot be written", async () => {
    const x = torch.ones(1);
    await expect(torch.numpy.save(path("x"), x.bfloat16())).rejects.toThrow(/bfloat16, which NumPy does not have/);
    await expect(torch.numpy.savez(path("x"), { a: 1 } as never)).rejects.toThrow(/"a" must be a Tensor/);
    await expect(torch.numpy.savez(path("x"), x as never)).rejects.toThrow(/takes an object of tensors/);
    await expect(torch.numpy.savez(path("x"), { "\0": x })).rejects.toThrow(/no name for an array/);
    await expect(torch.numpy.save(3 as never, x)).rejects.toThrow(/file must be a path/);
    expect(existsSync(path("x.npz"))).toBe(false);
  });
});

const python = "/usr/bin/python3";
const hasNumpy = (() => {
  try {
    execFileSync(python, ["-c", "import numpy"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const run = (code: string): string => execFileSync(python, ["-c", code], { cwd: folder, encoding: "utf8" }).trim();

describe.skipIf(!hasNumpy)(`with NumPy${hasNumpy ? "" : ` (skipped: ${python} has no numpy)`}`, () => {
  const dtypes = ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"] as const;

  test("NumPy reads what is written here", async () => {
    const arrays: Record<string, torch.Tensor> = {};
    for (const dtype of dtypes) arrays[dtype] = torch.arange(6).reshape(2, 3).sub(1).abs().to({ dtype });
    arrays.t = torch.arange(6).reshape(2, 3).t();
    arrays.scalar = torch.tensor(3);
    arrays.empty = torch.zeros(0, 4);
    await torch.numpy.savez(path("all"), arrays);
    await torch.numpy.savezCompressed(path("packed.npz"), arrays);
    await torch.numpy.save(path("one"), arrays.t!);
    const code = `
import numpy as np
for file in "all.npz", "packed.npz":
    with np.load(file) as z:
        for k in z.files:
            print(k, z[k].dtype, z[k].shape, z[k].tolist(), z[k].flags.f_contiguous)
x = np.load("one.npy")
print(x.tolist(), x.flags.f_contiguous)`;
    const plain = dtypes.map((dtype) => {
      const values =
        dtype === "bool"
          ? "[[True, False, True], [True, True, True]]"
          : dtype.includes("float")
            ? "[[1.0, 0.0, 1.0], [2.0, 3.0, 4.0]]"
            : "[[1, 0, 1], [2, 3, 4]]";
      return `${dtype} ${dtype} (2, 3) ${values} False`;
    });
    const other = [
      "t float32 (3, 2) [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] True",
      "scalar float32 () 3.0 True",
      "empty float32 (0, 4) [] True",
    ];
    const intsAsFloats = (lines: string[]) => lines.join("\n");
    const t = arrays.t!.dtype;
    const expected = [
      ...plain,
      ...other.map((line) =>
        t === "int64" ? line.replace(/^t .*/, "t int64 (3, 2) [[0, 3], [1, 4], [2, 5]] True") : line,
      ),
    ];
    const last = t === "int64" ? "[[0, 3], [1, 4], [2, 5]] True" : "[[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] True";
    expect(run(code)).toBe(intsAsFloats([...expected, ...expected, last]));
  });

  test("what NumPy writes is read here", async () => {
    run(`
import numpy as np
a = np.arange(24).reshape(2, 3, 4)
arrays = {t: a.astype(t) for t in "<f4 >f4 <f8 >f8 <f2 >f2 <i8 >i8 <i4 >i4 <i2 >i2 i1 u1 <u2 >u2 <u4 >u4 <u8 >u8".split()}
np.savez("theirs.npz", bool=a % 2 == 0, f=np.asfortranarray(a), s=np.float64(2), e=a[:0], **arrays)
np.savez_compressed("packed2.npz", **arrays)
np.save("theirs.npy", np.asfortranarray(a[0]))`);
    for (const file of ["theirs.npz", "packed2.npz"]) {
      const arrays = (await torch.numpy.load(path(file))) as Record<string, torch.Tensor>;
      const want = torch.arange(24).reshape(2, 3, 4).double();
      for (const [name, x] of Object.entries(arrays))
        if (/^[<>]?[fiu]\d$/.test(name)) expect([name, torch.equal(x.double(), want)]).toEqual([name, true]);
      if (file !== "theirs.npz") continue;
      expect(torch.equal(arrays.f!.double(), want)).toBe(true);
      expect(arrays.f!.stride()).toEqual([1, 2, 6]);
      expect(arrays.bool!.flatten().tolist().slice(0, 3)).toEqual([true, false, true]);
      expect([arrays.s!.item(), arrays.e!.shape]).toEqual([2, [0, 3, 4]]);
    }
    const x = await torch.numpy.load(path("theirs.npy") as "theirs.npy");
    expect(x.tolist()).toEqual(torch.arange(12).reshape(3, 4).tolist());
    expect(readFileSync(path("theirs.npy"))).toEqual(Buffer.from(await torch.numpy.encode(x)));
  });
});
