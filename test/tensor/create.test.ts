/** Creation: dtypes inferred, shapes, and what is refused. */
import * as torch from "kindling";
import { expect, test } from "vitest";

test("tensor infers its dtype from the values", () => {
  expect(torch.tensor([1, 2]).dtype).toBe("float32");
  expect(torch.tensor([true, false]).dtype).toBe("bool");
  expect(torch.tensor([1n, 2n]).dtype).toBe("int64");
  expect(torch.tensor([true, 1]).dtype).toBe("float32");
  expect(torch.tensor([]).dtype).toBe("float32");
  expect(torch.tensor([]).shape).toEqual([0]);
  expect(torch.tensor(new Float64Array(2)).dtype).toBe("float64");
  expect(torch.tensor(new Int32Array(2)).dtype).toBe("int32");
  expect(torch.tensor(new BigInt64Array(2)).dtype).toBe("int64");
  expect(torch.tensor(new Uint8Array(2), { dtype: "float32" }).dtype).toBe("float32");
});

test("tensor copies", () => {
  const values = Float32Array.of(1, 2);
  const x = torch.tensor(values);
  values[0] = 9;
  expect(x.tolist()).toEqual([1, 2]);
});

test("tensor stacks nested arrays of tensors", () => {
  expect(torch.tensor([[torch.tensor(1), torch.tensor(2)]]).tolist()).toEqual([[1, 2]]);
});

test("arange, full and their kin count an integral number as an int", () => {
  expect(torch.arange(5).dtype).toBe("int64");
  expect(torch.arange(0, 1, 0.25).tolist()).toEqual([0, 0.25, 0.5, 0.75]);
  expect(torch.arange(5, 0, -2).tolist()).toEqual([5, 3, 1]);
  expect(torch.full([2], 3).dtype).toBe("int64");
  expect(torch.full([2], 0.5).dtype).toBe("float32");
  expect(torch.full([2], true).dtype).toBe("bool");
  expect(torch.linspace(0, 1, 5).tolist()).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(torch.eye(2, 3).tolist()).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ]);
});

test("sizes are numbers or one array; options come last", () => {
  expect(torch.zeros(2, 3).shape).toEqual([2, 3]);
  expect(torch.zeros([2, 3], { dtype: "int8" }).dtype).toBe("int8");
  expect(torch.ones(2, { dtype: "float64", requiresGrad: true }).requiresGrad).toBe(true);
  expect(torch.zeros(0, 3).numel()).toBe(0);
  expect(torch.zeros([]).shape).toEqual([]);
});

test("the default dtype", () => {
  torch.setDefaultDtype("float64");
  try {
    expect(torch.tensor([1]).dtype).toBe("float64");
    expect(torch.ones(1).dtype).toBe("float64");
    expect(torch.arange(3).add(0.5).dtype).toBe("float64");
  } finally {
    torch.setDefaultDtype("float32");
  }
});

test("values read back as plain numbers, bigints only beyond 2^53", () => {
  expect(torch.tensor([1n, 2n ** 53n]).tolist()).toEqual([1, 2n ** 53n]);
  expect(torch.tensor([[true], [false]]).tolist()).toEqual([[true], [false]]);
  expect(torch.tensor(2.5).tolist()).toBe(2.5);
  expect(torch.tensor(7n).item()).toBe(7);
  expect(torch.tensor([1, 2], { dtype: "bfloat16" }).toTypedArray()).toEqual(Float32Array.of(1, 2));
});

test("likes take shape and dtype", () => {
  const x = torch.zeros([2, 3], { dtype: "int16" });
  expect([torch.onesLike(x).dtype, torch.onesLike(x).shape]).toEqual(["int16", [2, 3]]);
  expect(torch.zerosLike(x, { dtype: "float64" }).dtype).toBe("float64");
  expect(torch.fullLike(x, 4).tolist()).toEqual([
    [4, 4, 4],
    [4, 4, 4],
  ]);
});

test("an array whose buffer was transferred is an error", () => {
  const x = Float32Array.of(1, 2);
  structuredClone(x.buffer, { transfer: [x.buffer] });
  expect(() => torch.tensor(x)).toThrow(/^tensor: the buffer of the array was transferred/);
  expect(torch.tensor(new Float32Array(0)).shape).toEqual([0]);
});
