/** Arrays of other libraries, in and out. */
import * as torch from "kindling";
import * as ort from "onnxruntime-web";
import { describe, expect, test } from "vitest";

describe("fromNumpy and numpy", () => {
  test("typed arrays with a shape", () => {
    const x = torch.fromNumpy({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
    expect([x.dtype, x.tolist()]).toEqual([
      "float32",
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    expect(torch.fromNumpy(BigInt64Array.of(5n)).dtype).toBe("int64");
    expect(torch.fromNumpy({ data: Uint8Array.of(1, 0), dtype: "bool" }).tolist()).toEqual([true, false]);
    expect(torch.fromNumpy({ data: Uint16Array.of(0x3c00), dtype: "float16" }).tolist()).toEqual([1]);
    expect(torch.fromNumpy({ data: Uint16Array.of(0x3f80), dtype: "bfloat16" }).tolist()).toEqual([1]);
    expect(torch.fromNumpy({ data: Float64Array.of(7), shape: [] }).item()).toBe(7);
    expect(torch.fromNumpy({ data: new Float32Array(0), shape: [0, 3] }).shape).toEqual([0, 3]);
  });

  test("integers without a sign are widened", () => {
    const widened = [Uint16Array.of(65535), Uint32Array.of(4294967295), BigUint64Array.of(5n)].map((data) =>
      torch.fromNumpy(data),
    );
    expect(widened.map((x) => [x.dtype, x.tolist()])).toEqual([
      ["int32", [65535]],
      ["int64", [4294967295]],
      ["int64", [5]],
    ]);
    expect(() => torch.fromNumpy(BigUint64Array.of(1n, 2n ** 63n))).toThrow(/element 1 is 9223372036854775808/);
  });

  test("the memory is shared, and outlives the tensor", () => {
    const x = torch.zeros(2, 3);
    const array = x.numpy();
    (array.data as Float32Array)[4] = 7;
    expect(x.tolist()).toEqual([
      [0, 0, 0],
      [0, 7, 0],
    ]);
    const y = torch.fromNumpy(array);
    y.fill_(2);
    expect([...(array.data as Float32Array)]).toEqual([2, 2, 2, 2, 2, 2]);
    for (const tensor of [x, y]) tensor.dispose();
    torch.ones(2, 3).dispose();
    const again = torch.fromNumpy(array);
    expect(again.tolist()).toEqual([
      [2, 2, 2],
      [2, 2, 2],
    ]);
  });

  test("views, and tensors in a graph", () => {
    const x = torch.arange(6).reshape(2, 3);
    const row = x.at(1).numpy();
    expect([Array.from(row.data, Number), row.shape]).toEqual([[3, 4, 5], [3]]);
    const turned = x.t().numpy();
    expect([Array.from(turned.data, Number), turned.shape]).toEqual([
      [0, 3, 1, 4, 2, 5],
      [3, 2],
    ]);
    const w = torch.ones(2, { requiresGrad: true });
    expect(() => w.numpy()).toThrow(
      /Can't call numpy\(\) on Tensor that requires grad\. Use tensor\.detach\(\)\.numpy\(\) instead/,
    );
    expect(Array.from(w.numpy({ force: true }).data, Number)).toEqual([1, 1]);
  });

  test("what fits together only", () => {
    expect(() => torch.fromNumpy({ data: new Float32Array(3), shape: [2] })).toThrow(
      /shape \[2\] has 2 elements, but data has 3/,
    );
    expect(() => torch.fromNumpy({ data: new Float32Array(3), dtype: "float16" })).toThrow(
      /a Float32Array holds float32, got dtype "float16"/,
    );
    expect(() => torch.fromNumpy({ data: Uint8Array.of(2), dtype: "bool" })).toThrow(/element 0 is 2/);
    expect(() => torch.fromNumpy([1, 2] as never)).toThrow(torch.ArgumentError);
    expect(() => torch.fromNumpy(new DataView(new ArrayBuffer(4)))).toThrow(/typed array of numbers/);
    expect(() => torch.fromNumpy({ data: new Float32Array(4), shape: [-2, -2] })).toThrow(torch.KindlingError);
  });
});

describe("with ONNX Runtime", () => {
  test.each(["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"] as const)(
    "%s there and back",
    (dtype) => {
      const x = torch
        .tensor([
          [1, 0, 3],
          [4, 5, 6],
        ])
        .to({ dtype });
      const { type, data, dims } = torch.utils.dlpack.toDlpack(x);
      const theirs = new ort.Tensor(type as "float32", data as Float32Array, dims);
      expect([theirs.type, theirs.dims]).toEqual([dtype, [2, 3]]);
      const y = torch.utils.dlpack.fromDlpack(theirs);
      expect([y.dtype, y.tolist()]).toEqual([dtype, x.tolist()]);
    },
  );

  test("types that tensors do not have", () => {
    const wide = new ort.Tensor("uint32", Uint32Array.of(4294967295), [1]);
    expect(torch.fromDlpack(wide).tolist()).toEqual([4294967295]);
    expect(() => torch.fromDlpack(new ort.Tensor("string", ["a"], [1]))).toThrow(/type "string" holds no numbers/);
    expect(() => torch.toDlpack(torch.ones(1).bfloat16())).toThrow(torch.DTypeError);
    expect(() => torch.toDlpack(torch.ones(1, { requiresGrad: true }))).toThrow(torch.AutogradError);
    const far = {
      location: "gpu-buffer",
      type: "float32",
      dims: [1],
      get data(): never {
        throw new Error("far");
      },
    };
    expect(() => torch.fromDlpack(far)).toThrow(/lies on "gpu-buffer"; fetch it first/);
  });
});

test("pictures, and tensors of this library", () => {
  const picture = { data: Uint8ClampedArray.from({ length: 24 }, (_, i) => i), width: 3, height: 2 };
  const x = torch.fromDlpack(picture);
  expect([x.dtype, x.shape, x.at(1, 0).tolist()]).toEqual(["uint8", [2, 3, 4], [12, 13, 14, 15]]);
  const { functional } = torch.vision.transforms;
  const back = functional.toPilImage(x.permute(2, 0, 1)).toImageData();
  expect([back.width, back.height, [...back.data]]).toEqual([3, 2, [...picture.data]]);
  const y = torch.fromDlpack(x);
  y.fill_(1);
  expect(x.at(0, 0).tolist()).toEqual([1, 1, 1, 1]);
});
