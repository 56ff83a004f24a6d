/** Type promotion, against tables that PyTorch 1.13 printed (`torch.promote_types`, `torch.result_type`). */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const DTYPES = [
  "float32",
  "float64",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint8",
  "bool",
  "float16",
  "bfloat16",
] as const;
type DType = (typeof DTYPES)[number];

/** `promoteTypes(row, column)`, columns in the order of DTYPES. */
const PROMOTED: Record<DType, string> = {
  float32: "float32 float64 float32 float32 float32 float32 float32 float32 float32 float32",
  float64: "float64 float64 float64 float64 float64 float64 float64 float64 float64 float64",
  int64: "float32 float64 int64 int64 int64 int64 int64 int64 float16 bfloat16",
  int32: "float32 float64 int64 int32 int32 int32 int32 int32 float16 bfloat16",
  int16: "float32 float64 int64 int32 int16 int16 int16 int16 float16 bfloat16",
  int8: "float32 float64 int64 int32 int16 int8 int16 int8 float16 bfloat16",
  uint8: "float32 float64 int64 int32 int16 int16 uint8 uint8 float16 bfloat16",
  bool: "float32 float64 int64 int32 int16 int8 uint8 bool float16 bfloat16",
  float16: "float32 float64 float16 float16 float16 float16 float16 float16 float16 float32",
  bfloat16: "float32 float64 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 float32 bfloat16",
};

/** The result of a tensor with dimensions and one without. */
const WITH_ZERO_DIM: Record<DType, string> = {
  float32: "float32 float32 float32 float32 float32 float32 float32 float32 float32 float32",
  float64: "float64 float64 float64 float64 float64 float64 float64 float64 float64 float64",
  int64: "float32 float64 int64 int64 int64 int64 int64 int64 float16 bfloat16",
  int32: "float32 float64 int32 int32 int32 int32 int32 int32 float16 bfloat16",
  int16: "float32 float64 int16 int16 int16 int16 int16 int16 float16 bfloat16",
  int8: "float32 float64 int8 int8 int8 int8 int8 int8 float16 bfloat16",
  uint8: "float32 float64 uint8 uint8 uint8 uint8 uint8 uint8 float16 bfloat16",
  bool: "float32 float64 int64 int32 int16 int8 uint8 bool float16 bfloat16",
  float16: "float16 float16 float16 float16 float16 float16 float16 float16 float16 float16",
  bfloat16: "bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16",
};

/** The result of a tensor and the numbers true, 1 and 1.5. */
const WITH_NUMBER: Record<DType, string> = {
  float32: "float32 float32 float32",
  float64: "float64 float64 float64",
  int64: "int64 int64 float32",
  int32: "int32 int32 float32",
  int16: "int16 int16 float32",
  int8: "int8 int8 float32",
  uint8: "uint8 uint8 float32",
  bool: "bool int64 float32",
  float16: "float16 float16 float16",
  bfloat16: "bfloat16 bfloat16 bfloat16",
};

describe.each(DTYPES)("%s", (dtype) => {
  const x = torch.ones([2], { dtype });

  test("with each dtype", () => {
    expect(DTYPES.map((other) => torch.promoteTypes(dtype, other)).join(" ")).toBe(PROMOTED[dtype]);
    const sums = DTYPES.map((other) => x.add(torch.ones([2], { dtype: other })).dtype);
    expect(sums.join(" ")).toBe(PROMOTED[dtype]);
  });

  test("with tensors without dimensions", () => {
    const others = DTYPES.map((other) => torch.ones([], { dtype: other }));
    expect(others.map((other) => torch.resultType(x, other)).join(" ")).toBe(WITH_ZERO_DIM[dtype]);
    expect(others.map((other) => other.mul(x).dtype).join(" ")).toBe(WITH_ZERO_DIM[dtype]);
  });

  test("with numbers", () => {
    expect([true, 1, 1.5].map((number) => torch.resultType(x, number)).join(" ")).toBe(WITH_NUMBER[dtype]);
    expect([1, 1.5].map((number) => x.mul(number).dtype).join(" ")).toBe(
      WITH_NUMBER[dtype].split(" ").slice(1).join(" "),
    );
  });
});

test("division of integers gives the default dtype, sums of integers int64", () => {
  const x = torch.ones([2], { dtype: "int32" });
  expect(x.div(2).dtype).toBe("float32");
  expect(x.sum().dtype).toBe("int64");
  expect(x.gt(0).sum().dtype).toBe("int64");
});
