/** Pools: the mean, the maximum or the norm of windows. */

import { isFloat } from "../../../core/dtype";
import * as F from "../../../nn/functional/index";
import { cat as catRows } from "../../../ops/shape/join";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import type { Value } from "../values";
import { arange, tensor } from "./make";
import { padded } from "./shapes";
import { windowsOf } from "./windows";

interface Slid {
  /** Padded at the ends such that all windows fit. */
  readonly x: Tensor;
  /** The windows of each axis as axes at the end, of shape [n, c, ...places, ...kernel]. */
  readonly windows: Tensor;
}

/** Slides over the axes after the second, padded by `fill`. */
function slide(c: Context, x: Tensor, fill: number, alsoCeil = true): Slid {
  const sizes = x.shape.slice(2);
  const { kernel, strides, dilations, begins, ends } = windowsOf(c, sizes);
  const isCeil = alsoCeil && c.flag("ceil_mode");
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const counts = sizes.map((size, i) => {
    const room = size + begins[i]! + ends[i]! - reach[i]!;
    const count = (isCeil ? Math.ceil : Math.floor)(room / strides[i]!) + 1;
    // A window that begins in the padding at the end is none.
    return isCeil && (count - 1) * strides[i]! >= size + begins[i]! ? count - 1 : count;
  });
  if (counts.some((count) => count < 1))
    c.fail(`the kernel [${kernel.join(", ")}] does not fit into [${sizes.join(", ")}]`);
  const tails = counts.map((count, i) => (count - 1) * strides[i]! + reach[i]! - sizes[i]! - begins[i]!);
  const axes = sizes.map((_, i) => i + 2);
  const whole = padded(c, x, [...begins, ...tails], axes, "constant", fill);
  let windows = whole;
  for (const [i, axis] of axes.entries()) {
    windows = windows.unfold(axis, reach[i]!, strides[i]!);
    if (dilations[i]! > 1) windows = windows.slice(windows.ndim - 1, 0, reach[i]!, dilations[i]!);
  }
  return { x: whole, windows };
}

const last = (n: number, ndim: number): number[] => Array.from({ length: n }, (_, i) => ndim - n + i);

/** The mean over what lies in the tensor, or in its padding too if `count_include_pad`. */
function averagePool(c: Context): Tensor {
  const n = c.x.ndim - 2;
  const { windows } = slide(c, c.x, 0);
  const sums = windows.sum(last(n, windows.ndim));
  const ones = c.x.detach().slice(0, 0, 1).slice(1, 0, 1).mul(0).nanToNum().add(1);
  const counted = c.flag("count_include_pad") ? withPads(c, ones) : ones;
  const counts = c.flag("count_include_pad") ? slideOver(c, counted, c.x) : slide(c, counted, 0).windows;
  return sums.div(counts.sum(last(n, counts.ndim)));
}

/** Ones, and ones in the padding that the node asks for; what windows reach beyond it counts nothing. */
function withPads(c: Context, ones: Tensor): Tensor {
  const { begins, ends } = windowsOf(c, ones.shape.slice(2));
  return padded(
    c,
    ones,
    [...begins, ...ends],
    begins.map((_, i) => i + 2),
    "constant",
    1,
  );
}

/** The windows of a tensor that is padded already, as those of `like`. */
function slideOver(c: Context, whole: Tensor, like: Tensor): Tensor {
  const sizes = like.shape.slice(2);
  const { kernel, strides, dilations, begins, ends } = windowsOf(c, sizes);
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const reference = slide(c, like.detach().slice(0, 0, 1).slice(1, 0, 1), 0).windows;
  const tails = sizes.map(
    (size, i) => (reference.shape[i + 2]! - 1) * strides[i]! + reach[i]! - size - begins[i]! - ends[i]!,
  );
  let windows = padded(
    c,
    whole,
    [...tails.map(() => 0), ...tails],
    tails.map((_, i) => i + 2),
    "constant",
    0,
  );
  for (const [i] of sizes.entries()) {
    windows = windows.unfold(i + 2, reach[i]!, strides[i]!);
    if (dilations[i]! > 1) windows = windows.slice(windows.ndim - 1, 0, reach[i]!, dilations[i]!);
  }
  return windows;
}

const lowest: Readonly<Record<string, number>> = { uint8: 0, int8: -128, int16: -32768, int32: -(2 ** 31) };

/** Whether PyTorch's own pool does the same, and without the memory of the windows. */
function isPlain(c: Context, indices: boolean): boolean {
  const { kernel, begins, ends } = windowsOf(c, c.x.shape.slice(2));
  return (
    !indices &&
    isFloat(c.x.dtype) &&
    kernel.length <= 3 &&
    begins.every((pad, i) => pad === ends[i] && 2 * pad <= kernel[i]!)
  );
}

const maxPools = [F.maxPool1d, F.maxPool2d, F.maxPool3d];
const averagePools = [F.avgPool1d, F.avgPool2d, F.avgPool3d];

function plainMaxPool(c: Context): Tensor {
  const { kernel, strides, dilations, begins } = windowsOf(c, c.x.shape.slice(2));
  const options = {
    stride: [...strides],
    padding: [...begins],
    dilation: [...dilations],
    ceilMode: c.flag("ceil_mode"),
  };
  return (maxPools[kernel.length - 1] as typeof F.maxPool2d)(c.x, [...kernel] as never, options as never) as Tensor;
}

function plainAveragePool(c: Context): Tensor {
  const { kernel, strides, begins } = windowsOf(c, c.x.shape.slice(2));
  const options = {
    stride: [...strides],
    padding: [...begins],
    ceilMode: c.flag("ceil_mode"),
    countIncludePad: c.flag("count_include_pad"),
  };
  return (averagePools[kernel.length - 1] as typeof F.avgPool2d)(c.x, [...kernel] as never, options as never);
}

/** The second output says where in the whole tensor a maximum was, column by column if `storage_order`. */
function maxPool(c: Context): Value[] {
  const x = c.x;
  const n = x.ndim - 2;
  if (n < 1) c.fail(`takes a tensor of shape [n, c, ...], got [${x.shape.join(", ")}]`);
  if (isPlain(c, c.wants(1))) return [plainMaxPool(c)];
  const { windows } = slide(c, x, isFloat(x.dtype) ? -Infinity : (lowest[x.dtype] ?? 0));
  const flat = windows.flatten(windows.ndim - n);
  const best = flat.max(flat.ndim - 1);
  if (!c.wants(1)) return [best.values];
  return [best.values, placesOf(c, x, best.indices)];
}

/** From the place in a window to the place in the tensor. */
function placesOf(c: Context, x: Tensor, inWindow: Tensor): Tensor {
  const sizes = x.shape.slice(2);
  const { kernel, strides, dilations, begins } = windowsOf(c, sizes);
  const n = sizes.length;
  const isColumn = c.int("storage_order", 0) === 1;
  let rest = inWindow;
  const places: Tensor[] = [];
  for (let i = n - 1; i >= 0; i--) {
    const within = rest.remainder(kernel[i]!);
    rest = rest.floorDivide(kernel[i]!);
    const start = arange(inWindow.shape[i + 2]!, "int64")
      .mul(strides[i]!)
      .sub(begins[i]!);
    const axis = inWindow.shape.map((_, k) => (k === i + 2 ? -1 : 1));
    places.unshift(within.mul(dilations[i]!).add(start.reshape(axis)));
  }
  const order = isColumn ? sizes.map((_, i) => n - 1 - i) : sizes.map((_, i) => i);
  let at = arange(x.shape[0]! * x.shape[1]!, "int64").reshape([x.shape[0]!, x.shape[1]!, ...sizes.map(() => 1)]);
  for (const i of order) at = at.mul(sizes[i]!).add(places[i]!);
  return at;
}

/** Puts each element where it was in the tensor that was pooled. */
function maxUnpool(c: Context): Tensor {
  const x = c.x;
  const n = x.ndim - 2;
  const kernel = c.ints("kernel_shape") ?? c.fail("kernel_shape is missing");
  const strides = c.ints("strides") ?? kernel.map(() => 1);
  const pads = c.ints("pads") ?? new Array(2 * n).fill(0);
  const natural = x.shape.slice(2).map((size, i) => (size - 1) * strides[i]! + kernel[i]! - pads[i]! - pads[i + n]!);
  const size = [x.shape[0]!, x.shape[1]!, ...natural];
  const wanted = c.maybeNumbers(2) ?? size;
  // Places count in the tensor of the natural size; a larger output has it at its beginning.
  const numel = size.reduce((a, b) => a * b, 1);
  const places = c.y.reshape([-1]);
  const y = x
    .reshape([-1])
    .mul(0)
    .sum()
    .expand([numel])
    .clone()
    .scatter(0, places, x.reshape([-1]))
    .reshape(size);
  const grown = wanted.map((to, i) => to - size[i]!);
  return padded(
    c,
    y,
    [...grown.map(() => 0), ...grown],
    grown.map((_, i) => i),
    "constant",
    0,
  );
}

function lpPool(c: Context): Tensor {
  const p = c.float("p", 2);
  const { windows } = slide(c, c.x, 0);
  return windows
    .abs()
    .pow(p)
    .sum(last(c.x.ndim - 2, windows.ndim))
    .pow(1 / p);
}

const inner = (x: Tensor): number[] => x.shape.flatMap((_, i) => (i < 2 ? [] : [i]));

export const pools: readonly Entry[] = [
  {
    name: "AveragePool",
    run: (c) => {
      const { dilations } = windowsOf(c, c.x.shape.slice(2));
      const hasCeil = c.flag("ceil_mode");
      return isPlain(c, false) && !hasCeil && dilations.every((d) => d === 1) ? plainAveragePool(c) : averagePool(c);
    },
  },
  { name: "GlobalAveragePool", run: (c) => c.x.mean(inner(c.x), true) },
  {
    name: "GlobalLpPool",
    run: (c) =>
      c.x
        .abs()
        .pow(c.float("p", 2))
        .sum(inner(c.x), true)
        .pow(1 / c.float("p", 2)),
  },
  { name: "GlobalMaxPool", run: (c) => c.x.amax(inner(c.x), true) },
  { name: "LpPool", run: lpPool },
  { name: "MaxPool", run: maxPool },
  { name: "MaxRoiPool", run: maxRoiPool },
  { name: "MaxUnpool", since: 9, run: maxUnpool },
];

/** The maxima of a grid over each box, whose borders are rounded to elements. */
function maxRoiPool(c: Context): Tensor {
  const [height, width] = (c.ints("pooled_shape") ?? c.fail("pooled_shape is missing")) as [number, number];
  const scale = c.float("spatial_scale", 1);
  const rows = c.y.tolist<number[][]>();
  const [, , h, w] = c.x.shape as unknown as [number, number, number, number];
  const cells = rows.map(([batch, ...box]) => {
    const [x1, y1, x2, y2] = box.map((value) => Math.round(value * scale)) as [number, number, number, number];
    const [bh, bw] = [Math.max(y2 - y1 + 1, 1) / height, Math.max(x2 - x1 + 1, 1) / width];
    const image = c.x.select(0, batch!);
    const bound = (value: number, most: number) => Math.min(Math.max(value, 0), most);
    const cell = (i: number, j: number) => {
      const [top, bottom] = [bound(Math.floor(i * bh) + y1, h), bound(Math.ceil((i + 1) * bh) + y1, h)];
      const [left, right] = [bound(Math.floor(j * bw) + x1, w), bound(Math.ceil((j + 1) * bw) + x1, w)];
      const part = image.slice(1, top, Math.max(top, bottom)).slice(2, left, Math.max(left, right));
      return part.numel() === 0 ? image.select(1, 0).select(1, 0).mul(0) : part.amax([1, 2]);
    };
    return Array.from({ length: height * width }, (_, k) => cell(Math.floor(k / width), k % width));
  });
  const flat = cells.flat().map((cell) => cell.unsqueeze(0));
  if (flat.length === 0) return tensor([], c.x.dtype).reshape([0, c.x.shape[1]!, height, width]);
  return catRows(flat).reshape([rows.length, height, width, -1]).permute([0, 3, 1, 2]);
}
