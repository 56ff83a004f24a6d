/** Safetensors files that are read by tensor and by part, written as a stream, and spread over several files. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";

const { safetensors } = torch;
const folder = mkdtempSync(join(tmpdir(), "kindling-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);

const tensors = () => ({
  a: torch.arange(120).reshape(4, 5, 6),
  b: torch.tensor([1.5, -2]).bfloat16(),
  c: torch.tensor([true, false]),
  d: torch.tensor(3),
});

describe("safeOpen", () => {
  test("names, texts, and one tensor at a time", async () => {
    const given = tensors();
    const bytes = safetensors.save(given, { format: "pt" });
    await safetensors.saveFile(given, path("m.safetensors"), { format: "pt" });
    for (const source of [path("m.safetensors"), bytes, new Blob([bytes as Uint8Array<ArrayBuffer>])]) {
      const file = await safetensors.safeOpen(source);
      expect(file.keys()).toEqual(["a", "b", "c", "d"]);
      expect(file.metadata()).toEqual({ format: "pt" });
      for (const [name, want] of Object.entries(given)) {
        const x = await file.getTensor(name);
        expect([x.dtype, x.shape, x.tolist()]).toEqual([want.dtype, want.shape, want.tolist()]);
      }
      await expect(file.getTensor("x")).rejects.toThrow(/has no tensor "x"; it has 4: "a", "b"/);
      await file.close();
      await file.close();
      await expect(file.getTensor("a")).rejects.toThrow(torch.StateError);
    }
  });

  test.each([
    [[1]],
    [[-1]],
    [["1:3"]],
    [[":", "2:4"]],
    [["1:", ":", "::2"]],
    [[2, 3, 1]],
    [[0, "1:4", "2:5"]],
    [["...", 0]],
    [[torch.slice(null, 2), "...", torch.slice(1, null, 3)]],
    [["3:1"]],
    [["0:4", "0:5", "0:6"]],
    [[]],
  ] as Parameters<torch.Tensor["at"]>[][])("a part %j", async (items) => {
    const { a } = tensors();
    const file = await safetensors.safeOpen(safetensors.save({ pad: torch.ones(3), a }));
    const part = file.getSlice("a");
    expect([await part.getShape(), await part.getDtype()]).toEqual([[4, 5, 6], a.dtype]);
    const [x, want] = [await part.at(...items), a.at(...items)];
    expect([x.shape, x.tolist()]).toEqual([want.shape, want.tolist()]);
  });

  test("parts that cannot be asked for", async () => {
    const file = await safetensors.safeOpen(safetensors.save(tensors()));
    await expect(file.getSlice("a").at(4)).rejects.toThrow(/index 4 is out of bounds/);
    await expect(file.getSlice("a").at(0, 0, 0, 0)).rejects.toThrow(torch.IndexError);
    await expect(file.getSlice("a").at([0, 1])).rejects.toThrow(/integers and slices/);
  });

  test("one tensor of a file of 4 GiB, and rows of a large one, in little memory", { timeout: 60_000 }, async () => {
    const name = path("large.safetensors");
    const size = 2 ** 32;
    const text = JSON.stringify({
      large: { dtype: "F32", shape: [2 ** 20, 1024], data_offsets: [0, size] },
      last: { dtype: "F32", shape: [3], data_offsets: [size, size + 12] },
    }).padEnd(256);
    const file = await open(name, "w");
    await file.truncate(8 + 256 + size + 12);
    await file.write(new Uint8Array(new BigUint64Array([256n]).buffer), 0, 8, 0);
    await file.write(text, 8);
    await file.write(new Uint8Array(Float32Array.of(1, 2, 3).buffer), 0, 12, 264 + size);
    await file.write(new Uint8Array(Float32Array.of(7).buffer), 0, 4, 264 + (500_000 * 1024 + 5) * 4);
    await file.close();
    const before = process.memoryUsage().rss;
    const handle = await safetensors.safeOpen(name);
    expect((await handle.getTensor("last")).tolist()).toEqual([1, 2, 3]);
    expect((await handle.getSlice("large").at("499999:500001", "4:6")).tolist()).toEqual([
      [0, 0],
      [0, 7],
    ]);
    await handle.close();
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(50);
    rmSync(name);
  });
});

describe("dtypes that tensors do not have", () => {
  const file = (dtype: string, bytes: number[], size: number) => {
    const text = JSON.stringify({ a: { dtype, shape: [bytes.length / size], data_offsets: [0, bytes.length] } });
    return Uint8Array.of(text.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(text), ...bytes);
  };
  test.each([
    ["U16", [255, 255], 2, "int32", [65535]],
    ["U32", [255, 255, 255, 255], 4, "int64", [4294967295]],
    ["U64", [5, 0, 0, 0, 0, 0, 0, 0], 8, "int64", [5]],
  ] as const)("%s is widened", async (dtype, bytes, size, kept, values) => {
    const x = safetensors.load(file(dtype, [...bytes], size)).a!;
    const y = (await safetensors.loadFile(file(dtype, [...bytes], size))).a!;
    for (const z of [x, y]) expect([z.dtype, z.tolist()]).toEqual([kept, values]);
  });

  test("others are errors", () => {
    expect(() => safetensors.load(file("U64", [0, 0, 0, 0, 0, 0, 0, 255], 8))).toThrow(/element 0 is .* int64/);
    expect(() => safetensors.load(file("F8_E4M3", [0], 1))).toThrow(/its dtype F8_E4M3 is one that no tensor has/);
    expect(() => safetensors.load(file("C64", [0, 0, 0, 0, 0, 0, 0, 0], 8))).toThrow(/C64 is one that no tensor has/);
  });
});

describe("sets", () => {
  const set = () => ({ a: torch.ones(10), b: torch.zeros(10), big: torch.arange(50), c: torch.ones(2) });

  test("are written with an index, and read whole or by name", async () => {
    const given = set();
    await safetensors.saveFile(given, path("set.safetensors"), { format: "pt" }, { maxShardSize: 80 });
    expect(readdirSync(folder).filter((name) => name.startsWith("set"))).toEqual([
      "set-00001-of-00003.safetensors",
      "set-00002-of-00003.safetensors",
      "set-00003-of-00003.safetensors",
      "set.safetensors.index.json",
    ]);
    const all = await safetensors.loadFile(path("set.safetensors.index.json"));
    expect(Object.keys(all)).toEqual(["a", "b", "big", "c"]);
    for (const [name, x] of Object.entries(given)) expect(torch.equal(all[name]!, x)).toBe(true);
    const file = await safetensors.safeOpen(path("set.safetensors.index.json"));
    expect((await file.getTensor("c")).tolist()).toEqual([1, 1]);
    expect((await file.getSlice("big").at("3:5")).tolist()).toEqual([3, 4]);
    expect(file.metadata()).toEqual({ total_size: String(22 * 4 + 50 * given.big.elementSize()) });
    await file.close();
    await safetensors.saveFile(given, path("whole.safetensors"), { maxShardSize: "1MB" });
    expect(safetensors.metadata(new Uint8Array(readFileSync(path("whole.safetensors"))))).toEqual({});
    expect(Object.keys(await safetensors.loadFile(path("whole.safetensors")))).toEqual(["a", "b", "big", "c"]);
  });

  test("sizes that are none", async () => {
    for (const size of ["5 bananas", "", "0GB", {}])
      await expect(safetensors.saveFile(set(), path("x"), { maxShardSize: size } as never)).rejects.toThrow(
        /maxShardSize must be/,
      );
    await expect(safetensors.saveFile(set(), path("x"), { maxShardSize: 0 })).rejects.toThrow(torch.ValueError);
  });

  test.each([
    ["no JSON", "{", /index of safetensors/],
    ["no map", "{}", /weight_map/],
    ["a file that is no text", '{"weight_map":{"a":1}}', /is 1, no text/],
    ["a file outside", '{"weight_map":{"a":"../m.safetensors"}}', /outside of the folder/],
    ["an absolute file", '{"weight_map":{"a":"/etc/passwd"}}', /outside of the folder/],
    ["another drive", '{"weight_map":{"a":"C:m.safetensors"}}', /outside of the folder/],
    ["a URL", '{"weight_map":{"a":"https://example.org/m.safetensors"}}', /outside of the folder/],
    ["back slashes", '{"weight_map":{"a":"..\\\\m.safetensors"}}', /outside of the folder/],
    ["a name twice", '{"weight_map":{"a":"m","a":"n"}}', /occurs twice/],
    [
      "a file that is not there",
      '{"weight_map":{"a":"gone.safetensors"}}',
      /gone\.safetensors": there is no such file/,
    ],
    [
      "a tensor that is not there",
      '{"weight_map":{"missing":"one.safetensors"}}',
      /tensor "missing" is in "one\.safetensors", which does not have it/,
    ],
  ])("an index with %s", async (_, text, words) => {
    await safetensors.saveFile({ a: torch.ones(1) }, path("one.safetensors"));
    writeFileSync(path("bad.index.json"), text);
    const { blocks } = torch.memoryStats();
    const error = await safetensors.loadFile(path("bad.index.json")).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(torch.KindlingError);
    expect((error as Error).message).toMatch(words);
    expect(torch.memoryStats().blocks).toBeLessThanOrEqual(blocks);
  });
});

test("a damaged file is named, and nothing is kept", async () => {
  const bytes = safetensors.save({ a: torch.ones(4) });
  writeFileSync(path("cut.safetensors"), bytes.subarray(0, bytes.length - 1));
  await expect(safetensors.loadFile(path("cut.safetensors"))).rejects.toThrow(/truncated \(in ".*cut\.safetensors"\)/);
});

test("a file that cannot be written whole leaves the old one", async () => {
  await safetensors.saveFile({ a: torch.ones(2) }, path("old.safetensors"));
  const gone = torch.ones(2);
  gone.dispose();
  await expect(safetensors.saveFile({ a: torch.ones(2), gone }, path("old.safetensors"))).rejects.toThrow(
    torch.DisposedError,
  );
  expect((await safetensors.loadFile(path("old.safetensors"))).a!.tolist()).toEqual([1, 1]);
  expect(execFileSync("ls", ["-a", folder], { encoding: "utf8" })).not.toMatch(/\.tmp/);
});
