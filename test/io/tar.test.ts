/** The oldest format, of PyTorch 0.1: files that `tar_fixture.py` wrote, and what PyTorch 1.13 reads in them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

interface Described {
  readonly dtype: string;
  readonly shape: number[];
  readonly stride: number[];
  readonly values: number[];
}
const { files } = JSON.parse(readFileSync(join(import.meta.dirname, "tar.json"), "utf8")) as {
  files: Record<"state" | "nested" | "cuda" | "model", { file: string; expected: any }>;
};
const bytesOf = (name: keyof typeof files) => new Uint8Array(gunzipSync(Buffer.from(files[name].file, "base64")));

function describedAs(x: unknown): unknown {
  if (x instanceof torch.Tensor) {
    const values = (x.to("float64").flatten().tolist() as number[]).map(Number);
    return { dtype: x.dtype, shape: [...x.shape], stride: [...x.strides], values };
  }
  if (Array.isArray(x)) return x.map(describedAs);
  if (typeof x !== "object" || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([key, item]) => [key, describedAs(item)]));
}

test.each(["state", "nested", "cuda"] as const)("%s has PyTorch's values, shapes and strides", async (name) => {
  expect(describedAs(await torch.load(bytesOf(name)))).toEqual(files[name].expected);
});

test("views, and storages that are parts of others, share their memory", async () => {
  const { weight, transposed, row, same, base, part } = await torch.load(bytesOf("state"));
  expect(same).toBe(weight);
  weight.fill_(7);
  expect(transposed.tolist().flat()).toEqual(Array(12).fill(7));
  expect(row.tolist()).toEqual([7, 7, 7, 7]);
  base.mul_(2);
  expect(part.tolist()).toEqual([6, 8, 10, 12]);
});

test("a module is one of the same class", async () => {
  const model = await torch.load(bytesOf("model"));
  expect(model).toBeInstanceOf(torch.nn.Sequential);
  const { state, output } = files.model.expected as { state: Record<string, Described>; output: number[][] };
  expect(describedAs(model.stateDict())).toEqual(state);
  const y = model(torch.ones([1, 3]));
  expect(torch.allclose(y, torch.tensor(output))).toBe(true);
});

describe("hostile ones are errors that name the file", () => {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const changed = (from: string, to: string, name: keyof typeof files = "state") => {
    const before = text(bytesOf(name));
    expect(before).toContain(from);
    expect(from.length).toBe(to.length);
    return new Uint8Array(Buffer.from(before.replace(from, to), "latin1"));
  };
  const int64 = (...values: number[]) => text(new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer));

  test.each<[what: string, file: () => Uint8Array, message: RegExp]>([
    ["a shape beyond its storage", () => changed(int64(3, 4, 4, 1), int64(3, 2 ** 40, 4, 1)), /beyond its 12 elements/],
    [
      "a stride beyond its storage",
      () => changed(int64(3, 4, 4, 1), int64(3, 4, 2 ** 50, 1)),
      /beyond its 12 elements/,
    ],
    ["a negative size", () => changed(int64(3, 4, 4, 1), int64(-3, 4, 4, 1)), /no shape, strides or offset/],
    ["more axes than there can be", () => changed("\x02\0\0\0\0\0\0\0", "\xff\xff\xff\x7f\0\0\0\0"), /2147483647 axes/],
    ["a storage beyond the file", () => changed(int64(12), int64(2 ** 45)), /truncated or damaged|lie beyond/],
    ["a storage of less than nothing", () => changed(int64(12), int64(-12)), /truncated or damaged|no storage/],
    [
      "a part that lies beyond its storage",
      () => changed("K\x03K\x04t", "K\x03K\xfft"),
      /part of a storage lies beyond it/,
    ],
    ["a tensor that is not there", () => changed("93000000000000", "93000000000001"), /tensor that is not there/],
    ["no pickle", () => changed("pickle\0", "tickle\0"), /truncated|damaged|no pickle|checksum/],
    [
      "a class that runs code",
      () =>
        changed(
          "torch.nn.modules.linear\nLinear",
          "os\nsystem\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20",
          "model",
        ),
      /os\.system/,
    ],
  ])("%s", async (_what, file, message) => {
    const { blocks } = torch.memoryStats();
    await expect(torch.load(file())).rejects.toThrow(message);
    await expect(torch.load(file())).rejects.toThrow(torch.FormatError);
    expect(torch.memoryStats().blocks).toBe(blocks);
  });

  test("every truncation", { timeout: 60_000 }, async () => {
    const whole = bytesOf("state");
    // The archive ends with blocks of zeros, which nobody needs.
    const end = whole.findLastIndex((byte) => byte !== 0);
    for (let size = 0; size < end; size += 307)
      await expect(torch.load(whole.slice(0, size))).rejects.toThrow(torch.FormatError);
  });
});
