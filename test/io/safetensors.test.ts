import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { safetensors } = torch;

/** A file of a header as it is written, and data. */
function fileOf(header: string | Uint8Array, data: Uint8Array | number = 0): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + text.length + bytes.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(bytes, 8 + text.length);
  return file;
}

const entry = (begin: number, end: number, shape = `[${(end - begin) / 4}]`, dtype = "F32") =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

const valid: [what: string, file: Uint8Array, shapes: Record<string, number[]>][] = [
  ["no tensors", fileOf("{}"), {}],
  ["spaces after the header", fileOf(`{"a":${entry(0, 4)}}   `, 4), { a: [1] }],
  ["another order than the data's", fileOf(`{"b":${entry(4, 12)},"a":${entry(0, 4)}}`, 12), { b: [2], a: [1] }],
  [
    "empty tensors between others",
    fileOf(`{"a":${entry(0, 4)},"e":${entry(4, 4, "[0,7]")}}`, 4),
    { a: [1], e: [0, 7] },
  ],
  ["a scalar", fileOf(`{"a":${entry(0, 4, "[]")}}`, 4), { a: [] }],
  ["an empty name", fileOf(`{"":${entry(0, 4)}}`, 4), { "": [1] }],
  ["space within", fileOf(`{\n "a" : {"dtype":"F32",\t"shape":[ 1 ],"data_offsets":[0,4]} }`, 4), { a: [1] }],
  [
    "fields of later versions",
    fileOf(`{"a":{"x":[1.5,{}],"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
    { a: [1] },
  ],
  ["escapes in names", fileOf(`{"\\u00e4\\n\\"\\\\":${entry(0, 4)}}`, 4), { 'ä\n"\\': [1] }],
  ["metadata", fileOf(`{"__metadata__":{"format":"pt","__proto__":"x"},"a":${entry(0, 4)}}`, 4), { a: [1] }],
];

const utf8 = (text: string) => new TextEncoder().encode(text);
const broken = utf8(`{"a?":${entry(0, 4)}}`);
broken[3] = 0xff;

const refused: [what: string, file: Uint8Array, words: RegExp][] = [
  ["nothing", new Uint8Array(0), /before its header/],
  ["a header beyond the file", fileOf("{}").subarray(0, 9), /truncated/],
  ["a header of 2^63 bytes", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123, 125), /claims 9223372036854776000/],
  ["a header of no bytes", fileOf(""), /does not begin/],
  ["another value", fileOf("[]"), /does not begin/],
  ["space before the header", fileOf(" {}"), /does not begin/],
  ["a byte order mark", fileOf("\ufeff{}"), /does not begin/],
  ["bytes that are no text", fileOf(broken, 4), /no UTF-8/],
  ["padding other than spaces", fileOf("{}\0"), /other than spaces/],
  ["a second value", fileOf("{}{}"), /other than spaces/],
  ["deep nesting", fileOf(`{"a":${"[".repeat(100000)}`), /levels deep/],
  ["a name twice", fileOf(`{"a":${entry(0, 4)},"a":${entry(4, 8)}}`, 8), /"a\\?" occurs twice/],
  ["a name twice, spelled in two ways", fileOf(`{"a":${entry(0, 4)},"\\u0061":${entry(0, 4)}}`, 4), /occurs twice/],
  ["a field twice", fileOf(`{"a":{"dtype":"F32","shape":[2],"shape":[1],"data_offsets":[0,4]}}`, 4), /occurs twice/],
  ["metadata twice", fileOf(`{"__metadata__":{},"__metadata__":{}}`), /occurs twice/],
  ["metadata that is no text", fileOf(`{"__metadata__":{"a":1}}`), /texts/],
  ["metadata that is no map", fileOf(`{"__metadata__":"a"}`), /texts/],
  ["metadata null", fileOf(`{"__metadata__":null}`), /texts/],
  ["half of a surrogate pair", fileOf(`{"\\ud800":${entry(0, 4)}}`, 4), /surrogate/],
  ["a control character in a name", fileOf(`{"\n":${entry(0, 4)}}`, 4), /control character/],
  ["an entry that is no object", fileOf(`{"a":null}`), /"a": expected/],
  ["no dtype", fileOf(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, 4), /unknown dtype undefined/],
  ["an unknown dtype", fileOf(`{"a":${entry(0, 4, "[1]", "F33")}}`, 4), /unknown dtype "F33"/],
  ["a dtype of a prototype", fileOf(`{"a":${entry(0, 4, "[1]", "constructor")}}`, 4), /unknown dtype/],
  ["a size that is a fraction", fileOf(`{"a":${entry(0, 4, "[1.0]")}}`, 4), /invalid shape \[1\.0\]/],
  ["a size with an exponent", fileOf(`{"a":${entry(0, 4, "[1e0]")}}`, 4), /invalid shape \[1e0\]/],
  ["a negative size", fileOf(`{"a":${entry(0, 4, "[-1]")}}`, 4), /invalid shape \[-1\]/],
  ["minus zero", fileOf(`{"a":${entry(0, 0, "[-0]")}}`), /invalid shape \[-0\]/],
  ["a text as a size", fileOf(`{"a":${entry(0, 4, '["1"]')}}`, 4), /invalid shape/],
  ["sizes that overflow", fileOf(`{"a":${entry(0, 0, "[4294967296,4294967296,0]")}}`), /overflow/],
  ["a size beyond 2^53", fileOf(`{"a":${entry(0, 0, "[0,9007199254740993]")}}`), /invalid shape/],
  ["65 axes", fileOf(`{"a":${entry(0, 4, `[${"1,".repeat(64)}1]`)}}`, 4), /65 axes/],
  ["three offsets", fileOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}`, 4), /invalid data_offsets/],
  ["offsets that go back", fileOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), /do not hold/],
  ["a size that differs", fileOf(`{"a":${entry(0, 4, "[2]")}}`, 4), /4 bytes do not hold/],
  ["truncated data", fileOf(`{"a":${entry(0, 8)}}`, 4), /truncated/],
  ["bytes that follow", fileOf(`{"a":${entry(0, 4)}}`, 5), /belong to tensors/],
  ["data without tensors", fileOf("{}", 1), /belong to tensors/],
  ["a hole", fileOf(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), /no holes/],
  ["a hole at the start", fileOf(`{"a":${entry(4, 8)}}`, 8), /no holes/],
  ["an overlap", fileOf(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /no overlaps/],
  ["the same bytes twice", fileOf(`{"a":${entry(0, 4)},"b":${entry(0, 4)}}`, 4), /no overlaps/],
  ["a truth value 2", fileOf(`{"a":${entry(0, 2, "[2]", "BOOL")}}`, Uint8Array.of(1, 2)), /element 1 is 2/],
];

describe("load", () => {
  test.each(valid)("takes %s", (_, file, shapes) => {
    const tensors = safetensors.load(file);
    expect(Object.keys(tensors)).toEqual(Object.keys(shapes));
    for (const [name, x] of Object.entries(tensors)) expect(x.shape).toEqual(shapes[name]);
  });

  test.each(refused)("refuses %s, and keeps nothing", (_, file, words) => {
    const { blocks } = torch.memoryStats();
    let error: unknown;
    try {
      safetensors.load(file);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(torch.FormatError);
    expect((error as Error).message).toMatch(words);
    expect(torch.memoryStats().blocks).toBe(blocks);
  });

  test("metadata checks the same", () => {
    expect(() => safetensors.metadata(fileOf("{}", 1))).toThrow(/belong to tensors/);
    const texts = safetensors.metadata(fileOf(`{"__metadata__":{"format":"pt","__proto__":"x"}}`));
    expect(Object.entries(texts)).toEqual([
      ["format", "pt"],
      ["__proto__", "x"],
    ]);
  });

  test("what is no file is an error of its own", () => {
    for (const wrong of ["{}", 3, null, undefined, [1, 2], new ArrayBuffer(8)])
      expect(() => safetensors.load(wrong as never)).toThrow(torch.ArgumentError);
  });
});

describe("save", () => {
  test("what is saved is loaded, whatever its name, dtype and layout", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "toJSON", "", "7", "a.b", "ä\u2028😀"];
    const tensors: Record<string, torch.Tensor> = Object.create(null);
    names.forEach((name, i) => {
      tensors[name] = torch.tensor([i, -i]);
    });
    torch.manualSeed(1);
    for (const dtype of ["float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"] as const)
      tensors[dtype] = torch.randn(3, 2).abs().mul(2).to({ dtype }).t();
    tensors.empty = torch.zeros(0, 3);
    tensors.scalar = torch.tensor(2.5);
    const loaded = safetensors.load(safetensors.save(tensors));
    expect(Object.keys(loaded).sort()).toEqual(Object.keys(tensors).sort());
    expect(Object.getPrototypeOf(loaded)).toBe(Object.prototype);
    for (const [name, x] of Object.entries(loaded)) {
      const want = Object.entries(tensors).find(([key]) => key === name)![1];
      expect([x.dtype, x.shape, x.tolist()]).toEqual([want.dtype, want.shape, want.tolist()]);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("keeps no memory", () => {
    const x = torch.randn(100, 3);
    const { blocks } = torch.memoryStats();
    safetensors.save({ x, y: x });
    const tensors = safetensors.load(safetensors.save({ x: x.t() }));
    tensors.x!.dispose();
    expect(torch.memoryStats().blocks).toBeLessThanOrEqual(blocks + 1);
  });

  test("refuses what a file cannot hold", () => {
    const x = torch.ones(1);
    for (const wrong of [null, 3, x, [x], new Map([["x", x]])])
      expect(() => safetensors.save(wrong as never)).toThrow(/takes an object of tensors/);
    expect(() => safetensors.save({ x: 1 } as never)).toThrow(/"x" must be a Tensor, got 1/);
    expect(() => safetensors.save({ __metadata__: x })).toThrow(/cannot be named/);
    expect(() => safetensors.save({ "\ud800": x })).toThrow(/surrogate/);
    expect(() => safetensors.save({ x }, { a: 1 } as never)).toThrow(/"a" must be a text, got 1/);
    expect(() => safetensors.save({ x }, { a: "\udc00" })).toThrow(/surrogate/);
    expect(() => safetensors.save({ x }, [] as never)).toThrow(/must be an object of texts/);
    const gone = torch.ones(1);
    gone.dispose();
    expect(() => safetensors.save({ gone })).toThrow(torch.DisposedError);
  });
});
