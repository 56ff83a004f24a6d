/** Transforms of transforms, conversions, and what torchvision leaves to Python. */
import * as torch from "kindling";
import { describe, expect, expectTypeOf, test } from "vitest";
import { imageOf, tensorOf } from "./samples";

const { transforms, Image } = torch.vision;
const F = transforms.functional;
const image = imageOf(0, "RGB");

describe("Compose", () => {
  test("calls one after the other, functions too", () => {
    const composed = new transforms.Compose([
      new transforms.CenterCrop(4),
      new transforms.ToTensor(),
      (x: torch.Tensor) => x.mul(2),
    ]);
    const expected = F.toTensor(F.centerCrop(image, 4)).mul(2);
    expect(composed(image).equal(expected)).toBe(true);
  });

  test("prints as in torchvision", () => {
    const inner = new transforms.RandomApply([new transforms.RandomVerticalFlip(0.25)], 0.3);
    const composed = new transforms.Compose([
      inner,
      new transforms.Normalize([0.5, 0.25], [1, 0.5]),
      new transforms.ConvertImageDtype("float64"),
      new transforms.ToPILImage("L"),
      new transforms.Lambda((x) => x),
    ]);
    expect(String(composed)).toBe(
      "Compose(\n    RandomApply(\n    p=0.3\n    RandomVerticalFlip(p=0.25)\n)\n    Normalize(mean=(0.5, 0.25), std=(1, 0.5))\n" +
        "    ConvertImageDtype()\n    ToPILImage(mode=L)\n    Lambda()\n)",
    );
  });
});

describe("random choices", () => {
  const steps = [(x: number) => x + 1, (x: number) => x * 10, (x: number) => x - 5];

  test("RandomApply applies all or none, as often as it is told", () => {
    torch.manualSeed(0);
    const apply = new transforms.RandomApply(steps, 0.3);
    const results = Array.from({ length: 2000 }, () => apply(7));
    expect(new Set(results)).toEqual(new Set([7, 75]));
    expect(results.filter((value) => value === 75).length / 2000).toBeCloseTo(0.3, 1);
    expect(new transforms.RandomApply(steps, 1)(7)).toBe(75);
    expect(new transforms.RandomApply(steps, { p: 0 })(7)).toBe(7);
  });

  test("RandomApply draws as torchvision does", () => {
    torch.manualSeed(3);
    const draws = torch.rand(5).tolist() as number[];
    torch.manualSeed(3);
    const apply = new transforms.RandomApply([() => true], 0.5);
    expect(Array.from({ length: 5 }, () => apply(false))).toEqual(draws.map((draw) => draw <= 0.5));
  });

  test("RandomChoice takes one by its weight", () => {
    torch.manualSeed(0);
    const choice = new transforms.RandomChoice(steps, [1, 0, 3]);
    const results = Array.from({ length: 2000 }, () => choice(7));
    expect(new Set(results)).toEqual(new Set([8, 2]));
    expect(results.filter((value) => value === 8).length / 2000).toBeCloseTo(0.25, 1);
    const even = new transforms.RandomChoice(steps);
    expect(new Set(Array.from({ length: 100 }, () => even(7)))).toEqual(new Set([8, 70, 2]));
    expect(String(choice)).toMatch(/^RandomChoice\((\n {4}<function>){3}\n\)\(p=\(1, 0, 3\)\)$/);
  });

  test("RandomOrder takes all, in every order", () => {
    torch.manualSeed(0);
    const order = new transforms.RandomOrder(steps);
    const results = new Set(Array.from({ length: 300 }, () => order(7)));
    expect(results).toEqual(new Set([75, 30, 66, 21]));
  });

  test("the same seed gives the same choice", () => {
    const draw = () => {
      torch.manualSeed(11);
      return [new transforms.RandomChoice(steps)(7), new transforms.RandomOrder(steps)(7)];
    };
    expect(draw()).toEqual(draw());
  });
});

describe("conversions", () => {
  const modes = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"] as const;

  test.each(modes)("of mode %s keep the samples", (mode) => {
    const own = imageOf(1, mode);
    const planes = F.pilToTensor(own);
    expect(planes.shape).toEqual([own.bands, 13, 16]);
    const back = planes.permute(1, 2, 0).reshape(-1).tolist() as (number | boolean)[];
    expect(back.map((value) => (mode === "1" ? (value ? 255 : 0) : value))).toEqual([...own.data]);
    const dtype = mode === "F" ? "float32" : mode === "1" ? "bool" : mode.startsWith("I") ? "int32" : "uint8";
    expect(planes.dtype).toBe(dtype);
  });

  test.each(modes)("of mode %s to tensors scale bytes only", (mode) => {
    const own = imageOf(1, mode);
    const x = F.toTensor(own);
    const isScaled = !["I", "I;16", "F"].includes(mode);
    const dtype = mode === "I" ? "int32" : mode === "I;16" ? "int16" : "float32";
    expect(x.dtype).toBe(dtype);
    const values = x.permute(1, 2, 0).reshape(-1).tolist() as number[];
    const plain = mode === "I;16" ? Int16Array.from(own.data) : own.data;
    expect(values).toEqual([...plain].map((value) => (isScaled ? Math.fround(value / 255) : value)));
  });

  test("come back", () => {
    for (const mode of ["L", "LA", "RGB", "RGBA", "CMYK"] as const) {
      const own = imageOf(2, mode);
      expect(F.toPilImage(F.pilToTensor(own), mode)).toEqual(own);
      expect(F.toPilImage(F.toTensor(own), { mode })).toEqual(own);
    }
    expect(F.toPilImage(F.pilToTensor(imageOf(2, "I")))).toEqual(imageOf(2, "I"));
    expect(F.toPilImage(F.toTensor(imageOf(2, "I;16")))).toEqual(imageOf(2, "I;16"));
    expect(F.toPilImage(F.toTensor(imageOf(2, "F")), "F")).toEqual(imageOf(2, "F"));
    expect(F.toPilImage(torch.rand(5, 4)).size).toEqual([4, 5]);
  });

  test("use the default dtype", () => {
    torch.setDefaultDtype("float64");
    try {
      const x = F.toTensor(image);
      expect(x.dtype).toBe("float64");
      expect(x.at(0, 0, 0).item()).toBe(image.data[0]! / 255);
    } finally {
      torch.setDefaultDtype("float32");
    }
  });

  test("of arrays take them as [height, width, channels]", () => {
    const bytes = tensorOf(0, "byte").permute(1, 2, 0);
    expect(F.toTensor(bytes).equal(tensorOf(0, "float"))).toBe(true);
    expect(F.toTensor(torch.ones(4, 5, { dtype: "int32" })).shape).toEqual([1, 4, 5]);
  });
});

describe("mirror images of large pictures", () => {
  test.each([
    ["L", 1],
    ["LA", 2],
    ["RGB", 3],
    ["RGBA", 4],
  ] as const)("are those of their channels: %s", (mode, bands) => {
    const samples = torch.randint(0, 256, [bands, 97, 131], { dtype: "uint8" });
    const picture = F.toPilImage(samples, mode);
    const mirrored = F.hflip(picture);
    expect([mirrored.mode, ...mirrored.size]).toEqual([mode, 131, 97]);
    expect(F.pilToTensor(mirrored).equal(samples.flip(-1))).toBe(true);
    expect(F.hflip(mirrored)).toEqual(picture);
  });
});

describe("Normalize", () => {
  const [mean, std] = [
    [0.1, 0.2, 0.3],
    [0.5, 0.25, 2],
  ];

  test.each([
    ["in memory", (x: torch.Tensor) => x],
    ["of views", (x: torch.Tensor) => x.transpose(1, 2)],
    ["of a large picture", (x: torch.Tensor) => x.repeat(1, 20, 20)],
    ["of a batch", (x: torch.Tensor) => torch.stack([x, x.mul(2)])],
    ["of float64", (x: torch.Tensor) => x.double()],
    ["with history", (x: torch.Tensor) => x.clone().requiresGrad_()],
  ])("%s is (x - mean) / std", (_, view) => {
    const x = view(tensorOf(0, "float"));
    const y = new transforms.Normalize(mean, std)(x);
    const column = (values: number[]) => torch.tensor(values, { dtype: x.dtype }).view(3, 1, 1);
    expect(y.equal(x.sub(column(mean)).div(column(std)))).toBe(true);
    expect(y.requiresGrad).toBe(x.requiresGrad);
  });

  // Large enough for the kernel, and beyond the first elements of its memory.
  const large = () => torch.randn(3, 3, 57, 61).mul(100).narrow(0, 1, 2);
  const twoSteps = (x: torch.Tensor, m: torch.Tensor, s: torch.Tensor) => x.sub(m.view(-1, 1, 1)).div(s.view(-1, 1, 1));

  test.each([
    ["numbers", mean, std],
    ["a number for all", [0.1], [0.3]],
    ["one mean for all", [0.1], std],
    ["what divides by tiny numbers", [1e30, -0, 1e-40], [1e-40, 1e38, -3]],
  ])("in one kernel is bit by bit what two give: %s", (_, m, s) => {
    const x = large();
    const expected = twoSteps(x, torch.tensor(m), torch.tensor(s));
    for (const y of [F.normalize(x, m, s), F.normalize(x, torch.tensor(m), torch.tensor(s))])
      expect(y.toTypedArray()).toEqual(expected.toTypedArray());
    const version = x._version;
    expect(F.normalize(x, m, s, { inplace: true })).toBe(x);
    expect(x._version).toBeGreaterThan(version);
    expect(x.toTypedArray()).toEqual(expected.toTypedArray());
  });

  test("takes numbers that lie in the tensor itself, unless it changes that", () => {
    const x = large();
    const own = x.select(0, 0).reshape(-1).narrow(0, 0, 3);
    expect(F.normalize(x, own, std).equal(twoSteps(x, own.clone(), torch.tensor(std)))).toBe(true);
    expect(() => F.normalize(x, own, std, { inplace: true })).toThrow("refer to a single memory location");
  });

  test("keeps the gradients of pictures, means and divisors", () => {
    const parts = () => [large().clone(), torch.tensor(mean), torch.tensor(std)].map((x) => x.requiresGrad_());
    const [x, m, s] = parts() as [torch.Tensor, torch.Tensor, torch.Tensor];
    F.normalize(x, m, s).sum().backward();
    const grads = [x.grad!, m.grad!, s.grad!].map((grad) => grad.clone());
    for (const leaf of [x, m, s]) leaf.grad = null;
    twoSteps(x, m, s).sum().backward();
    [x, m, s].forEach((leaf, i) => void expect(leaf.grad!.equal(grads[i]!)).toBe(true));
    expect(() => F.normalize(x, mean, std, { inplace: true })).toThrow("leaf Variable that requires grad");
  });

  test("changes the tensor where it is told to", () => {
    const x = tensorOf(0, "float").clone();
    const y = F.normalize(x, [0.5], [0.5], { inplace: true });
    expect(y).toBe(x);
    expect(x.equal(tensorOf(0, "float").sub(0.5).div(0.5))).toBe(true);
  });

  test("takes tensors, and one number for all", () => {
    const x = tensorOf(0, "float");
    const wanted = F.normalize(x, mean, std);
    expect(F.normalize(x, torch.tensor(mean), torch.tensor(std)).equal(wanted)).toBe(true);
    expect(F.normalize(x, 0.5, 2).equal(x.sub(0.5).div(2))).toBe(true);
  });
});

describe("LinearTransformation", () => {
  test("multiplies pictures laid out as vectors", () => {
    const [matrix, mean] = [torch.rand(12, 12), torch.rand(12)];
    const x = torch.rand(2, 3, 2, 2);
    const y = new transforms.LinearTransformation(matrix, mean)(x);
    expect(y.allclose(x.reshape(2, 12).sub(mean).mm(matrix).reshape(2, 3, 2, 2))).toBe(true);
    const small = new transforms.LinearTransformation(torch.eye(1), torch.zeros(1));
    expect(String(small)).toBe("LinearTransformation(transformation_matrix=[[1]], mean_vector=[0])");
  });
});

test("gradients go through transforms of tensors", () => {
  const x = tensorOf(0, "float").clone().requiresGrad_();
  const pipeline = new transforms.Compose([
    new transforms.Pad(2),
    new transforms.Resize(9, { antialias: true }),
    new transforms.RandomRotation(20, "bilinear"),
    new transforms.CenterCrop(7),
  ]);
  pipeline(x).sum().backward();
  expect(x.grad!.abs().sum().item()).toBeGreaterThan(1);
});

test("pictures without channels and batches of batches are taken as they are", () => {
  const x = torch.rand(13, 16);
  const batches = x.expand(2, 2, 1, 13, 16);
  for (const change of [
    (y: torch.Tensor) => F.resize(y, 7),
    (y: torch.Tensor) => F.rotate(y, 30, "bilinear"),
    (y: torch.Tensor) => F.affine(y, 10, [1, 2], 1.1, 5, { fill: 0.5 }),
    (y: torch.Tensor) => F.pad(y, 2, 0, "reflect"),
    (y: torch.Tensor) => F.crop(y, -1, 3, 5, 20),
  ]) {
    const [one, all] = [change(x), change(batches)];
    expect(all.shape.slice(0, 3)).toEqual([2, 2, 1]);
    expect(all.at(1, 0, 0).allclose(one)).toBe(true);
  }
});

test("pictures of 16 bits are mixed as those of 32 are", () => {
  const [narrow, wide] = [imageOf(1, "I;16"), imageOf(1, "I;16").data];
  const ints = new Image("I", 16, 13, Int32Array.from(wide));
  const close = (a: torch.vision.Image, b: torch.vision.Image) =>
    expect(Math.max(...[...a.data].map((value, i) => Math.abs(value - Math.min(65535, Math.max(0, b.data[i]!)))))).toBe(
      0,
    );
  close(F.resize(narrow, [5, 7]), F.resize(ints, [5, 7]));
  close(F.rotate(narrow, 33, "bilinear"), F.rotate(ints, 33, "bilinear"));
});

test("types follow what is given", () => {
  const flip = new transforms.RandomHorizontalFlip();
  expectTypeOf(flip(image)).toEqualTypeOf<torch.vision.Image>();
  expectTypeOf(flip(tensorOf(0, "byte"))).toEqualTypeOf<torch.Tensor>();
  expectTypeOf(F.resize(image, 4)).toEqualTypeOf<torch.vision.Image>();
  expectTypeOf(new transforms.ToTensor()(image)).toEqualTypeOf<torch.Tensor>();
  expectTypeOf(new transforms.FiveCrop(4)(image)[0]).toEqualTypeOf<torch.vision.Image>();
  expect(transforms.InterpolationMode.BICUBIC).toBe("bicubic");
});
