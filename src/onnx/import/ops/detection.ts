/** Boxes, and images read between their elements. */
import { affineGrid, gridSample as sample } from "../../../nn/functional/gridSample";
import { stack } from "../../../ops/shape/join";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { tensor } from "./make";

type Box = readonly [y1: number, x1: number, y2: number, x2: number];

function boxOf(c: Context, [a, b, w, h]: readonly number[]): Box {
  if (c.flag("center_point_box")) return [b! - h! / 2, a! - w! / 2, b! + h! / 2, a! + w! / 2];
  return [Math.min(a!, w!), Math.min(b!, h!), Math.max(a!, w!), Math.max(b!, h!)];
}

const area = ([y1, x1, y2, x2]: Box): number => (y2 - y1) * (x2 - x1);

function overlap(a: Box, b: Box): number {
  const height = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const width = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (height <= 0 || width <= 0) return 0;
  const common = height * width;
  return common / (area(a) + area(b) - common);
}

/** For each picture and class the boxes of the best scores that overlap none of better ones by more than allowed. */
function suppress(c: Context): Tensor {
  const boxes = c.x.tolist<number[][][]>();
  const scores = c.y.tolist<number[][][]>();
  const most = c.has(2) ? c.scalar(2) : 0;
  const threshold = c.has(3) ? c.scalar(3) : 0;
  const least = c.has(4) ? c.scalar(4) : Number.NEGATIVE_INFINITY;
  const rows: number[][] = [];
  for (const [picture, classes] of scores.entries()) {
    const own = (boxes[picture] ?? []).map((box) => boxOf(c, box));
    for (const [kind, list] of classes.entries()) {
      const order = list.flatMap((score, i) => (score > least ? [i] : [])).sort((a, b) => list[b]! - list[a]! || a - b);
      const kept: number[] = [];
      for (const i of order) {
        if (kept.length >= most) break;
        if (kept.every((k) => overlap(own[k]!, own[i]!) <= threshold)) kept.push(i);
      }
      rows.push(...kept.map((i) => [picture, kind, i]));
    }
  }
  return tensor(rows.flat(), "int64").reshape([rows.length, 3]);
}

/** Values of an image [c, h, w] between its elements, at rows `y` and columns `x`: [c, y, x]. Beyond the edge by more than 1 they are 0. */
function between(image: Tensor, ys: readonly number[], xs: readonly number[]): Tensor[] {
  const [, h, w] = image.shape as unknown as [number, number, number];
  const axis = (values: readonly number[], size: number) =>
    values.map((value) => {
      const inside = value >= -1 && value <= size;
      const at = Math.min(Math.max(value, 0), size - 1);
      const low = Math.min(Math.floor(at), size - 1);
      const part = at - low;
      return { low, high: Math.min(low + 1, size - 1), part, weight: inside ? 1 : 0 };
    });
  const [rows, columns] = [axis(ys, h), axis(xs, w)];
  const pick = (row: "low" | "high", column: "low" | "high") => {
    const value = image
      .indexSelect(
        1,
        tensor(
          rows.map((r) => r[row]),
          "int64",
        ),
      )
      .indexSelect(
        2,
        tensor(
          columns.map((r) => r[column]),
          "int64",
        ),
      );
    const share = ({ part, weight }: { part: number; weight: number }, side: string) =>
      weight * (side === "low" ? 1 - part : part);
    const down = tensor(
      rows.map((r) => share(r, row)),
      image.dtype,
    ).reshape([1, -1, 1]);
    const across = tensor(
      columns.map((r) => share(r, column)),
      image.dtype,
    ).reshape([1, 1, -1]);
    return value.mul(down).mul(across);
  };
  return [pick("low", "low"), pick("low", "high"), pick("high", "low"), pick("high", "high")];
}

/** The mean or the maximum of samples in each cell of a grid over each box. */
function roiAlign(c: Context): Tensor {
  const x = c.x;
  const rois = c.y.tolist<number[][]>();
  const pictures = c.numbers(2);
  const [height, width] = [c.int("output_height", 1), c.int("output_width", 1)];
  const scale = c.float("spatial_scale", 1);
  const ratio = c.int("sampling_ratio", 0);
  const isHalf =
    c.string("coordinate_transformation_mode", c.version < 16 ? "output_half_pixel" : "half_pixel") === "half_pixel";
  const isMax = c.string("mode", "avg") === "max";
  const cells = rois.map(([left, top, right, bottom], i) => {
    const shift = isHalf ? 0.5 : 0;
    const [x1, y1, x2, y2] = [left!, top!, right!, bottom!].map((value) => value * scale - shift) as [
      number,
      number,
      number,
      number,
    ];
    const [w, h] = isHalf ? [x2 - x1, y2 - y1] : [Math.max(x2 - x1, 1), Math.max(y2 - y1, 1)];
    const down = ratio > 0 ? ratio : Math.max(1, Math.ceil(h / height));
    const across = ratio > 0 ? ratio : Math.max(1, Math.ceil(w / width));
    if (down * across * height * width > 2 ** 24) c.fail("a box has too many samples");
    const ys = Array.from({ length: height * down }, (_, k) => y1 + ((k + 0.5) * h) / (height * down));
    const xs = Array.from({ length: width * across }, (_, k) => x1 + ((k + 0.5) * w) / (width * across));
    const parts = between(x.select(0, pictures[i]!), ys, xs);
    const split = (y: Tensor) => y.reshape([-1, height, down, width, across]);
    // The maximum is that of the four weighted neighbors, as in the reference.
    if (isMax)
      return parts
        .map(split)
        .map((y) => y.amax([2, 4]))
        .reduce((a, b) => a.maximum(b));
    return split(parts.reduce((a, b) => a.add(b))).mean([2, 4]);
  });
  if (cells.length === 0) return tensor([], x.dtype).reshape([0, x.shape[1]!, height, width]);
  return stack(cells);
}

const modes: Readonly<Record<string, "bilinear" | "nearest" | "bicubic">> = {
  bilinear: "bilinear",
  linear: "bilinear",
  nearest: "nearest",
  bicubic: "bicubic",
  cubic: "bicubic",
};

export const detection: readonly Entry[] = [
  {
    name: "AffineGrid",
    since: 20,
    run: (c) => affineGrid(c.x, c.numbers(1), { alignCorners: c.flag("align_corners") }),
  },
  {
    name: "GridSample",
    since: 16,
    run: (c) =>
      sample(c.x, c.y, {
        mode: modes[c.string("mode", "bilinear")] ?? c.fail(`there is no mode "${c.string("mode")}"`),
        paddingMode: c.string("padding_mode", "zeros") as "zeros",
        alignCorners: c.flag("align_corners"),
      }),
  },
  { name: "NonMaxSuppression", since: 10, run: suppress },
  { name: "RoiAlign", since: 10, run: roiAlign },
];
