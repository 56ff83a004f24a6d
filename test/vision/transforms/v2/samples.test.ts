/** Pictures, boxes and masks that move together; batches that are mixed. Values by definition: torchvision 0.14 has no v2. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { v2, functional: F1 } = torch.vision.transforms;
const F = v2.functional;

const boxes = (
  data: number[][],
  format: "XYXY" | "XYWH" | "CXCYWH" = "XYXY",
  canvasSize: [number, number] = [20, 30],
) => new v2.BoundingBoxes(torch.tensor(data), { format, canvasSize });

/** A canvas of which the pixels of a box are set, with its box. */
function marked(x1: number, y1: number, x2: number, y2: number) {
  const data = torch.zeros(20, 30, { dtype: "uint8" });
  data
    .narrow(0, y1, y2 - y1)
    .narrow(1, x1, x2 - x1)
    .fill_(1);
  return { picture: new v2.Image(data.unsqueeze(0)), mask: new v2.Mask(data), boxes: boxes([[x1, y1, x2, y2]]) };
}

/** The smallest box around the pixels that are set. */
function around(mask: torch.Tensor): number[] {
  const [ys, xs] = mask.nonzero().unbind(1) as [torch.Tensor, torch.Tensor];
  return [xs.min().item(), ys.min().item(), xs.max().item() + 1, ys.max().item() + 1].map(Number);
}

type Sample = ReturnType<typeof marked>;

describe("boxes go where the pixels go", () => {
  const exact: [string, (item: never) => unknown][] = [
    ["horizontalFlip", F.horizontalFlip],
    ["verticalFlip", F.verticalFlip],
    ["crop", (item) => F.crop(item, 3, 5, 15, 20)],
    ["crop beyond the border", (item) => F.crop(item, -4, -6, 30, 50)],
    ["centerCrop", (item) => F.centerCrop(item, [16, 24])],
    ["centerCrop that is larger", (item) => F.centerCrop(item, [31, 43])],
    ["pad", (item) => F.pad(item, [1, 2, 3, 4])],
    ["resize", (item) => F.resize(item, [40, 60], { interpolation: "nearest" })],
    ["resize of the shorter side", (item) => F.resize(item, 40, { interpolation: "nearest" })],
    ["resizedCrop", (item) => F.resizedCrop(item, 2, 4, 15, 20, [30, 40], { interpolation: "nearest" })],
    ["rotate by 180°", (item) => F.rotate(item, 180)],
    ["rotate by 90° with all of the picture", (item) => F.rotate(item, 90, { expand: true })],
    ["affine move", (item) => F.affine(item, 0, [2, -3], 1, 0)],
  ];

  test.each(exact)("%s", (_, f) => {
    const sample = marked(8, 6, 15, 12);
    const [picture, mask, moved] = [sample.picture, sample.mask, sample.boxes].map((item) => f(item as never)) as [
      Sample["picture"],
      Sample["mask"],
      Sample["boxes"],
    ];
    expect(around(picture.data.squeeze(0))).toEqual(around(mask.data));
    expect(moved.canvasSize).toEqual(mask.canvasSize);
    expect(moved.data.squeeze(0).tolist()).toEqual(around(mask.data));
    expect(mask.data.dtype).toBe("uint8");
  });

  test.each([15, -40, 77])("rotate by %i° around all of it", (angle) => {
    const sample = marked(8, 6, 15, 12);
    const [x1, y1, x2, y2] = around((F.rotate(sample.mask, angle, { expand: true }) as Sample["mask"]).data);
    const moved = F.rotate(sample.boxes, angle, { expand: true }).data.squeeze(0).tolist() as number[];
    [x1!, y1!, x2!, y2!].forEach((side, i) => {
      expect(Math.abs(moved[i]! - side)).toBeLessThan(1.6);
    });
  });

  test("every format holds the same boxes", () => {
    const corners = boxes([[8, 6, 15, 12]]);
    for (const format of ["XYWH", "CXCYWH"] as const) {
      const other = F.convertBoundingBoxFormat(corners, format);
      expect(F.convertBoundingBoxFormat(other, "XYXY").data.tolist()).toEqual(corners.data.tolist());
      for (const f of [F.horizontalFlip, F.verticalFlip, (b: typeof corners) => F.crop(b, 1, 2, 9, 9)] as ((
        b: typeof corners,
      ) => typeof corners)[])
        expect(F.convertBoundingBoxFormat(f(other), "XYXY").data.tolist()).toEqual(f(corners).data.tolist());
    }
    expect(F.convertBoundingBoxFormat(corners, "XYWH").data.tolist()).toEqual([[8, 6, 7, 6]]);
    expect(F.convertBoundingBoxFormat(corners, "CXCYWH").data.tolist()).toEqual([[11.5, 9, 7, 6]]);
  });

  test("whole numbers stay whole", () => {
    const whole = new v2.BoundingBoxes(torch.tensor([[11, 9, 7, 5]], { dtype: "int64" }), {
      format: "CXCYWH",
      canvasSize: [20, 30],
    });
    expect(F.convertBoundingBoxFormat(whole, "XYXY").data.tolist()).toEqual([[7, 6, 14, 11]]);
    expect(F.horizontalFlip(whole).data.tolist()).toEqual([[19, 9, 7, 5]]);
    expect(F.resize(whole, [30, 60]).data.dtype).toBe("int64");
  });
});

describe("transforms of samples", () => {
  const sample = () => {
    const { picture, mask, boxes } = marked(8, 6, 15, 12);
    return {
      image: picture,
      target: { boxes, masks: new v2.Mask(mask.data.unsqueeze(0)), labels: torch.tensor([3]), id: 7 },
    };
  };

  const transforms: (() => (sample: object) => any)[] = [
    () => new v2.RandomHorizontalFlip(),
    () => new v2.RandomVerticalFlip(),
    () => new v2.RandomCrop(18, { padding: 2 }),
    () => new v2.RandomCrop([25, 40], { padIfNeeded: true }),
    () => new v2.CenterCrop(19),
    () => new v2.Pad(3),
    () => new v2.Resize([40, 60], { interpolation: "nearest" }),
    () => new v2.RandomAffine(0, { translate: [0.2, 0.2] }),
    () => new v2.RandomRotation([180, 180]),
  ];

  test.each(transforms)("%o moves all parts alike", (make) => {
    const transform = make();
    for (let seed = 0; seed < 5; seed++) {
      torch.manualSeed(seed);
      const { image, target } = transform(sample());
      const box = around(target.masks.data.squeeze(0));
      expect(around(image.data.squeeze(0))).toEqual(box);
      expect(target.boxes.data.squeeze(0).tolist()).toEqual(box);
      expect(target.boxes.canvasSize).toEqual(image.canvasSize);
      expect([target.labels.tolist(), target.id]).toEqual([[3], 7]);
    }
  });

  test("a random window resized keeps its parts together", () => {
    torch.manualSeed(1);
    const { image, target } = new v2.RandomResizedCrop([40, 40], { interpolation: "nearest" })(sample()) as ReturnType<
      typeof sample
    >;
    expect(image.data.equal(target.masks.data)).toBe(true);
    expect(target.boxes.canvasSize).toEqual([40, 40]);
  });

  test("Images move as torchvision's v1 moves them, with the same draws", () => {
    const image = new torch.vision.Image("L", 3, 2, Uint8Array.of(1, 2, 3, 4, 5, 6));
    torch.manualSeed(3);
    const [moved, label] = new v2.RandomRotation(90)(image, 5);
    torch.manualSeed(3);
    expect(moved).toEqual(new torch.vision.transforms.RandomRotation(90)(image));
    expect(label).toBe(5);
  });

  test("colors change in pictures alone, all of them alike", () => {
    const x = torch.rand(3, 6, 6);
    const { boxes, mask } = marked(8, 6, 15, 12);
    const out = new v2.ColorJitter({ brightness: 0.9, hue: 0.5 })({
      a: new v2.Image(x),
      b: new v2.Image(x),
      boxes,
      mask,
    });
    expect(out.a.data.equal(out.b.data)).toBe(true);
    expect(out.a.data.equal(x)).toBe(false);
    expect([out.boxes, out.mask]).toEqual([boxes, mask]);
    expect(String(new v2.ColorJitter(0.5))).toBe(String(new torch.vision.transforms.ColorJitter(0.5)));
  });

  test("the first tensor without a tag is the picture, others are labels", () => {
    const [x, y] = [torch.rand(1, 4, 4), torch.rand(1, 4, 4)];
    const [a, b] = new v2.RandomHorizontalFlip(1)(x, y);
    expect(a.equal(F1.hflip(x))).toBe(true);
    expect(b).toBe(y);
  });

  test("a pipeline from bytes to floats", () => {
    const steps = [
      new v2.ToImage(),
      new v2.Resize(10),
      new v2.ToDtype("float32", { scale: true }),
      new v2.ToPureTensor(),
    ];
    const image = new torch.vision.Image("RGB", 20, 20, new Uint8Array(1200).fill(255));
    const [x, label] = new v2.Compose(steps)(image, 4);
    expect([x.shape, x.dtype, x.min().item(), label]).toEqual([[3, 10, 10], "float32", 1, 4]);
  });

  test("dtypes by kind", () => {
    const { boxes, mask, picture } = marked(8, 6, 15, 12);
    const dtypes = { Image: "float64", Mask: "bool", others: null } as const;
    const [i, m, b] = new v2.ToDtype({ dtype: dtypes, scale: true })(picture, mask, boxes);
    expect([i.data.dtype, i.data.max().item(), m.data.dtype, b.data.dtype]).toEqual([
      "float64",
      1 / 255,
      "bool",
      "float32",
    ]);
  });
});

test("boxes are cut to their canvas, or left out with their labels and masks", () => {
  const given = boxes([
    [-5, 2, 10, 12],
    [1, 1, 1.5, 9],
    [3, 4, 9, 8],
    [20, 10, 40, 30],
  ]);
  expect(new v2.ClampBoundingBoxes()(given).data.tolist()).toEqual([
    [0, 2, 10, 12],
    [1, 1, 1.5, 9],
    [3, 4, 9, 8],
    [20, 10, 30, 20],
  ]);
  const sample = { boxes: given, labels: torch.tensor([0, 1, 2, 3]), masks: new v2.Mask(torch.zeros(4, 20, 30)) };
  const kept = new v2.SanitizeBoundingBoxes()(sample);
  expect([kept.boxes.data.tolist(), kept.labels.tolist(), kept.masks.data.shape]).toEqual([
    [[3, 4, 9, 8]],
    [2],
    [1, 20, 30],
  ]);
  expect(() => new v2.SanitizeBoundingBoxes()({ boxes: given })).toThrow("Could not infer where the labels are");
  expect(new v2.SanitizeBoundingBoxes({ minSize: 5, labelsGetter: null })({ boxes: given }).boxes.data.shape).toEqual([
    0, 4,
  ]);
});

describe("batches", () => {
  const [x, y] = [torch.rand(4, 3, 8, 6), torch.tensor([0, 1, 2, 1])];

  test("MixUp draws from Beta(alpha, alpha) with torch's generator and mixes with the picture before", () => {
    torch.manualSeed(5);
    const share = new torch.distributions.Beta(torch.tensor([0.4]), torch.tensor([0.4])).sample().item();
    torch.manualSeed(5);
    const [a, b] = new v2.MixUp({ alpha: 0.4, numClasses: 3 })(x, y);
    expect(torch.allclose(a, x.mul(share).add(x.roll(1, 0).mul(1 - share)))).toBe(true);
    const hot = torch.nn.functional.oneHot(y.long(), 3).to("float32");
    expect(torch.allclose(b, hot.mul(share).add(hot.roll(1, 0).mul(1 - share)))).toBe(true);
  });

  test("CutMix pastes a window of the picture before, and labels say how much of it", () => {
    for (let seed = 0; seed < 10; seed++) {
      torch.manualSeed(seed);
      const [a, b] = new v2.CutMix({ numClasses: 3 })(x, y);
      const own = a.eq(x).to("float32").mean([1, 2, 3]);
      expect(
        a
          .eq(x)
          .logicalOr(a.eq(x.roll(1, 0)))
          .all()
          .item(),
      ).toBe(true);
      // Of the second picture, of class 1, as much is left as the label says.
      expect(b.select(0, 1).select(0, 1).item()).toBeCloseTo(own.select(0, 1).item(), 5);
      expect(b.sum(1).tolist().map(Math.fround)).toEqual([1, 1, 1, 1].map((n) => expect.closeTo(n, 5)));
    }
  });

  test("labels that are shares, and objects", () => {
    const shares = torch.tensor([
      [1, 0],
      [0, 1],
    ]);
    const sample = { picture: torch.rand(2, 1, 4, 4), labels: shares };
    const mixed = new v2.CutMix()(sample);
    expect(mixed.labels.shape).toEqual([2, 2]);
    expect(torch.vision.transforms.MixUp).toBe(v2.MixUp);
  });

  test.each<[string, () => unknown]>([
    ["MixUp: numClasses must be passed if the labels are index-based", () => new v2.MixUp()(x, y)],
    ["MixUp: The labels must be a tensor, but got 3 instead", () => new v2.MixUp({ labelsGetter: () => 3 })(x, y)],
    [
      "MixUp: Expected a batched input with 4 dims, but got 3",
      () => new v2.MixUp({ numClasses: 3 })(x.select(0, 0), y),
    ],
    [
      "CutMix: The batch size of the image does not match the batch size of the labels: 4 != 2",
      () => new v2.CutMix({ numClasses: 3 })(x, y.narrow(0, 0, 2)),
    ],
    [
      "CutMix: does not support Images, bounding boxes and masks",
      () => new v2.CutMix({ numClasses: 3 })(boxes([[0, 0, 1, 1]]), y),
    ],
    ["MixUp: pictures must be floats, got uint8", () => new v2.MixUp({ numClasses: 3 })(x.to("uint8"), y)],
    ["MixUp: alpha must be positive, got 0", () => new v2.MixUp(0)],
    ["MixUp: labels should be index based", () => new v2.MixUp(1, 3)(x, torch.zeros(4, 3, 1))],
    [
      "BoundingBoxes: Expected a 1D or 2D tensor of boxes [n, 4], got [2, 3]",
      () =>
        boxes([
          [1, 2, 3],
          [1, 2, 3],
        ]),
    ],
    [
      'BoundingBoxes: format must be one of "XYXY", "XYWH", "CXCYWH", got "X"',
      () => boxes([[1, 2, 3, 4]], "X" as never),
    ],
    [
      "pad: Padding mode 'edge' is not supported with bounding boxes",
      () => F.pad(boxes([[1, 2, 3, 4]]), 1, { paddingMode: "edge" }),
    ],
    [
      "RandomCrop: Found multiple HxW dimensions in the sample: 20×30 and 3×3",
      () => new v2.RandomCrop(2)(boxes([[1, 2, 3, 4]]), new v2.Mask(torch.zeros(3, 3))),
    ],
    [
      "RandomCrop: Required crop size (9, 9) is larger than padded input image size (3, 3)",
      () => new v2.RandomCrop(9)(new v2.Mask(torch.zeros(3, 3))),
    ],
    [
      "RandomHorizontalFlip: No image, mask or bounding box was found in the sample",
      () => new v2.RandomHorizontalFlip()({ a: 3 }),
    ],
    ["SanitizeBoundingBoxes: minSize must be >= 1, got 0.", () => new v2.SanitizeBoundingBoxes(0)],
  ])("%s", (message, call) => {
    expect(call).toThrow(message);
  });
});
