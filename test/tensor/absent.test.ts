/** Every name of PyTorch's tensors is here, or an error that gives the way out; brackets are errors that give at and setAt. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

/** An object as JavaScript sees it, without types. */
const untyped = (value: unknown): any => value;

const file = join(import.meta.dirname, "../architecture/pytorchNames.json");
const theirs: string[] = JSON.parse(readFileSync(file, "utf8"))["torch.Tensor"].split(" ");
const camelCase = (name: string): string =>
  name.replace(/(?<=[^_])_+([a-zA-Z0-9])/g, (_, c: string) => c.toUpperCase());

/** What reading a member throws, or undefined. */
function thrownBy(x: unknown, name: string): Error | undefined {
  try {
    void untyped(x)[name];
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

describe("PyTorch's members", () => {
  const x = torch.ones(2, 2);

  test("are here in camelCase, or errors with a way out", () => {
    expect(theirs.length).toBeGreaterThan(590);
    const silent = theirs.filter((name) => !(camelCase(name) in x) && !(name in x) && !thrownBy(x, camelCase(name)));
    expect(silent).toEqual([]);
    const absent = theirs.map(camelCase).filter((name) => !(name in x));
    for (const name of absent) {
      expect(thrownBy(x, name)).toBeInstanceOf(torch.ArgumentError);
      expect(thrownBy(x, name)!.message).toMatch(new RegExp(`^Tensor\\.${name}: .{10}`));
    }
  });

  test("are errors in snake_case, which give our name or the way out", () => {
    const snake = theirs.filter((name) => camelCase(name) !== name && !(name in x));
    expect(snake.length).toBeGreaterThan(150);
    for (const name of snake) {
      const { message } = thrownBy(x, name)!;
      if (camelCase(name) in torch.Tensor.prototype)
        expect(message).toBe(`Tensor.${name}: names are in camelCase here: did you mean Tensor.${camelCase(name)}?`);
      else expect(message.startsWith(`Tensor.${name}: `)).toBe(true);
    }
  });

  test.each([
    ["cuda", /"cpu" and "webgpu".*x\.to\(device\)/],
    ["len", /x\.length/],
    ["__len__", /x\.length/],
    ["__getitem__", /x\.at\(/],
    ["__add__", /x\.add\(y\)/],
    ["__radd__", /x\.add\(y\)/],
    ["__matmul__", /x\.matmul\(y\)/],
    ["__float__", /x\.item\(\)|methods/],
    ["toFixed", /x\.item\(\)/],
    ["to_sparse_csr", /dense/],
    ["q_per_channel_zero_points", /quantized/],
    ["imag", /two tensors/],
    ["align_to", /permute/],
    ["data_ptr", /x\.numpy\(\)/],
    ["values", /x\.max\(dim\)/],
  ])("%s", (name, words) => {
    expect(thrownBy(x, name)?.message).toMatch(words);
  });
});

describe("brackets", () => {
  const x = untyped(torch.ones(2, 2));
  const refused = (words: RegExp) => [torch.IndexError, words] as const;

  test("are errors when they are read", () => {
    for (const [body, words] of [
      [() => x[0], /Tensor\[0\]: .*x\.at\(0\)/],
      [() => x[-1], /x\.at\(-1\)/],
      [() => x["1:3"], /x\.at\("1:3"\)/],
      [() => x["..."], /x\.at\(index\)/],
      [() => x[untyped(null)], /Tensor\[null\]/],
      [() => x[untyped([0, 1])], /x\.at\(index\)/],
      [() => x[untyped(torch.tensor(1))], /x\.at\(index\)/],
    ] as const) {
      const [type, pattern] = refused(words);
      expect(body).toThrow(type);
      expect(body).toThrow(pattern);
    }
  });

  test("are errors when they are written", () => {
    expect(() => {
      x[0] = 1;
    }).toThrow(/x\.setAt\(\[0\], value\)/);
    expect(x.tolist()).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
});

describe("everything else goes on as before", () => {
  const x = torch.arange(4).reshape(2, 2);
  const p = new torch.nn.Parameter(torch.ones(2));

  test("names of one's own", () => {
    const y = untyped(torch.ones(1));
    expect(y.label).toBeUndefined();
    y.label = "mine";
    expect(y.label).toBe("mine");
    expect(Object.keys(y)).toContain("label");
  });

  test("the root of objects", () => {
    expect(Object.hasOwn(x, "shape")).toBe(true);
    expect(Object.hasOwn(untyped(x), "shape")).toBe(true);
    const root = "__proto__";
    expect(untyped(x)[root]).toBe(torch.Tensor.prototype);
    expect("cuda" in x).toBe(false);
    expect(x instanceof Object).toBe(true);
    expect(p instanceof torch.Tensor && !(untyped(x) instanceof torch.nn.Parameter)).toBe(true);
    expect(thrownBy(p, "cuda")?.message).toMatch(/^Tensor\.cuda/);
  });

  test("await, JSON, text, inspection, equality and clones", async () => {
    expect(await untyped(x)).toBe(x);
    expect(JSON.stringify({ x })).toBe('{"x":[[0,1],[2,3]]}');
    expect(`${x}`).toBe("tensor([[0, 1],\n        [2, 3]])");
    expect(inspect([x, p])).toContain("Parameter containing");
    expect([x].includes(x) && new Set([x, x]).size === 1).toBe(true);
    expect({ shape: x.shape, value: { x }.x.dtype }).toEqual({ shape: [2, 2], value: "int64" });
    expect(() => structuredClone(x)).toThrow(/could not be cloned/);
  });
});
