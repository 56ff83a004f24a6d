/** `vision.utils` against torchvision.utils. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";

const { utils, io } = torch.vision;
const folder = mkdtempSync(join(tmpdir(), "kindling-utils-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Options = Record<string, any>;
interface Expected {
  readonly image: string;
  readonly boxes: { boxes: number[][]; options: Options; gray: boolean; result: string }[];
  readonly masks: { masks: string; count: number; options: Options; result: string }[];
  readonly keypoints: { points: number[][][]; options: Options; result: string }[];
  readonly flows: { shape: number[]; flow: string; result: string }[];
  readonly grid: { shape: number[]; input: number[]; cases: [Options, number[], number[]][] };
  readonly colors: [string, number[]][];
}

const expected = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, "drawings.json.gz"))).toString(),
) as Expected;

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "base64"));
const digest = (x: torch.Tensor): string =>
  createHash("sha256")
    .update(x.contiguous().toTypedArray() as Uint8Array)
    .digest("hex")
    .slice(0, 16);
const image = torch.tensor(bytesOf(expected.image)).view([3, 40, 50]);
const camel = (options: Options): Options =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()),
      value,
    ]),
  );

describe("drawBoundingBoxes draws torchvision's pixels", () => {
  test.each(expected.boxes.map((entry, i) => [i, entry] as const))("case %i", (_, { boxes, options, gray, result }) => {
    const x = gray ? image.narrow(0, 0, 1) : image;
    expect(digest(utils.drawBoundingBoxes(x, torch.tensor(boxes), options))).toBe(result);
  });

  test("labels lie within their boxes, in their color", () => {
    const black = torch.zeros([3, 30, 80], { dtype: "uint8" });
    const boxes = torch.tensor([[2, 2, 78, 28]]);
    const plain = utils.drawBoundingBoxes(black, boxes, { colors: "red" });
    const labeled = utils.drawBoundingBoxes(black, boxes, ["Hi, wörld!"], "red");
    const letters = labeled.sub(plain).ne(0).select(0, 0);
    expect(letters.sum().item()).toBeGreaterThan(60);
    expect(letters.narrow(0, 4, 8).narrow(1, 4, 60).sum().item()).toBe(letters.sum().item());
    expect(labeled.select(0, 1).sum().item()).toBe(0);
  });

  test("no box, no change", () => {
    expect(utils.drawBoundingBoxes(image, torch.zeros([0, 4]))).toBe(image);
  });
});

test.each(expected.masks.map((entry, i) => [i, entry] as const))("drawSegmentationMasks, case %i", (_, entry) => {
  const { masks, count, options, result } = entry;
  const x = torch.tensor(bytesOf(masks)).view([count, 40, 50]).to("bool");
  expect(digest(utils.drawSegmentationMasks(image, x, options))).toBe(result);
});

test.each(expected.keypoints.map((entry, i) => [i, entry] as const))("drawKeypoints, case %i", (_, entry) => {
  const { points, options, result } = entry;
  expect(digest(utils.drawKeypoints(image, torch.tensor(points), options))).toBe(result);
});

test.each(expected.flows.map((entry, i) => [i, entry] as const))(
  "flowToImage, case %i",
  (_, { shape, flow, result }) => {
    const y = utils.flowToImage(torch.tensor(new Float32Array(bytesOf(flow).buffer)).view(shape));
    const want = torch.tensor(bytesOf(result)).view(y.shape);
    const off = y.to("int32").sub(want.to("int32")).abs();
    // Angles differ in the last bit of atan2.
    expect(off.max().item()).toBeLessThanOrEqual(1);
    expect(off.ne(0).sum().item()).toBeLessThanOrEqual(2);
  },
);

describe("makeGrid", () => {
  const { shape, input, cases } = expected.grid;
  test.each(cases)("%j", (options, size, values) => {
    const x = torch.tensor(input).view(shape);
    const y = utils.makeGrid(x, camel(options));
    expect(y.shape).toEqual(size);
    expect(torch.allclose(y, torch.tensor(values).view(size), { atol: 1e-5 })).toBe(true);
    expect(x.flatten().tolist()).toEqual(torch.tensor(input).tolist());
    if (!options.normalize) expect(torch.equal(utils.makeGrid([...x.unbind(0)], camel(options)), y)).toBe(true);
  });

  test("one picture and gray ones", () => {
    expect(utils.makeGrid(torch.ones([4, 5])).shape).toEqual([3, 4, 5]);
    expect(utils.makeGrid(torch.ones([2, 1, 4, 5])).shape).toEqual([3, 8, 16]);
    expect(utils.makeGrid(torch.ones([1, 4, 4, 5])).shape).toEqual([4, 4, 5]);
  });
});

test("saveImage rounds to bytes", async () => {
  const x = torch.tensor([-0.5, 0, 0.1, 0.499, 0.5, 1, 2, 0.998]).view([1, 1, 2, 4]);
  await utils.saveImage(x, join(folder, "x.png"));
  const y = await io.readImage(join(folder, "x.png"));
  expect(y.shape).toEqual([3, 2, 4]);
  expect(y.select(0, 1).flatten().tolist()).toEqual([0, 0, 26, 127, 128, 255, 255, 254]);
  await utils.saveImage([x.select(0, 0), x.select(0, 0)], join(folder, "two"), "jpeg", { padding: 1 });
  expect((await io.readImage(join(folder, "two"))).shape).toEqual([3, 4, 11]);
});

test.each(expected.colors)("the color %s", (name, rgb) => {
  const x = utils.drawBoundingBoxes(torch.zeros([3, 1, 1], { dtype: "uint8" }), torch.zeros([1, 4]), { colors: name });
  expect(x.flatten().tolist()).toEqual(rgb);
});

describe("errors", () => {
  const box = torch.tensor([[0, 0, 5, 5]]);
  const masks = torch.zeros([2, 40, 50], { dtype: "bool" });
  const points = torch.zeros([1, 3, 2]);
  test.each<[what: string, act: () => unknown, type: new () => Error, words: RegExp]>([
    [
      "a list of something else",
      () => utils.makeGrid([3] as never),
      torch.ArgumentError,
      /^makeGrid: tensor or list of tensors expected, got a list containing 3/,
    ],
    ["no picture", () => utils.makeGrid(torch.zeros([0, 3, 2, 2])), torch.ShapeError, /^makeGrid: there is no picture/],
    ["axes", () => utils.makeGrid(torch.zeros([1, 1, 3, 2, 2])), torch.ShapeError, /^makeGrid: pictures have shape/],
    [
      "floats",
      () => utils.drawBoundingBoxes(torch.zeros([3, 4, 4]), box),
      torch.DTypeError,
      /^drawBoundingBoxes: The image dtype must be uint8/,
    ],
    [
      "a batch",
      () => utils.drawBoundingBoxes(image.unsqueeze(0), box),
      torch.ShapeError,
      /^drawBoundingBoxes: Pass individual images, not batches/,
    ],
    [
      "channels",
      () => utils.drawBoundingBoxes(image.narrow(0, 0, 2), box),
      torch.ShapeError,
      /Only grayscale and RGB images are supported/,
    ],
    [
      "order of corners",
      () => utils.drawBoundingBoxes(image, box.neg()),
      torch.ValueError,
      /Boxes need to be in \(xmin, ymin, xmax, ymax\) format/,
    ],
    [
      "labels",
      () => utils.drawBoundingBoxes(image, box, ["a", "b"]),
      torch.ValueError,
      /Number of boxes \(1\) and labels \(2\) mismatch/,
    ],
    [
      "colors",
      () => utils.drawBoundingBoxes(image, box, { colors: [] }),
      torch.ValueError,
      /Number of colors \(0\) is less than number of boxes \(1\)/,
    ],
    [
      "a color",
      () => utils.drawBoundingBoxes(image, box, { colors: "reddish" }),
      torch.ValueError,
      /unknown color specifier: "reddish"/,
    ],
    [
      "fonts",
      () => utils.drawBoundingBoxes(image, box, { font: "x.ttf" as never }),
      torch.ArgumentError,
      /font and fontSize are not supported/,
    ],
    [
      "masks that are none",
      () => utils.drawSegmentationMasks(image, masks.to("uint8")),
      torch.DTypeError,
      /The masks must be of dtype bool. Got uint8/,
    ],
    [
      "another size",
      () => utils.drawSegmentationMasks(image, masks.narrow(1, 0, 3)),
      torch.ShapeError,
      /must have the same height and width/,
    ],
    [
      "too few colors",
      () => utils.drawSegmentationMasks(image, masks, { colors: ["red"] }),
      torch.ValueError,
      /There are more masks \(2\) than colors \(1\)/,
    ],
    [
      "gray",
      () => utils.drawKeypoints(image.narrow(0, 0, 1), points),
      torch.ShapeError,
      /^drawKeypoints: Pass an RGB image/,
    ],
    [
      "points",
      () => utils.drawKeypoints(image, box),
      torch.ShapeError,
      /keypoints must be of shape \(num_instances, K, 2\)/,
    ],
    [
      "pairs",
      () => utils.drawKeypoints(image, points, [[0, 3]]),
      torch.ValueError,
      /connectivity\[0\] must be an integer from -3 to 2, got 3/,
    ],
    [
      "no flow",
      () => utils.flowToImage(torch.zeros([3, 4, 4])),
      torch.ShapeError,
      /Input flow should have shape \(2, H, W\) or/,
    ],
    [
      "a flow of bytes",
      () => utils.flowToImage(image),
      torch.DTypeError,
      /Flow should be of dtype torch.float, got uint8/,
    ],
  ])("%s", (_, act, type, words) => {
    expect(act).toThrow(type);
    expect(act).toThrow(words);
  });
});
