/** Integers wrap and divide as PyTorch 1.13 does on x86, whose results these are. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

type Values = readonly (number | bigint)[];
type IntegerType = "int64" | "int32" | "int16" | "int8" | "uint8";

const TABLE: Record<IntegerType, Record<string, Values>> = {
  int64: {
    a: [9223372036854775807n, -9223372036854775808n, 100, 7, -7, 1, 9223372036854775807n],
    b: [1, 3, 3, -2, 2, -1, 9223372036854775807n],
    add: [-9223372036854775808n, -9223372036854775805n, 103, 5, -5, 0, -2],
    sub: [9223372036854775806n, 9223372036854775805n, 97, 9, -9, 2, 0],
    mul: [9223372036854775807n, -9223372036854775808n, 300, -14, -14, -1, 1],
    floorDivide: [9223372036854775807n, -3074457345618258603n, 33, -4, -4, -1, 1],
    remainder: [0, 1, 1, -1, 1, 0, 0],
    fmod: [0, -2, 1, 1, -1, 0, 0],
    maximum: [9223372036854775807n, 3, 100, 7, 2, 1, 9223372036854775807n],
    trunc: [9223372036854775807n, -3074457345618258602n, 33, -3, -3, -1, 1],
    neg: [-9223372036854775807n, -9223372036854775808n, -100, -7, 7, -1, -9223372036854775807n],
    abs: [9223372036854775807n, -9223372036854775808n, 100, 7, 7, 1, 9223372036854775807n],
    square: [1, 0, 10000, 49, 49, 1, 1],
    sum: [-9223372036854775709n],
    cumprod: [9223372036854775807n, -9223372036854775808n, 0, 0, 0, 0, 0],
  },
  int32: {
    a: [2147483647, -2147483648, 100, 7, -7, 1, 2147483647],
    b: [1, 3, 3, -2, 2, -1, 2147483647],
    add: [-2147483648, -2147483645, 103, 5, -5, 0, -2],
    sub: [2147483646, 2147483645, 97, 9, -9, 2, 0],
    mul: [2147483647, -2147483648, 300, -14, -14, -1, 1],
    floorDivide: [2147483647, -715827883, 33, -4, -4, -1, 1],
    remainder: [0, 1, 1, -1, 1, 0, 0],
    fmod: [0, -2, 1, 1, -1, 0, 0],
    maximum: [2147483647, 3, 100, 7, 2, 1, 2147483647],
    trunc: [2147483647, -715827882, 33, -3, -3, -1, 1],
    neg: [-2147483647, -2147483648, -100, -7, 7, -1, -2147483647],
    abs: [2147483647, -2147483648, 100, 7, 7, 1, 2147483647],
    square: [1, 0, 10000, 49, 49, 1, 1],
    sum: [2147483747],
    cumprod: [
      2147483647,
      -4611686016279904256n,
      214748364800,
      1503238553600,
      -10522669875200,
      -10522669875200,
      10522669875200,
    ],
  },
  int16: {
    a: [32767, -32768, 100, 7, -7, 1, 32767],
    b: [1, 3, 3, -2, 2, -1, 32767],
    add: [-32768, -32765, 103, 5, -5, 0, -2],
    sub: [32766, 32765, 97, 9, -9, 2, 0],
    mul: [32767, -32768, 300, -14, -14, -1, 1],
    floorDivide: [32767, -10923, 33, -4, -4, -1, 1],
    remainder: [0, 1, 1, -1, 1, 0, 0],
    fmod: [0, -2, 1, 1, -1, 0, 0],
    maximum: [32767, 3, 100, 7, 2, 1, 32767],
    trunc: [32767, -10922, 33, -3, -3, -1, 1],
    neg: [-32767, -32768, -100, -7, 7, -1, -32767],
    abs: [32767, -32768, 100, 7, 7, 1, 32767],
    square: [1, 0, 10000, 49, 49, 1, 1],
    sum: [32867],
    cumprod: [32767, -1073709056, -107370905600, -751596339200, 5261174374400, 5261174374400, 172392900725964800n],
  },
  int8: {
    a: [127, -128, 100, 7, -7, 1, 127],
    b: [1, 3, 3, -2, 2, -1, 127],
    add: [-128, -125, 103, 5, -5, 0, -2],
    sub: [126, 125, 97, 9, -9, 2, 0],
    mul: [127, -128, 44, -14, -14, -1, 1],
    floorDivide: [127, -43, 33, -4, -4, -1, 1],
    remainder: [0, 1, 1, -1, 1, 0, 0],
    fmod: [0, -2, 1, 1, -1, 0, 0],
    maximum: [127, 3, 100, 7, 2, 1, 127],
    trunc: [127, -42, 33, -3, -3, -1, 1],
    neg: [-127, -128, -100, -7, 7, -1, -127],
    abs: [127, -128, 100, 7, 7, 1, 127],
    square: [1, 0, 16, 49, 49, 1, 1],
    sum: [227],
    cumprod: [127, -16256, -1625600, -11379200, 79654400, 79654400, 10116108800],
  },
  uint8: {
    a: [255, 0, 100, 7, 249, 1, 255],
    b: [1, 2, 3, 200, 2, 255, 255],
    add: [0, 2, 103, 207, 251, 0, 254],
    sub: [254, 254, 97, 63, 247, 2, 0],
    mul: [255, 0, 44, 120, 242, 255, 1],
    floorDivide: [255, 0, 33, 0, 124, 0, 1],
    remainder: [0, 0, 1, 7, 1, 1, 0],
    fmod: [0, 0, 1, 7, 1, 1, 0],
    maximum: [255, 2, 100, 200, 249, 255, 255],
    trunc: [255, 0, 33, 0, 124, 0, 1],
    neg: [1, 0, 156, 249, 7, 255, 1],
    abs: [255, 0, 100, 7, 249, 1, 255],
    square: [1, 0, 16, 49, 49, 1, 1],
    sum: [867],
    cumprod: [255, 0, 0, 0, 0, 0, 0],
  },
};

const binary = ["add", "sub", "mul", "floorDivide", "remainder", "fmod", "maximum"] as const;
const unary = ["neg", "abs", "square"] as const;

describe.each(Object.entries(TABLE) as [IntegerType, Record<string, Values>][])("%s", (dtype, expected) => {
  const make = (values: Values) => torch.tensor([...values], { dtype });
  const [a, b] = [make(expected.a!), make(expected.b!)];

  test.each(binary)("%s", (op) => {
    expect(a[op](b).tolist()).toEqual(expected[op]);
    expect(a.clone()[`${op}_` as "add_"]?.(b).tolist() ?? expected[op]).toEqual(expected[op]);
  });

  test.each(unary)("%s", (op) => expect(a[op]().tolist()).toEqual(expected[op]));

  test("division toward zero", () => expect(a.div(b, { roundingMode: "trunc" }).tolist()).toEqual(expected.trunc));

  test("sums and running products are int64", () => {
    expect([a.sum().dtype, a.sum().item()]).toEqual(["int64", expected.sum![0]]);
    expect([a.cumprod(0).dtype, a.cumprod(0).tolist()]).toEqual(["int64", expected.cumprod]);
  });

  test.each(["floorDivide", "remainder", "fmod"] as const)("%s by 0 is an error", (op) => {
    expect(() => a[op](0)).toThrow(torch.ValueError);
    expect(() => a[op](make([1, 0, 1, 1, 1, 1, 1]))).toThrow(/^\w+: ZeroDivisionError/);
    expect(a.double()[op](0).shape).toEqual([7]);
  });
});

test("values that a dtype cannot hold are errors", () => {
  expect(() => torch.tensor([300], { dtype: "uint8" })).toThrow(
    /cannot be converted to uint8 without overflow: got 300.*0 to 255/,
  );
  expect(() => torch.tensor([Number.NaN], { dtype: "int64" })).toThrow(torch.ValueError);
  expect(() => torch.full([2], 2 ** 31, { dtype: "int32" })).toThrow(torch.ValueError);
  expect(() => torch.zeros(2, { dtype: "int8" }).fill_(128)).toThrow(torch.ValueError);
  expect(torch.tensor([-1], { dtype: "uint8" }).tolist()).toEqual([255]);
  expect(torch.tensor([2n ** 63n - 1n]).tolist()).toEqual([2n ** 63n - 1n]);
});

test("a bigint operand keeps its digits", () => {
  expect(torch.tensor([1n]).add(9007199254740993n).tolist()).toEqual([9007199254740994n]);
});

test("truth values add by or and multiply by and, and are not subtracted", () => {
  const x = torch.tensor([true, true, false]);
  const y = torch.tensor([true, false, false]);
  expect([x.add(y).dtype, x.add(y).tolist()]).toEqual(["bool", [true, true, false]]);
  expect(x.mul(y).tolist()).toEqual([true, false, false]);
  expect([x.mul(2).dtype, x.mul(2).tolist()]).toEqual(["int64", [2, 2, 0]]);
  expect([x.sum().dtype, x.sum().item()]).toEqual(["int64", 2]);
  expect([x.div(y.logicalNot()).dtype, x.sigmoid().dtype, x.max().dtype]).toEqual(["float32", "float32", "bool"]);
  expect(() => x.sub(y)).toThrow(/logicalXor/);
  expect(() => x.neg()).toThrow(/logicalNot/);
});

test("floats that an integer cannot hold become what x86 makes of them", () => {
  const x = torch.tensor([Number.NaN, Number.POSITIVE_INFINITY, -3e9, 70000.7, -129.9, 1e20], { dtype: "float64" });
  expect(x.to("int64").tolist()).toEqual([-(2n ** 63n), -(2n ** 63n), -3e9, 70000, -129, -(2n ** 63n)]);
  expect(x.to("int32").tolist()).toEqual([-(2 ** 31), -(2 ** 31), -(2 ** 31), 70000, -129, -(2 ** 31)]);
  expect(x.to("int16").tolist()).toEqual([0, 0, 0, 4464, -129, 0]);
  expect(x.float().to("int8").tolist()).toEqual([0, 0, 0, 112, 127, 0]);
  expect(x.float().to("uint8").tolist()).toEqual([0, 0, 0, 112, 127, 0]);
  expect(x.to("bool").tolist()).toEqual([true, true, true, true, true, true]);
});
