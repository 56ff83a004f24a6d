/** The ranges of dtypes, against PyTorch's `finfo` and `iinfo`. */
import * as torch from "kindling";
import { expect, test } from "vitest";

test.each([
  ["float16", 16, 0.0009765625, 65504, 6.103515625e-5, 0.001],
  ["bfloat16", 16, 0.0078125, 3.3895313892515355e38, 1.1754943508222875e-38, 0.01],
  ["float32", 32, 1.1920928955078125e-7, 3.4028234663852886e38, 1.1754943508222875e-38, 1e-6],
  ["float64", 64, 2.220446049250313e-16, 1.7976931348623157e308, 2.2250738585072014e-308, 1e-15],
] as const)("finfo of %s", (dtype, bits, eps, max, tiny, resolution) => {
  const info = torch.finfo(dtype);
  expect(info).toMatchObject({ dtype, bits, eps, max, min: -max, tiny, smallestNormal: tiny });
  expect(info.resolution).toBeCloseTo(resolution, 18);
});

test.each([
  ["uint8", 8, 0, 255],
  ["int8", 8, -128, 127],
  ["int16", 16, -32768, 32767],
  ["int32", 32, -2147483648, 2147483647],
  ["int64", 64, -(2n ** 63n), 2n ** 63n - 1n],
] as const)("iinfo of %s", (dtype, bits, min, max) => {
  expect(torch.iinfo(dtype)).toEqual({ dtype, bits, min, max });
});

test("a dtype of the other kind is an error that names the right function", () => {
  expect(() => torch.finfo("int8")).toThrow(/use iinfo/);
  expect(() => torch.iinfo("float32")).toThrow(/use finfo/);
  expect(() => torch.iinfo("bool")).toThrow(torch.DTypeError);
});
