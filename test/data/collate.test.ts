import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { defaultCollate, defaultConvert } = torch.utils.data;

describe("defaultCollate", () => {
  test("stacks tensors along a new axis, and promotes their types", () => {
    const y = defaultCollate([torch.tensor([1, 2]), torch.tensor([3n, 4n])]);
    expect(y.shape).toEqual([2, 2]);
    expect(y.dtype).toBe("float32");
    expect(y.tolist()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(defaultCollate([torch.tensor(1n), torch.tensor(2n)]).tolist()).toEqual([1, 2]);
  });

  test("makes int64 of numbers only if all are integral", () => {
    expect(defaultCollate([1, 2]).dtype).toBe("int64");
    expect(defaultCollate([1, 2.5]).dtype).toBe("float32");
    expect(defaultCollate([1n, 2n]).dtype).toBe("int64");
    expect(defaultCollate([true, false]).tolist()).toEqual([true, false]);
    expect(defaultCollate([true, false]).dtype).toBe("bool");
  });

  test("stacks typed arrays in their own type", () => {
    const y = defaultCollate([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]);
    expect(y.dtype).toBe("uint8");
    expect(y.tolist()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  test("goes into arrays and objects, and leaves strings", () => {
    const batch = defaultCollate([
      { image: torch.zeros(2), meta: { name: "a", box: [1, 2.5] } },
      { image: torch.ones(2), meta: { name: "b", box: [3, 4] } },
    ]);
    expect(batch.image.tolist()).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(batch.meta.name).toEqual(["a", "b"]);
    expect(batch.meta.box[0]!.tolist()).toEqual([1, 3]);
    expect(batch.meta.box[1]!.tolist()).toEqual([2.5, 4]);
  });

  test("is differentiable", () => {
    const a = torch.tensor([1, 2], { requiresGrad: true });
    const b = torch.tensor([3, 4], { requiresGrad: true });
    defaultCollate([a, b, a]).sum().backward();
    expect(a.grad!.tolist()).toEqual([2, 2]);
    expect(b.grad!.tolist()).toEqual([1, 1]);
  });

  test("says which field does not fit", () => {
    const ragged = [{ x: [torch.zeros(2)] }, { x: [torch.zeros(3)] }];
    expect(() => defaultCollate(ragged)).toThrow(
      /equal size, but got \[2\] at entry 0 and \[3\] at entry 1 in the field \.x\[0\]/,
    );
    expect(() => defaultCollate(ragged)).toThrow(torch.ShapeError);
    expect(() => defaultCollate([[1], [1, 2]])).toThrow(/sample 0 has 1, sample 1 has 2/);
    expect(() => defaultCollate([1, "a"] as number[])).toThrow(/sample 0 has a number, sample 1 of the batch has "a"/);
    expect(() => defaultCollate([{ a: 1 }, { b: 1 }] as object[])).toThrow(/an object with the field a/);
    expect(() => defaultCollate([null])).toThrow(/batch must contain tensors.*found null/);
  });
});

test("defaultConvert makes tensors of typed arrays only", () => {
  const { image, label } = defaultConvert({ image: Float32Array.of(1, 2), label: 3 }) as {
    image: torch.Tensor;
    label: number;
  };
  expect(image.tolist()).toEqual([1, 2]);
  expect(label).toBe(3);
});

test("Maps are collated value by value, and converted", () => {
  const batch = defaultCollate([
    new Map<string, number>([
      ["a", 1],
      ["b", 2.5],
    ]),
    new Map<string, number>([
      ["a", 3],
      ["b", 4],
    ]),
  ]);
  expect(batch.get("a")!.tolist()).toEqual([1, 3]);
  expect(batch.get("b")!.tolist()).toEqual([2.5, 4]);
  expect(() => defaultCollate([new Map([["a", 1]]), new Map([["b", 1]])])).toThrow(
    /sample 0 has a Map with the key "a", sample 1 of the batch has/,
  );
  const converted = defaultConvert(new Map([["x", Float32Array.of(1)]])) as Map<string, torch.Tensor>;
  expect(converted.get("x")!.tolist()).toEqual([1]);
});

describe("pictures", () => {
  const { Image } = torch.vision;
  const rgb = (start: number) =>
    new Image(
      "RGB",
      2,
      1,
      Uint8Array.from({ length: 6 }, (_, i) => start + i),
    );

  test("of one mode and size are stacked as [samples, channels, height, width]", () => {
    const [images, labels] = defaultCollate([
      [rgb(0), 1],
      [rgb(10), 2],
    ] as [InstanceType<typeof Image>, number][]);
    expect(images!.dtype).toBe("uint8");
    expect(images!.tolist()).toEqual([
      [[[0, 3]], [[1, 4]], [[2, 5]]],
      [[[10, 13]], [[11, 14]], [[12, 15]]],
    ]);
    expect(labels!.tolist()).toEqual([1, 2]);
    const deep = new Image("I;16", 2, 1, Uint16Array.of(1, 65535));
    expect(defaultCollate([deep]).tolist()).toEqual([[[[1, 65535]]]]);
  });

  test("of others are refused", () => {
    const gray = new Image("L", 2, 1, new Uint8Array(2));
    expect(() => defaultCollate([rgb(0), gray])).toThrow(
      /equal in mode and size, but got RGB 2×1 at entry 0 and L 2×1 at entry 1; resize/,
    );
    expect(() => defaultCollate([[rgb(0)], [3]] as any)).toThrow(
      /sample 0 has an instance of Image in the field \[0\], sample 1 of the batch has 3/,
    );
  });
});
